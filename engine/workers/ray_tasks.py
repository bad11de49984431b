"""Stage tasks done by Ray, each in a process of its own on the machine of this process.

Where tasks run: on the node of this process, as they read its samples and write into its build folder. A node that has
none of the tasks' files could do none of them.

Why nothing waits for ever: a task asks Ray for no CPU. The actors of an engine may hold all CPUs of a machine, and a
head may offer none (``resources: {CPU: 0}``); a task that wanted one would then wait for actors that only end after it.
How many are at work at a time is bounded here instead, by the machine's cores and its memory.

Ray starts the processes, does a task of one that died once more, and says when that fails again.
"""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Generic, TypeVar

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from glotmill.engine import __version__
from glotmill.engine.workers.ray_session import start_ray
from glotmill.engine.workers.stage_tasks import Lent
from glotmill.engine.workers.units import Note
from glotmill.schemas.errors import GlotmillError, WorkerError

S = TypeVar("S")
T = TypeVar("T")
R = TypeVar("R")
V = TypeVar("V")
TICK_S = 1.0
END_S = 10.0  # for tasks that are no longer wanted
RETRIES = 2  # of a task whose process died
TASK_BYTES = 2 << 30  # memory that a task may take: a shard of 250,000 records
AHEAD = 4  # items at work or done before their turn, as a multiple of those at work
# Tasks share the cores among themselves, so each gets one thread.
ONE_THREAD = {"POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1"}
_numbers = count()
_kept: dict[str, Any] = {}  # in a process of tasks: what the tasks of its last stage share


@dataclass(frozen=True, slots=True)
class InStore(Generic[V]):
    """A value in Ray's object store, where it is until nobody refers to it any more."""

    reference: Any

    def get(self) -> V:
        """The value; what is in it of Arrow is not copied on the machine that lent it."""
        value: V = ray.get(self.reference)
        return value


class RayTasks:
    """Tasks done by processes of Ray.

    Args:
        address: A running cluster; None is a Ray of our own.
        note: Is called when Ray does not start.
        check_stop: Raises where somebody has stopped the work.
        at_once: Tasks at work at a time; None takes as many as the machine's cores and memory allow.
    """

    def __init__(
        self,
        address: str | None,
        note: Note,
        check_stop: Callable[[], None] = lambda: None,
        at_once: int | None = None,
    ) -> None:
        self._address = address
        self._note = note
        self._check_stop = check_stop
        self._at_once = at_once

    def lend(self, value: V) -> Lent[V]:
        """Put a value into Ray's object store; within `one_ray`, as Ray would else end before the tasks begin."""
        start_ray(self._address, self._note)
        return InStore(ray.put(value))

    def run(self, function: Callable[[S, T], R], shared: S, items: Iterable[T]) -> Iterator[R]:
        """What a function gives for each item, in their order."""
        started = start_ray(self._address, self._note)
        try:
            yield from self._run(function, shared, items)
        finally:
            if started:
                ray.shutdown()

    def _run(self, function: Callable[[S, T], R], shared: S, items: Iterable[T]) -> Iterator[R]:
        node = ray.get_runtime_context().get_node_id()
        at_once = self._at_once or _room(node)
        do = ray.remote(
            num_cpus=0,
            max_retries=RETRIES,
            scheduling_strategy=NodeAffinitySchedulingStrategy(node, soft=False),
            runtime_env={"env_vars": ONE_THREAD},
        )(_do)
        stage, here = f"{os.getpid()}-{next(_numbers)}", (__version__, Path.cwd())
        reference = ray.put(shared)
        rest = iter(items)
        line: deque[Any] = deque()  # of results, in the order of the items
        working: set[Any] = set()
        try:
            while True:
                while len(working) < at_once and len(line) < AHEAD * at_once:
                    try:
                        item = next(rest)
                    except StopIteration:
                        break
                    line.append(do.remote(here, function, stage, [reference], item))
                    working.add(line[-1])
                if not line:
                    return
                self._check_stop()
                if line[0] in working:
                    _wait(working, node)
                else:
                    yield _taken(line.popleft())
        finally:
            _end(working)


def _wait(working: set[Any], node_id: str) -> None:
    """Wait until one is done, but not for long.

    Raises:
        WorkerError: The node that does them died.
    """
    done, _ = ray.wait(list(working), num_returns=1, timeout=TICK_S)
    if not done and not any(node["Alive"] for node in ray.nodes() if node["NodeID"] == node_id):
        msg = "Ray's node process on this machine died; run the same command again to go on"
        raise WorkerError(msg)
    done, _ = ray.wait(list(working), num_returns=len(working), timeout=0)
    working.difference_update(done)


def _room(node_id: str) -> int:
    """How many tasks the cores and the memory of a node have room for."""
    resources = next(node["Resources"] for node in ray.nodes() if node["NodeID"] == node_id)
    cores = int(resources.get("CPU", 0)) or len(os.sched_getaffinity(0))
    return max(1, min(cores, int(resources.get("memory", 0)) // TASK_BYTES))


def _do(here: tuple[str, Path], function: Callable[[S, T], R], stage: str, shared: list[Any], item: T) -> R:
    """Do one task; what its stage shares is fetched once a process."""
    version, folder = here
    os.chdir(folder)  # paths may be relative to the driver's
    if version != __version__:
        msg = f"this process has Glotmill {__version__}, the driver has {version}"
        raise WorkerError(msg)
    if stage not in _kept:
        _kept.clear()
        _kept[stage] = ray.get(shared[0])
    return function(_kept[stage], item)


def _taken(result: Any) -> Any:
    """What a task gave.

    Raises:
        Exception: What it raised.
        WorkerError: Its process died every time.
    """
    try:
        return ray.get(result)
    except ray.exceptions.RayTaskError as error:
        cause = error.cause
        if not isinstance(cause, Exception):
            raise
        if not isinstance(cause, GlotmillError):  # a bug, whose traceback is of the other process
            cause.add_note(re.sub(r"\x1b\[\d+m", "", str(error)))
        raise cause from None
    except ray.exceptions.RayError as error:
        first = str(error).strip().splitlines()[0]
        msg = (
            f"the process of a task died {RETRIES + 1} times ({type(error).__name__}: {first}); where memory is short, "
            f"use --workers 0, which does one task at a time in this process"
        )
        raise WorkerError(msg) from error


def _end(working: set[Any]) -> None:
    """End tasks that nobody wants any more, so that none of them writes after this."""
    for result in working:
        with suppress(ray.exceptions.RayError):
            ray.cancel(result, force=True)
    if working and ray.is_initialized():
        ray.wait(list(working), num_returns=len(working), timeout=END_S)
