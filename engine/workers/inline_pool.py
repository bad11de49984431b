"""Units done in this process, without Ray.

An engine that raises is loaded again and its rows are searched, as on Ray; but one that hangs or ends the process
takes the build with it: only workers of their own can be replaced.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from traceback import format_exc
from types import TracebackType
from typing import Self

from glotmill.engine.translators.contract import Translator, TranslatorSpec
from glotmill.engine.translators.registry import load_translator
from glotmill.engine.workers.recovery import UnitRecovery
from glotmill.engine.workers.stopping import StopSwitch
from glotmill.engine.workers.units import Failure, Note, Unit, UnitResult, do_unit
from glotmill.schemas.errors import TranslatorError, WorkerError


class InlinePool:
    """A pool of one worker: the caller."""

    def __init__(self, spec: TranslatorSpec, stop: StopSwitch, note: Note) -> None:
        self.workers = 1
        self._spec = spec
        self._stop = stop
        self._note = note
        self._translator: Translator | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._translator = None
        self._note("workers_ended")

    def start(self) -> None:
        """Load the model."""
        self._stop.check()
        try:
            self._loaded()
        except TranslatorError as error:
            msg = f"the worker cannot be started: {error}"
            raise WorkerError(msg) from error

    def _loaded(self) -> Translator:
        if self._translator is None:
            self._note("worker_starting", worker=1)
            self._translator = load_translator(self._spec)
            self._note("worker_ready", worker=1)
        return self._translator

    def run(self, units: Iterable[Unit]) -> Iterator[UnitResult]:
        """The result of each unit, in order."""
        for unit in units:
            self._stop.check()
            case = UnitRecovery(unit)
            result = None
            while result is None:
                result = self._attempt(case)
            yield result
        self._stop.check()

    def _attempt(self, case: UnitRecovery) -> UnitResult | None:
        try:
            translator = self._loaded()
            self._note("unit_sent", worker=1, **case.unit.name)
            results = do_unit(translator, case.rows)
        except TranslatorError as error:
            self._translator = None
            self._note(
                "attempt_failed", worker=1, unit=case.unit.number,
                reason="engine_error", detail=str(error), trace=format_exc(),
            )  # fmt: skip
            case.failed(Failure("engine_error", str(error)))
            return None
        return case.passed(results)
