from __future__ import annotations

import os
import signal
import threading

import pytest

from glotmill.engine.workers.stopping import stop_on_signal


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_asks_and_the_second_stops_at_once(number: signal.Signals):
    said: list[str] = []
    with stop_on_signal(said.append) as stop:
        stop.check()
        os.kill(os.getpid(), number)
        assert stop.asked
        assert len(said) == 1
        with pytest.raises(KeyboardInterrupt):
            stop.check()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)


def test_the_handlers_of_before_are_back_afterwards():
    before = signal.getsignal(signal.SIGINT)
    with stop_on_signal(lambda _: None):
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before


def test_another_thread_has_a_switch_without_signals():
    found = []

    def work() -> None:
        with stop_on_signal(lambda _: None) as stop:
            found.append(stop.asked)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [False]
