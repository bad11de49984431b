"""Stage tasks: pure functions of what a stage shares and of one item, done in this process or by others.

Guarantees: results come in the order of the items, whoever is first; what is at work and what waits to be taken is
bounded; an error of a task is raised here as it was raised there. The same results come from every way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from glotmill.engine.workers.ray_session import protect
from glotmill.engine.workers.units import Note, no_note

S = TypeVar("S")
T = TypeVar("T")
R = TypeVar("R")
V_co = TypeVar("V_co", covariant=True)


class Lent(Protocol[V_co]):
    """A value of this process that tasks take where they are done; it is kept for as long as somebody refers to it."""

    def get(self) -> V_co:
        """The value."""


class StageTasks(Protocol):
    """Does the tasks of a stage."""

    def lend(self, value: T) -> Lent[T]:
        """Put a value where tasks find it: what is shared, and items, may hold what this gives.

        Args:
            value: An Arrow table is not copied by tasks of the same machine.
        """

    def run(self, function: Callable[[S, T], R], shared: S, items: Iterable[T]) -> Iterator[R]:
        """What a function gives for each item, in their order.

        Args:
            function: Called with what is shared and an item. Another process imports it by its name, and may call it
                once more for an item whose process died: to do it twice must leave what doing it once leaves.
            shared: What all tasks need; each process has it once, and keeps with it what it loads.
            items: Taken when there is room for them.

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

    def run(self, function: Callable[[S, T], R], shared: S, items: Iterable[T]) -> Iterator[R]:
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
        workers: Of the recipe: 0 works in this process, anything else on this machine's cores.
        ray_address: A running Ray cluster, on whose node of this process the tasks are done; None uses a local Ray.
        note: Is called when Ray does not start.
        check_stop: Raises where somebody has stopped the work.
    """
    if workers == 0:
        return InlineTasks(check_stop)
    protect(ray_address)
    from glotmill.engine.workers.ray_tasks import RayTasks

    return RayTasks(ray_address, note, check_stop)
