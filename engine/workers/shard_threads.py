"""Stage tasks over the shards of a dataset: by threads of this process, or by the nodes of a cluster.

Why threads and not processes, on one machine: Arrow, Polars and the checksum let other threads run, and Polars has one
pool of threads for all of them. Each process would first load all libraries again.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TypeVar

from glotmill.engine.workers.stage_tasks import AHEAD, Held, Lent, StageTasks, make_tasks

S = TypeVar("S")
T = TypeVar("T")
R = TypeVar("R")
FEWEST = 2  # one reads while the other one counts
MOST = 8  # more were not measured; Python's own part, such as hashing ids, is done by one thread at a time
SHARD_BYTES = 1 << 29  # ids and scores of 250,000 records are 200 MB
CONTAINER_LIMIT = Path("/sys/fs/cgroup/memory.max")


def thread_count() -> int:
    """How many shards to read at once: one a core, as far as memory allows."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(FEWEST, min(cores, MOST, _memory() // SHARD_BYTES))


def _memory() -> int:
    """Bytes of memory of this machine, or of the container that this process is in."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with suppress(OSError, ValueError):  # no such file, or `max`
        return min(machine, int(CONTAINER_LIMIT.read_text(encoding="ascii")))
    return machine


class ThreadTasks:
    """Tasks done by threads of this process.

    When the results are closed, also by an error or Ctrl-C, tasks that wait are not begun and those at work are
    finished, so that none writes after it.

    Args:
        count: How many at a time.
    """

    def __init__(self, count: int) -> None:
        self._count = count

    def lend(self, value: T) -> Lent[T]:
        """The value itself."""
        return Held(value)

    def run(self, function: Callable[[S, T], R], shared: S, items: Iterable[T]) -> Generator[R, None, None]:
        """What a function gives for each item, in their order."""
        threads = ThreadPoolExecutor(self._count, "shard")
        rest = iter(items)
        line: deque[Future[R]] = deque()
        try:
            while True:
                room = AHEAD * self._count - len(line)
                line.extend(threads.submit(function, shared, item) for item in islice(rest, room))
                if not line:
                    return
                yield line.popleft().result()
        finally:
            threads.shutdown(cancel_futures=True)


def tasks_over_shards(ray_address: str | None = None, most: int = MOST) -> StageTasks:
    """What does a command's tasks, each of which takes a shard.

    Args:
        ray_address: A running Ray cluster, whose nodes do them; None uses threads.
        most: Threads that gain something.
    """
    if ray_address is not None:
        return make_tasks(None, ray_address=ray_address)
    return ThreadTasks(min(most, thread_count()))
