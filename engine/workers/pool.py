"""One interface for all ways to do units: in this process, or on Ray actors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Protocol

from engine.translators.contract import TranslatorSpec
from engine.workers.inline import InlinePool
from engine.workers.units import Unit, UnitResult


class Pool(AbstractContextManager["Pool"], Protocol):
    """Does units with one translator. Leaving the context ends its workers."""

    workers: int

    def start(self) -> None:
        """Start the workers and load the model, unless that is done; `run` does it where nobody has.

        Raises:
            WorkerError: They cannot be started.
        """

    def run(self, units: Iterable[Unit]) -> Iterator[UnitResult]:
        """The result of each unit, in whatever order they finish.

        Raises:
            WorkerError: A unit cannot be done, or workers cannot be started. Results given before stay good.
        """


def make_pool(spec: TranslatorSpec, workers: int | None) -> Pool:
    """The pool of a recipe.

    Args:
        spec: The engine that each worker loads.
        workers: Ray actors; 0 works in this process; None takes as many as Ray has room for.
    """
    if workers == 0:
        return InlinePool(spec)
    from engine.workers.ray_pool import RayPool

    return RayPool(spec, workers)
