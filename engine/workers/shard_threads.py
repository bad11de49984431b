"""Threads over the shards of a dataset, for commands that read it with Arrow and Polars.

Why threads and not processes: Arrow, Polars and the checksum let other threads run, and Polars has one pool of threads
for all of them. Each process would first load all libraries again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

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


@contextmanager
def shard_threads(count: int | None = None) -> Iterator[Executor]:
    """Threads that take a shard each.

    When the context ends, also by an error or Ctrl-C, shards that wait are not begun and those at work are finished, so
    that no thread writes after it.

    Args:
        count: How many; None takes `thread_count`.
    """
    threads = ThreadPoolExecutor(count or thread_count(), "shard")
    try:
        yield threads
    finally:
        threads.shutdown(cancel_futures=True)
