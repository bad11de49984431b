"""Stage tasks: pure functions of what a stage shares and of one item, done by this process, its threads, or others.

Guarantees: results come in the order of the items, whoever is first; what is at work and what waits to be taken is
bounded; an error of a task is raised here as it was raised there. The same results come from every way.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from glotmill.engine.workers.ray_session import protect
from glotmill.engine.workers.units import Note, no_note

S = TypeVar("S")
T = TypeVar("T")
R = TypeVar("R")
V_co = TypeVar("V_co", covariant=True)
AHEAD = 4  # items at work or done before their turn, as a multiple of those at work


class Lent(Protocol[V_co]):
    """A value of this process that tasks take where they are done; it is kept for as long as somebody refers to it."""

    def get(self) -> V_co:
        """The value."""


@dataclass(frozen=True, slots=True)
class Steps(Generic[S, T, R]):
    """A task that another machine can do, which has none of this machine's files.

    Attributes:
        here: The whole task, where this machine does it.
        may_leave: Whether an item's task can be done elsewhere.
        read: From what is shared and an item: what only this machine can read for it. Done by this process.
        work: From what is shared, the item and what was read: a result that names no file of the machine that did it.
        write: From what is shared, the item and that result: what `here` gives, and leaves. Done by this process.
    """

    here: Callable[[S, T], R]
    may_leave: Callable[[T], bool]
    read: Callable[[S, T], Any]
    work: Callable[[S, T, Any], Any]
    write: Callable[[S, T, Any], R]

    def __call__(self, shared: S, item: T) -> R:
        """Do the task on this machine."""
        return self.here(shared, item)


class StageTasks(Protocol):
    """Does the tasks of a stage."""

    def lend(self, value: T) -> Lent[T]:
        """Put a value where tasks find it: what is shared, and items, may hold what this gives.

        Args:
            value: An Arrow table is not copied by tasks of the same machine.
        """

    def run(self, function: Callable[[S, T], R], shared: S, items: Iterable[T]) -> Generator[R, None, None]:
        """What a function gives for each item, in their order.

        Args:
            function: Called with what is shared and an item. Another process imports it by its name, and may call it
                once more for an item whose process died: to do it twice must leave what doing it once leaves. Of
                `Steps` other machines of a cluster do what they can.
            shared: What all tasks need; each process has it once, and keeps with it what it loads.
            items: Taken when there is room for them.

        Returns:
            The results; whoever stops taking them early closes them, which ends the tasks at work.

        Raises:
            WorkerError: A process that does tasks died again and again, or none can be started.
        """


@dataclass(frozen=True, slots=True)
class Held(Generic[V_co]):
    """A value that is lent within its process."""

    value: V_co

    def get(self) -> V_co:
        """The value."""
        return self.value


class InlineTasks:
    """Tasks done in this process, one when the one before is taken.

    Args:
        check_stop: Raises where somebody has stopped the work.
    """

    def __init__(self, check_stop: Callable[[], None] = lambda: None) -> None:
        self._check_stop = check_stop

    def lend(self, value: T) -> Lent[T]:
        """The value itself."""
        return Held(value)

    def run(self, function: Callable[[S, T], R], shared: S, items: Iterable[T]) -> Generator[R, None, None]:
        """What a function gives for each item, in their order."""
        for item in items:
            self._check_stop()
            yield function(shared, item)


def make_tasks(
    workers: int | None,
    *,
    ray_address: str | None = None,
    note: Note = no_note,
    check_stop: Callable[[], None] = lambda: None,
) -> StageTasks:
    """What does the tasks of a recipe's build.

    Args:
        workers: Of the recipe: 0 works in this process, anything else on this machine's cores, or the cluster's.
        ray_address: A running Ray cluster, whose nodes do the tasks; None uses a local Ray.
        note: Is called when Ray does not start, or more CPUs are requested of a cluster.
        check_stop: Raises where somebody has stopped the work.
    """
    if workers == 0:
        return InlineTasks(check_stop)
    protect(ray_address)
    from glotmill.engine.workers.ray_tasks import RayTasks

    return RayTasks(ray_address, note, check_stop)
