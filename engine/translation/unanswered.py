"""What a server did not answer: a named failure of each request, of this run alone, as nothing remembers it."""

from __future__ import annotations

import polars as pl

from glotmill.engine.llm.contract import GONE
from glotmill.engine.memory.entries import FAILED
from glotmill.engine.runs.run import Run
from glotmill.engine.translation.unit_entries import all_whole, entries_of_unit, machine_failed
from glotmill.engine.translators.contract import TranslatorSpec
from glotmill.engine.workers.units import UnitResult
from glotmill.schemas.errors import WorkerError


class Unanswered:
    """The requests without an answer.

    Args:
        spec: Who was sent them.
        run: Notes each of them.
        failures: The failure by the memory's key; windows share it, as they share texts.
    """

    def __init__(self, spec: TranslatorSpec, run: Run, failures: dict[str, str]) -> None:
        self._spec = spec
        self._run = run
        self._failures = failures

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._failures)

    def among(self, keys: pl.Series) -> int:
        """How many of some keys are theirs."""
        return int(keys.is_in(list(self._failures)).sum())

    def note(self, phase: str, result: UnitResult) -> None:
        """Take note of the rows of a unit that were not answered.

        Raises:
            WorkerError: Nothing more was sent to the server: it failed too often, or refuses the key or the model.
        """
        if all_whole(result):
            return
        made = entries_of_unit(self._spec, result).append_column("detail", result.results["detail"])
        rows = made.filter(machine_failed(made["failure"])).select(["key", "failure", "detail"]).to_pylist()
        for row in rows:
            self._failures[row["key"]] = row["failure"]
            reason = row["failure"].removeprefix(FAILED)
            self._run.failure(phase=phase, unit=result.unit.number, key=row["key"], reason=reason, detail=row["detail"])
        gone = [row["detail"] for row in rows if row["failure"] == FAILED + GONE]
        if gone:
            msg = (
                f"the server of {self._spec.model} was given up, {len(rows)} of {made.num_rows} requests without an "
                f"answer: {gone[0]}; what it answered is in the memory: run the same command again"
            )
            raise WorkerError(msg)

    def entries(self, wanted: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
        """Entries for the wanted rows that are theirs.

        Args:
            wanted: A column key among others.
            found: The entries that the memory has of them, with the columns to give.
        """
        rows = wanted.join(found.select("key"), on="key", how="anti").select("key")
        rows = rows.filter(pl.col("key").is_in(list(self._failures)))
        entry = {"failure": pl.col("key").replace_strict(self._failures, return_dtype=pl.String)}
        entry |= {"attempt": pl.lit(1), "hit_limit": pl.lit(value=False), "origin": pl.lit("machine")}
        return rows.select([
            (pl.col("key") if name == "key" else entry.get(name, pl.lit(None))).cast(kind).alias(name)
            for name, kind in found.schema.items()
        ])  # fmt: skip
