"""Unit work: what is missing, cut into units, done by the pool and committed unit by unit.

Guarantees: units are written down before work begins and a resume finishes them as written; every unit is committed
before it counts, with one result for each of its rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import polars as pl
import pyarrow as pa

from glotmill.engine.runs.run import Run
from glotmill.engine.translators.contract import TranslatorSpec
from glotmill.engine.workers.pool import Pool
from glotmill.engine.workers.unit_plan import plan_units
from glotmill.engine.workers.units import Unit, UnitResult
from glotmill.schemas.errors import ConservationError


class UnitWork:
    """The run that notes units, the pool that does them, and how they are cut."""

    def __init__(self, spec: TranslatorSpec, run: Run, pool: Pool, *, last: bool = True) -> None:
        self._spec = spec
        self._run = run
        self._pool = pool
        self._last = last  # whether no window comes after these units

    def results(
        self,
        phase: str,
        missing: pl.DataFrame,
        commit: Callable[[UnitResult], str | None],
        advance: Callable[[int, int], None],
        *,
        resume: bool = True,
    ) -> Iterator[UnitResult]:
        """Finish the units that an earlier attempt wrote down, then plan and do the rest; each unit once it is safe.

        Args:
            phase: Names the files of the run.
            missing: What `plan_units` takes.
            commit: Makes a unit's results safe; the name of their file, None where there was nothing to keep.
            advance: Is called with (rows done now, rows to do in all); none done when the workers are ready.
            resume: Whether units of an earlier attempt are finished as they were written down.

        Raises:
            WorkerError: A unit cannot be done.
        """
        sent = 0
        for path in self._run.checked_unit_files(phase) if resume else []:
            written = pl.scan_parquet(path, glob=False).select("unit", "key")
            begun = written.join(missing.lazy().select("key"), on="key", how="semi").select("unit").unique()
            outstanding = written.join(begun, on="unit", how="semi").collect()
            numbers = set(outstanding["unit"])
            yield from self._work(phase, path.name, numbers, commit, advance, sent + missing.height)
            sent += outstanding.height
            missing = missing.join(outstanding.select("key"), on="key", how="anti")
        if missing.height:
            units = self._planned(missing)
            path = self._run.write_units(phase, units)
            numbers = set(units["unit"])
            del units
            yield from self._work(phase, path.name, numbers, commit, advance, sent + missing.height)

    def _planned(self, missing: pl.DataFrame) -> pl.DataFrame:
        """What is missing in units.

        Those of one output vocabulary stand together, so that a worker loads each once. Sources alone are requested
        again by later windows, and pairs hardly ever, so before another window these share no file.
        """
        section, vocabularies = self._spec.section, self._spec.vocabularies
        langs: dict[str, list[str]] = {}
        for lang in missing["target_lang"].unique():
            kept = vocabularies.get(lang)
            langs.setdefault(kept.digest if kept else "", []).append(lang)
        alone = pl.col("source_lang") == pl.col("target_lang")
        parts = [
            pl.col("target_lang").is_in(chosen) & which
            for _, chosen in sorted(langs.items())
            for which in ([pl.lit(value=True)] if self._last else [alone, ~alone])
        ]
        ordered = [rows for part in parts if (rows := missing.filter(part)).height]
        return plan_units(
            *ordered, batch_tokens=section.batch_tokens, unit_tokens=section.unit_tokens, shrinking=self._last
        )

    def _work(
        self,
        phase: str,
        file: str,
        numbers: set[int],
        commit: Callable[[UnitResult], str | None],
        advance: Callable[[int, int], None],
        total: int,
    ) -> Iterator[UnitResult]:
        """Do some units of a list that was written down."""
        if not numbers:
            return
        self._pool.start()
        advance(0, total)
        self._run.event("units_planned", phase=phase, units=len(numbers))
        units = (Unit(number, rows, self._run.number) for number, rows in self._run.read_units(file, numbers))
        for result in self._pool.run(units):
            requested, given = result.unit.rows.num_rows, result.results.num_rows
            if requested != given:
                msg = f"unit {result.unit.number}: {given} results for {requested} segments"
                raise ConservationError(msg)
            committed = commit(result)
            self._run.event(
                "unit_done", phase=phase, unit=result.unit.number, segments=given, file=committed,
                failed=_failed(result.results), given_up=len(result.poisoned),
            )  # fmt: skip
            self._note_poisoned(phase, result)
            advance(given, total)
            yield result

    def _note_poisoned(self, phase: str, result: UnitResult) -> None:
        for row, failure in result.poisoned.items():
            self._run.failure(
                phase=phase,
                unit=result.unit.number,
                key=result.unit.rows["key"][row].as_py(),
                reason=failure.reason,
                detail=failure.detail,
            )


def _failed(results: pa.Table) -> int:
    """Rows without a translation, or without a score."""
    if "failure" in results.column_names:
        return len(results) - int(results["failure"].null_count)
    return int(results["values"].null_count)
