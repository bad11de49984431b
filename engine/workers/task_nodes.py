"""The machines of a Ray cluster that do stage tasks, and how many at a time each.

Guarantees: what all threads of this process have at work on a machine is bounded together, by its cores and memory.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Mapping
from threading import Condition

import ray

from glotmill.schemas.errors import WorkerError

TICK_S = 1.0
LOOK_EVERY_S = 5.0  # for machines that came or died
TASK_BYTES = 2 << 30  # memory that a task may take: a shard of 250,000 records
_at_work: Counter[str] = Counter()  # tasks by machine, of all threads
_ended = Condition()  # guards that


class TaskNodes:
    """The machines that do tasks, and how many each.

    Args:
        at_once: Tasks at a time on a machine; None takes as many as its cores and memory allow.
        alone: Do all tasks on the machine of this process.

    Attributes:
        here: That machine.
    """

    def __init__(self, at_once: int | None, *, alone: bool) -> None:
        self.here = ray.get_runtime_context().get_node_id()
        self._at_once = at_once
        self._alone = alone
        self._rooms: dict[str, int] = {}
        self._taken: Counter[str] = Counter()
        self._next_look = 0.0
        self.look()

    @property
    def room(self) -> int:
        """How many tasks all of them do at a time."""
        return sum(self._rooms.values())

    def look(self) -> None:
        """Find out which machines there are now, but not all the time.

        Raises:
            WorkerError: Ray's process on this machine died.
        """
        if time.monotonic() < self._next_look:
            return
        self._next_look = time.monotonic() + LOOK_EVERY_S
        alive = {node["NodeID"]: node["Resources"] for node in ray.nodes() if node["Alive"]}
        if self.here not in alive:
            msg = "Ray's node process on this machine died; run the same command again to go on"
            raise WorkerError(msg)
        self._rooms = {
            node: self._at_once or _room(resources, fewest=int(node == self.here))
            for node, resources in alive.items()
            if node == self.here or not self._alone
        }

    def take(self, *, any_node: bool) -> str | None:
        """Take room for one more task; None where no machine has any.

        Args:
            any_node: Whether it can be another machine than this.
        """
        with _ended:
            node = self.free(_at_work, any_node=any_node)
            if node is not None:
                _at_work[node] += 1
                self._taken[node] += 1
        return node

    def free(self, at_work: Counter[str], *, any_node: bool) -> str | None:
        """The machine with most room for one more task; None where no machine has any.

        Args:
            at_work: Tasks by machine.
            any_node: Whether it can be another machine than this.
        """
        free = {node: room - at_work[node] for node, room in self._rooms.items() if any_node or node == self.here}
        most = max(free, key=lambda node: free[node])
        return most if free[most] > 0 else None

    def give(self, node: str) -> None:
        """Give the room of a task back that is done."""
        with _ended:
            _at_work[node] -= 1
            self._taken[node] -= 1
            _ended.notify_all()

    def give_all(self) -> None:
        """Give back all room that was taken here."""
        with _ended:
            _at_work.subtract(self._taken)
            self._taken.clear()
            _ended.notify_all()

    def await_room(self) -> None:
        """Wait until a task of another window is done, but not for long."""
        with _ended:
            _ended.wait(TICK_S)
        self.look()


def _room(resources: Mapping[str, float], fewest: int) -> int:
    """How many tasks the cores and the memory of a machine have room for."""
    cores = int(resources.get("CPU", 0)) or fewest * len(os.sched_getaffinity(0))
    return max(fewest, min(cores, int(resources.get("memory", 0)) // TASK_BYTES))
