"""What a cluster's autoscaler is told of stage tasks, which request no CPU of Ray and so are no demand by themselves.

While tasks wait that any machine could do, and no machine has room, the cluster is requested to have more CPUs than it
has: one for each task that waits, but at most as many again as tasks have room now. So a cluster doubles, and not more,
before it is seen what that gives. `ray.autoscaler.sdk.request_resources` compares the request with all CPUs of the
cluster, whoever uses them: it reserves nothing, so no actor waits for a task.

Guarantees: the request is withdrawn when no task waits any more. That of a process that is killed stays until somebody
requests something else of the cluster.
"""

from __future__ import annotations

import time
from collections import Counter
from threading import Lock

import ray
from ray.autoscaler.sdk import request_resources

from glotmill.engine.workers.units import Note

STATE_EVERY_S = 5.0


class CpuDemand:
    """The demand of a process; threads share it, as Ray keeps one request a cluster."""

    def __init__(self) -> None:
        self._waiting: Counter[str] = Counter()  # tasks by stage
        self._requested = 0  # CPUs
        self._next = 0.0
        self._lock = Lock()

    def wait(self, stage: str, tasks: int, room: int, note: Note) -> None:
        """Take down how many tasks of a stage wait for a machine, and tell the autoscaler, but not all the time.

        Args:
            stage: Names the stage.
            tasks: Those.
            room: How many tasks all machines do at a time.
            note: Is called with ``cpus_requested`` when the request changes.
        """
        with self._lock:
            self._waiting[stage] = tasks
            if time.monotonic() >= self._next:
                self._next = time.monotonic() + STATE_EVERY_S
                self._state(room, note)

    def end(self, stage: str, note: Note) -> None:
        """Take down that a stage is over; with the last one that waits the request is withdrawn."""
        with self._lock:
            self._waiting.pop(stage, None)
            if self._requested and not self._waiting.total() and ray.is_initialized():
                self._state(0, note)

    def _state(self, room: int, note: Note) -> None:
        more = min(self._waiting.total(), room)
        cpus = int(ray.cluster_resources().get("CPU", 0)) + more if more else 0
        if cpus == self._requested:
            return
        try:
            request_resources(num_cpus=cpus)
        except ray.exceptions.RayError as error:  # a hint that is lost; who needs a dead cluster will find out
            note("cpus_not_requested", cpus=cpus, detail=str(error))
            return
        self._requested = cpus
        note("cpus_requested", cpus=cpus)


CPU_DEMAND = CpuDemand()
