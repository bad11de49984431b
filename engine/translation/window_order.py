"""The order of windows that are open at once: what one must know of those before it, and when.

A window plans a phase's units once all windows before it have, as they are what is requested minus what those request.
It reads entries once all windows before it are through the phase, as some of its texts are theirs to translate.

Guarantees: what a window sends depends on the windows before it and never on which of them was faster.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Condition

from glotmill.schemas.errors import GlotmillError

PHASES = ("record", "forward", "forced", "back", "compose", "pack")  # of a window, in their order
UNPLANNED = 2  # open windows whose forward units are not written down yet
ALL = "*"  # behind a phase: of every engine that has a part of it


class AbandonedError(GlotmillError):
    """Another window failed, so this one is not finished."""


class WindowOrder:
    """What each open window has done so far.

    Attributes:
        unanswered: What a server did not answer in this run: the failure by the memory's key. Nothing else remembers
            it, and windows share texts.
    """

    def __init__(self) -> None:
        self.unanswered: dict[str, str] = {}
        self._changed = Condition()
        self._planned: defaultdict[str, set[int]] = defaultdict(set)
        self._through: defaultdict[int, int] = defaultdict(int)  # phases that a window is through
        self._over: set[int] = set()
        self._read: dict[int, list[int]] = {}  # whose lists a window reads while it plans
        self._failed = False

    def place(self, number: int, *, last: bool = True) -> WindowPlace:
        """The place of a window in the order, which may be the last one."""
        return WindowPlace(self, number, last=last)

    def fail(self) -> None:
        """Have every window that waits give up."""
        with self._changed:
            self._failed = True
            self._changed.notify_all()

    def is_through(self, number: int, phase: str) -> bool:
        """Whether a window is through a phase."""
        return self._through[number] > _index(phase)

    def await_turn(self, number: int, room: Callable[[list[int]], bool]) -> None:
        """Wait until there is room for a window beside those that are open, and few of these still make their lists.

        To make a list takes much memory and lets hardly any other thread work: several at a time gain nothing.

        Args:
            number: The window.
            room: Whether there is, beside these windows; more when workers come.

        Raises:
            AbandonedError: Another window failed.
        """
        first = number - UNPLANNED
        self._await(lambda: (first < 0 or self._has_list(first)) and room(self._open_before(number)))

    def _open_before(self, number: int) -> list[int]:
        return [before for before in range(number) if before not in self._over]

    def _has_list(self, number: int) -> bool:
        return self._is_planned(number, "forward") or number in self._over

    def over(self, number: int) -> None:
        """Note that a window is done."""
        with self._changed:
            self._over.add(number)
            self._changed.notify_all()

    def await_planned(self, number: int, phase: str) -> None:
        """Wait until all windows before this one have planned a phase, or are through it.

        Raises:
            AbandonedError: Another window failed.
        """
        self._await(lambda: all(self._is_planned(before, phase) for before in range(number)))

    def await_through(self, number: int, phase: str) -> None:
        """Wait until all windows before this one are through a phase.

        Raises:
            AbandonedError: Another window failed.
        """
        self._await(lambda: all(self.is_through(before, phase) for before in range(number)))

    def _is_planned(self, number: int, phase: str) -> bool:
        whole = phase.partition(".")[0] + ALL
        return number in self._planned[phase] or number in self._planned[whole] or self.is_through(number, phase)

    def reads(self, number: int, phase: str) -> list[int]:
        """The windows before one that are not through a phase, whose lists it reads until it has planned it."""
        with self._changed:
            self._read[number] = [before for before in range(number) if not self.is_through(before, phase)]
            return self._read[number]

    def await_unread(self, number: int) -> None:
        """Wait until nobody reads the lists of a window that is through.

        Raises:
            AbandonedError: Another window failed.
        """
        self._await(lambda: not any(number in read for read in self._read.values()))

    def planned(self, number: int, phase: str) -> None:
        """Note that the units of a window's phase are written down."""
        with self._changed:
            self._planned[phase].add(number)
            self._read.pop(number, None)
            self._changed.notify_all()

    def through(self, number: int, phase: str) -> None:
        """Note that a window is through a phase."""
        with self._changed:
            self._through[number] = max(self._through[number], _index(phase) + 1)
            self._changed.notify_all()

    def _await(self, ready: Callable[[], bool]) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._failed or ready())
            if self._failed:
                raise AbandonedError


class WindowPlace:
    """A window's place in the order.

    Args:
        order: The order.
        number: The window's number.
        last: Whether no window comes after it.

    Attributes:
        unanswered: The order's.
    """

    def __init__(self, order: WindowOrder, number: int, *, last: bool) -> None:
        self.number = number
        self.last = last
        self.unanswered = order.unanswered
        self._order = order

    @contextmanager
    def planning(self, phase: str) -> Iterator[list[int]]:
        """Plan a phase in turn.

        Args:
            phase: The phase, maybe with an engine's name behind it.

        Yields:
            The windows before this one that are still at it: what they request is not yet in the memory.
        """
        self._order.await_planned(self.number, phase)
        yield self._order.reads(self.number, phase)
        self._order.planned(self.number, phase)

    def await_entries(self, phase: str, *, ahead: int = 0) -> None:
        """Wait until what the windows before this one translate in a phase is in the memory.

        Args:
            phase: The phase.
            ahead: Do not wait for so many of the last ones before it.
        """
        self._order.await_through(self.number - ahead, phase)

    def planned(self, phase: str) -> None:
        """Note that all is planned of a phase, of which some engines or all may have nothing to do."""
        self._order.planned(self.number, phase + ALL)

    def await_unread(self) -> None:
        """Wait until nobody reads the lists of this window, which is through all of its phases."""
        self._order.await_unread(self.number)

    def through(self, phase: str) -> None:
        """Note that this window is through a phase."""
        self._order.through(self.number, phase)


def alone() -> WindowPlace:
    """The place of what has nothing before it."""
    return WindowOrder().place(0)


def _index(phase: str) -> int:
    name = phase.partition(".")[0]
    return PHASES.index(name) if name in PHASES else -1
