"""Ray's start: tried once more, one line where it fails, and a SIGTERM that stays ours."""

from __future__ import annotations

import os
import signal
import threading
from typing import Any

import pytest

from glotmill.engine.workers.ray_session import start_ray
from glotmill.engine.workers.stopping import stop_on_signal
from glotmill.schemas.errors import WorkerError


@pytest.fixture
def no_ray(monkeypatch: pytest.MonkeyPatch):
    """Makes `ray.init` a function of the test, in a process where Ray does not run."""
    import ray

    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setattr(ray, "shutdown", lambda: None)
    return lambda init: monkeypatch.setattr(ray, "init", init)


def failing(times: int) -> tuple[Any, list[str]]:
    calls: list[str] = []

    def init(address: str, **_: Any) -> None:
        calls.append(address)
        if len(calls) <= times:
            raise RuntimeError("the raylet did not answer\nin time")

    return init, calls


def test_a_start_that_fails_once_is_tried_again_and_noted(no_ray):
    init, calls = failing(1)
    no_ray(init)
    noted = []
    assert start_ray(note=lambda event, **facts: noted.append((event, facts)))
    assert calls == ["local", "local"]
    assert noted == [("ray_not_started", {"reason": "the raylet did not answer"})]


def test_a_machine_that_cannot_start_ray_gets_one_line_with_the_way_that_works(no_ray):
    init, calls = failing(9)
    no_ray(init)
    with pytest.raises(WorkerError, match=r"the raylet did not answer; work without Ray: --workers 0$"):
        start_ray()
    assert len(calls) == 2


def test_ray_outlives_a_thread_that_needs_it_first(no_ray):
    """The kernel kills Ray's processes when the thread that started them ends; leaving Ray then takes 15 s, not 2."""
    starters: list[threading.Thread] = []
    no_ray(lambda **_: starters.append(threading.current_thread()))
    window = threading.Thread(target=start_ray)
    window.start()
    window.join()
    assert [starter.is_alive() for starter in starters] == [True]


def test_sigterm_while_ray_starts_is_a_request_to_stop_and_ends_nothing(no_ray):
    import ray

    def init(**_: Any) -> None:
        def theirs(number: int, _frame: object) -> None:
            raise SystemExit(number)

        ray._private.utils.set_sigterm_handler(theirs)
        os.kill(os.getpid(), signal.SIGTERM)

    no_ray(init)
    with stop_on_signal(lambda _line: None) as stop:
        start_ray()
        with pytest.raises(KeyboardInterrupt):
            stop.check()
