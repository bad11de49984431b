"""Python's look for cycles, less often than by default, in every process that makes records."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

NEW_OBJECTS = 200_000  # more than were let go, before Python looks for cycles among the young


@contextmanager
def fewer_collections() -> Iterator[None]:
    """Have Python look for cycles less often: a build makes millions of objects and hardly a cycle.

    A tenth of a build's time went into looking (`python -m benchmarks.scale`). What a cycle holds goes a little later.
    """
    before = gc.get_threshold()
    gc.set_threshold(NEW_OBJECTS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
