"""Memory that one thread lets go is there for the next, in a process whose windows have threads of their own.

By default each thread gets memory from a heap of its own, and what it lets go stays there: the head of a build grew by
10 MiB with every window (`python -m benchmarks.windows --memory`).
"""

from __future__ import annotations

import ctypes
import os
import sys

HEAPS = 2  # of the C library
M_ARENA_MAX = -8  # of glibc's malloc.h
HEAPS_VARIABLE = "MALLOC_ARENA_MAX"  # glibc's own; what a user says there holds
POOL_VARIABLE = "ARROW_DEFAULT_MEMORY_POOL"  # Arrow's own; it reads it when it is loaded
POOL = "system"  # memory of the C library


def give_back() -> None:
    """Give the system what is free in the heaps, where what comes next is of other sizes; glibc alone can."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def share_few_heaps() -> None:
    """Have all threads of this process share the C library's few heaps, and have Arrow use these.

    The sooner, the more it does: threads keep the heap that they have, and an Arrow that is loaded already uses its own
    heaps inside. It holds until the process ends, and for the processes that it starts. A C library other than glibc
    has no such setting.
    """
    if HEAPS_VARIABLE not in os.environ and (set_option := getattr(ctypes.CDLL(None), "mallopt", None)) is not None:
        set_option(M_ARENA_MAX, HEAPS)
        os.environ[HEAPS_VARIABLE] = str(HEAPS)
    if POOL_VARIABLE not in os.environ:
        os.environ[POOL_VARIABLE] = POOL
        if (arrow := sys.modules.get("pyarrow")) is not None:
            arrow.set_memory_pool(arrow.system_memory_pool())
