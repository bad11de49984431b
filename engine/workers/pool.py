"""One interface for all ways to do units: in this process, or on Ray actors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Protocol

from glotmill.engine.translators.contract import SERVER_DEVICE, TranslatorSpec
from glotmill.engine.workers.inline_pool import InlinePool
from glotmill.engine.workers.ray_session import protect
from glotmill.engine.workers.stopping import StopSwitch
from glotmill.engine.workers.units import Note, Unit, UnitResult, no_note


class Pool(AbstractContextManager["Pool"], Protocol):
    """Does units with one translator. Leaving the context ends its workers."""

    @property
    def workers(self) -> int:
        """How many work; 0 while that is not known."""

    def start(self) -> None:
        """Start the workers and load the model, unless that is done; `run` does it where nobody has.

        Raises:
            WorkerError: They cannot be started.
        """

    def run(self, units: Iterable[Unit]) -> Iterator[UnitResult]:
        """The result of each unit, once, in whatever order they finish.

        Raises:
            WorkerError: A unit cannot be done, or workers cannot be started. Results given before stay good.
            KeyboardInterrupt: Somebody asked to stop, and the units in flight are done.
        """


def make_pool(
    spec: TranslatorSpec,
    workers: int | None,
    *,
    ray_address: str | None = None,
    stop: StopSwitch | None = None,
    note: Note = no_note,
) -> Pool:
    """The pool of a recipe.

    Args:
        spec: The engine that each worker loads.
        workers: Ray actors; 0 works in this process; None takes as many as Ray has room for, and for a server, which
            does the work itself, this process.
        ray_address: A running Ray cluster to work on; None starts a local Ray.
        stop: Asks the pool to stop at the border of a unit.
        note: Is called when workers come, go and fail.
    """
    stop = stop or StopSwitch()
    if workers == 0 or (workers is None and spec.placement.device == SERVER_DEVICE):
        return InlinePool(spec, stop, note)
    protect(ray_address)
    from glotmill.engine.workers.ray_pool import RayPool

    return RayPool(spec, workers, ray_address, stop, note)
