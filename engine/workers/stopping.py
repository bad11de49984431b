"""Stopping at the border of a unit: the first Ctrl-C (or SIGTERM) lets units in flight end, the second does not."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopSwitch:
    """Whether somebody asked to stop."""

    def __init__(self) -> None:
        self.asked = False

    def check(self) -> None:
        """Stop here if that was asked for.

        Raises:
            KeyboardInterrupt: It was.
        """
        if self.asked:
            raise KeyboardInterrupt


@contextmanager
def stop_on_signal(tell: Callable[[str], None], *, handle: bool = True) -> Iterator[StopSwitch]:
    """Turn the first signal into a request, as long as the context lasts; only a main thread gets signals.

    Args:
        tell: Shows a line to the user.
        handle: Whether signals are handled here; otherwise they do what they did before, and nothing asks to stop.
    """
    switch = StopSwitch()

    def stop(_number: int, _frame: FrameType | None) -> None:
        if switch.asked:
            raise KeyboardInterrupt
        switch.asked = True
        tell("stopping when the units in flight are done; once more to stop at once")

    if not handle or threading.current_thread() is not threading.main_thread() or sys.platform == "win32":
        yield switch
        return
    previous = {number: signal.signal(number, stop) for number in SIGNALS}
    try:
        yield switch
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
