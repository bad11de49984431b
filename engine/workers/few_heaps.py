"""Memory that is let go by one thread goes to the next, in a process whose windows have threads of their own.

By default each thread gets memory from a heap of its own, and what it lets go stays there: the head of a build of
4 million records grew by 15 MiB with every window (`python -m benchmarks.windows --memory`).
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa

HEAPS = 2  # of the C library
M_ARENA_MAX = -8  # of glibc's malloc.h


@contextmanager
def few_heaps() -> Iterator[None]:
    """Have all threads share the C library's few heaps, and have Arrow use them.

    The C library keeps to it until the process ends; one that is not glibc has no such setting and needs none.
    """
    before = pa.default_memory_pool()
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_option is not None:
        set_option(M_ARENA_MAX, HEAPS)
    pa.set_memory_pool(pa.system_memory_pool())
    try:
        yield
    finally:
        pa.set_memory_pool(before)
