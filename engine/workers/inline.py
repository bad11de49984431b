"""Units done in this process, without Ray."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Self

from engine.translators.contract import Translator, TranslatorSpec
from engine.translators.registry import load_translator
from engine.workers.units import Unit, UnitResult, translate_unit
from schemas.errors import TranslatorError, WorkerError


class InlinePool:
    """A pool of one worker: the caller."""

    def __init__(self, spec: TranslatorSpec) -> None:
        self.workers = 1
        self._spec = spec
        self._translator: Translator | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._translator = None

    def start(self) -> None:
        """Load the model."""
        self._loaded()

    def _loaded(self) -> Translator:
        if self._translator is None:
            self._translator = load_translator(self._spec)
        return self._translator

    def run(self, units: Iterable[Unit]) -> Iterator[UnitResult]:
        """The result of each unit, in order."""
        for unit in units:
            try:
                results = translate_unit(self._loaded(), unit.rows)
            except TranslatorError as error:
                msg = f"unit {unit.number} failed: {error}"
                raise WorkerError(msg) from error
            yield UnitResult(unit, results)
