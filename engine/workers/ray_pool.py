"""Units done by Ray actors, each of which loads the model once.

Ray restarts an actor whose process dies and runs its unit again there; that is safe because a unit is a pure
function of its rows. Ours is the bookkeeping: at most `IN_FLIGHT` units wait at an actor, so memory is bounded,
and a unit that fails for good is named.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from itertools import chain
from types import TracebackType
from typing import Any, Self

import pyarrow as pa

from engine.translators.contract import TranslatorSpec
from engine.translators.registry import load_translator
from engine.workers.ray_session import ray, start_ray
from engine.workers.units import Unit, UnitResult, translate_unit
from schemas.errors import WorkerError

IN_FLIGHT = 2
MAX_RESTARTS = 3  # of one actor's process
MAX_RETRIES = 2  # of one unit whose worker died under it
START_TIMEOUT_S = 600.0  # a large model from a slow disk


class TranslatorActor:
    """A worker: one loaded engine."""

    def __init__(self, spec: TranslatorSpec) -> None:
        self._translator = load_translator(spec)

    def ready(self) -> int:
        """The process id, once the model is loaded."""
        return os.getpid()

    def translate(self, rows: pa.Table) -> pa.Table:
        """Do one unit."""
        return translate_unit(self._translator, rows)


class RayPool:
    """A pool of Ray actors."""

    def __init__(self, spec: TranslatorSpec, workers: int | None) -> None:
        self.workers = workers or 0
        self._spec = spec
        self._asked = workers
        self._actors: list[Any] = []
        self._started_ray = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._started_ray:
            ray.shutdown()
        else:
            for actor in self._actors:
                ray.kill(actor)
        self._actors = []

    def start(self) -> None:
        """Start all actors together and wait until each has its model."""
        if self._actors:
            return
        self._started_ray = start_ray()
        place = self._spec.placement
        room = ray.cluster_resources()
        cpus = int(room.get("CPU", 0) // place.cpus)
        self.workers = self._asked or (int(room.get("GPU", 0) / place.gpus) if place.gpus else cpus)
        needed_gpus = self.workers * place.gpus
        if self.workers < 1 or self.workers > cpus or needed_gpus > room.get("GPU", 0):
            msg = (
                f"{self._asked or 'any'} workers of {place.cpus} CPU and {place.gpus:g} GPU do not fit into Ray's "
                f"{room.get('CPU', 0):g} CPUs and {room.get('GPU', 0):g} GPUs: lower `workers`, or use --workers 0"
            )
            raise WorkerError(msg)
        actor_class = ray.remote(TranslatorActor).options(
            num_cpus=place.cpus,
            num_gpus=place.gpus,
            max_restarts=MAX_RESTARTS,
            max_task_retries=MAX_RETRIES,
        )
        self._actors = [actor_class.remote(self._spec) for _ in range(self.workers)]
        try:
            ray.get([actor.ready.remote() for actor in self._actors], timeout=START_TIMEOUT_S)
        except ray.exceptions.RayError as error:
            msg = f"workers cannot be started: {_cause(error)}"
            raise WorkerError(msg) from error

    def run(self, units: Iterable[Unit]) -> Iterator[UnitResult]:
        """The result of each unit, as they finish."""
        waiting = iter(units)
        first = next(waiting, None)
        if first is None:
            return
        waiting = chain([first], waiting)
        self.start()
        flying: dict[Any, tuple[Unit, Any]] = {}

        def send(actor: Any) -> None:
            unit = next(waiting, None)
            if unit is not None:
                flying[actor.translate.remote(unit.rows)] = (unit, actor)

        for _ in range(IN_FLIGHT):
            for actor in self._actors:
                send(actor)
        while flying:
            done, _ = ray.wait(list(flying), num_returns=1)
            unit, actor = flying.pop(done[0])
            send(actor)
            try:
                results = ray.get(done[0])
            except ray.exceptions.RayError as error:
                msg = f"unit {unit.number} failed: {_cause(error)}"
                raise WorkerError(msg) from error
            yield UnitResult(unit, results)


def _cause(error: BaseException) -> str:
    """The line of a Ray error that tells what happened in the worker."""
    cause = getattr(error, "cause", None) or error
    lines = [line.strip() for line in str(cause).splitlines() if line.strip()]
    return f"{type(cause).__name__}: {lines[-1] if lines else ''}"
