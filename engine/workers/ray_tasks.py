"""Stage tasks done by Ray, each in a process of its own, on this machine and on the other nodes of a cluster.

Where tasks run: on the node of this process, as they read its samples and write into its build folder. Of `Steps` this
process reads and writes, and any node does the work between; blocks travel by Ray's object store.

Why nothing waits for ever: a task asks Ray for no CPU. The actors of an engine may hold all CPUs of a machine, and a
head may offer none (``resources: {CPU: 0}``); a task that wanted one would then wait for actors that only end after it.
How many are at work at a time is bounded here instead, by each machine's cores and its memory, for all threads of this
process together: windows pack at the same time. What waits for room is told to a cluster's autoscaler (`cpu_demand`).

Ray starts the processes, does a task of one that died once more, elsewhere where its node died, and says when that
fails again.
"""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Callable, Generator, Iterable
from contextlib import suppress
from dataclasses import dataclass
from itertools import count, islice
from operator import length_hint
from pathlib import Path
from typing import Any, Generic, TypeVar

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from glotmill.engine import __version__
from glotmill.engine.workers.cpu_demand import CPU_DEMAND
from glotmill.engine.workers.fewer_collections import fewer_collections
from glotmill.engine.workers.ray_session import start_ray
from glotmill.engine.workers.stage_tasks import AHEAD, Lent, Steps
from glotmill.engine.workers.task_nodes import TaskNodes
from glotmill.engine.workers.units import Note
from glotmill.schemas.errors import GlotmillError, WorkerError

S = TypeVar("S")
T = TypeVar("T")
R = TypeVar("R")
V = TypeVar("V")
TICK_S = 1.0
END_S = 10.0  # for tasks that are no longer wanted
RETRIES = 2  # of a task whose process died
# Tasks share the cores among themselves, so each gets one thread.
ONE_THREAD = {"POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1"}
_numbers = count()
_going_on: set[str] = set()  # the stages of this process, as windows are composed and joined at the same time
_kept: dict[str, Any] = {}  # in a process of tasks: what the tasks of its stages that go on share


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
        address: A running cluster, whose nodes do what they can; None is a Ray of our own.
        note: Is called when Ray does not start, or more CPUs are requested.
        check_stop: Raises where somebody has stopped the work.
        at_once: Tasks at work at a time on a machine; None takes as many as its cores and memory allow.
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

    def run(self, function: Callable[[S, T], R], shared: S, items: Iterable[T]) -> Generator[R, None, None]:
        """What a function gives for each item, in their order."""
        started = start_ray(self._address, self._note)
        try:
            yield from self._run(function, shared, items)
        finally:
            if started:
                ray.shutdown()

    def _run(self, function: Callable[[S, T], R], shared: S, items: Iterable[T]) -> Generator[R, None, None]:
        steps = function if isinstance(function, Steps) else None
        nodes = TaskNodes(self._at_once, alone=self._address is None)
        remote = ray.remote(num_cpus=0, max_retries=RETRIES, runtime_env={"env_vars": ONE_THREAD})(_do)
        stage, reference = f"{os.getpid()}-{next(_numbers)}", ray.put(shared)
        _going_on.add(stage)
        rest = iter(items)
        waiting: list[T] = []  # the next item, where no machine has room for it
        line: deque[tuple[Any, T, bool]] = deque()  # results in the order of the items, and whether to write them here
        working: dict[Any, str] = {}
        try:
            while True:
                behind = 0  # items that wait for a machine, and could be done by any
                while len(line) < AHEAD * nodes.room:
                    waiting = waiting or list(islice(rest, 1))
                    leaves = bool(waiting and steps and steps.may_leave(waiting[0]))
                    node = nodes.take(any_node=leaves) if waiting else None
                    if node is None:
                        behind = 1 + length_hint(rest) if leaves else 0
                        break
                    item, away = waiting.pop(), node != nodes.here
                    # Where another machine dies, any other one does its task.
                    do = remote.options(scheduling_strategy=NodeAffinitySchedulingStrategy(node, soft=away))
                    if steps is not None and away:
                        block = ray.put(steps.read(shared, item))
                        done = do.remote((__version__, None), steps.work, _stage(stage), [reference], item, block)
                    else:
                        here = steps.here if steps else function
                        done = do.remote((__version__, Path.cwd()), here, _stage(stage), [reference], item)
                    line.append((done, item, away))
                    working[done] = node
                if not line and not waiting:
                    return
                self._check_stop()
                if self._address is not None:
                    CPU_DEMAND.wait(stage, behind, nodes.room, self._note)
                if not line:
                    nodes.await_room()
                    continue
                done, item, away = line[0]
                if done in working:
                    _wait(working, nodes)
                    continue
                line.popleft()
                result = _taken(done)
                yield steps.write(shared, item, result) if steps is not None and away else result
        finally:
            _going_on.discard(stage)
            _end(set(working))
            nodes.give_all()
            CPU_DEMAND.end(stage, self._note)


def _wait(working: dict[Any, str], nodes: TaskNodes) -> None:
    """Wait until one is done, but not for long."""
    ray.wait(list(working), num_returns=1, timeout=TICK_S, fetch_local=False)
    nodes.look()
    done, _ = ray.wait(list(working), num_returns=len(working), timeout=0, fetch_local=False)
    for each in done:
        nodes.give(working.pop(each))


def _stage(name: str) -> tuple[str, frozenset[str]]:
    """A stage with all that go on."""
    return name, frozenset(_going_on)


def _do(
    here: tuple[str, Path | None],
    function: Callable[..., R],
    stage: tuple[str, frozenset[str]],
    shared: list[Any],
    item: Any,
    *more: Any,
) -> R:
    """Do one task; what its stage shares is fetched once a process, and kept while the stage goes on."""
    version, folder = here
    name, going_on = stage
    if folder is not None:
        os.chdir(folder)  # paths may be relative to the driver's
    if version != __version__:
        msg = f"this process has Glotmill {__version__}, the driver has {version}"
        raise WorkerError(msg)
    for over in _kept.keys() - going_on:
        del _kept[over]
    if name not in _kept:
        _kept[name] = ray.get(shared[0])
    with fewer_collections():
        return function(_kept[name], item, *more)


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
            f"work in this process: build with --workers 0, refilter and verify without --ray-address"
        )
        raise WorkerError(msg) from error


def _end(working: set[Any]) -> None:
    """End tasks that nobody wants any more, so that none of them writes after this."""
    for result in working:
        with suppress(ray.exceptions.RayError):
            ray.cancel(result, force=True)
    if working and ray.is_initialized():
        ray.wait(list(working), num_returns=len(working), timeout=END_S)
