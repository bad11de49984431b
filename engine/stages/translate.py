"""Translate: what is asked for, minus what the memory knows, done in units and read back.

Guarantees: units are written down before work begins and a resume finishes them as written; every unit is
committed to the memory before it counts; entries are read back from the memory, one for each segment asked for, or
the stage raises. Beside the texts asked for, one language's entries are in memory at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass

import polars as pl
import pyarrow as pa

from engine.stages.segment import Asked
from engine.store.memory import DIRECTION, FAILED, MEMORY_SCHEMA, Direction, Memory
from engine.store.runs import Run
from engine.translators import TranslatorSpec
from engine.workers.pool import Pool
from engine.workers.units import Unit, UnitResult, plan_units
from schemas.errors import ConservationError
from schemas.keys import memory_keys

KEYS_AT_ONCE = 1_000_000  # of a look-up; with a million more of the last direction's at the most
ENTRY = ["failure", "logprob", "target_tokens", "hit_limit", "attempt", "origin"]
TO_DO = {"key": pl.String, "source_lang": pl.String, "target_lang": pl.String, "text": pl.String}


@dataclass(frozen=True, slots=True)
class SegmentCount:
    """What a translate stage did.

    Attributes:
        asked: Segments of all records, repetitions included, copied text not.
        unique: Different (segment, direction) pairs among them.
        translated: Of those, sent to the engine in this run.
        from_memory: Of those, known when the stage began.
        retried: Of the unique ones, those that took a second decode, whenever that was.
        failed: Of the unique ones, those without a translation.
    """

    asked: int
    unique: int
    translated: int
    from_memory: int
    retried: int
    failed: int


class TranslateStage:
    """The stage with its tools: the memory, the run that notes its units, the pool that does them."""

    def __init__(self, spec: TranslatorSpec, memory: Memory, run: Run, pool: Pool) -> None:
        self._spec = spec
        self._memory = memory
        self._run = run
        self._pool = pool
        self._noted = 0
        self._partial = False

    def look(self, phase: str, asked: Asked, *, retry_failed: bool) -> pl.DataFrame:
        """What a phase would send to the engine, and send nothing; from now on `entries` may lack translations.

        Returns:
            Columns key, source_lang, target_lang and text, one row a segment.
        """
        self._partial = True
        return self._missing(phase, asked, retry_failed=retry_failed)[2]

    def translate(
        self, phase: str, asked: Asked, *, retry_failed: bool, advance: Callable[[int, int], None]
    ) -> SegmentCount:
        """Have entries in the memory for all segments.

        Args:
            phase: ``forward`` or ``back``; names the files of the run.
            asked: The segments.
            retry_failed: Ask remembered failures again.
            advance: Told (segments done now, segments to do in all); none done when the workers are ready.

        Raises:
            ConservationError: A segment has no entry after all units were done.
            WorkerError: A unit cannot be done.
        """
        total, unique, todo = self._missing(phase, asked, retry_failed=retry_failed)
        sent = self._do(phase, todo, advance)
        retried = failed = 0
        for wanted in self._in_portions(self._run.read_asked(phase, direction) for direction in asked.directions()):
            found = self._found(wanted, ["key", "failure", "attempt"])
            retried += int((found["attempt"] > 1).sum())
            failed += int(found["failure"].is_not_null().sum())
        count = SegmentCount(total, unique, sent, unique - todo.height, retried, failed)
        self._run.event("phase_done", phase=phase, **asdict(count))
        return count

    def _missing(self, phase: str, asked: Asked, *, retry_failed: bool) -> tuple[int, int, pl.DataFrame]:
        """(segments asked, different ones, `TO_DO` of those that the memory does not know)."""
        total = unique = 0
        # A failure that this run committed before it was killed is not asked yet again.
        failures = self._run.began(self._memory.translations.last) if retry_failed else None
        missing = [pl.DataFrame(schema=TO_DO)]
        for wanted in self._in_portions(self._write_asked(phase, asked)):
            total += int(wanted["asked"].sum())
            unique += wanted.height
            missing.append(self._memory.missing(wanted, retry_failures_up_to=failures).select(TO_DO.keys()))
        return total, unique, pl.concat(missing)

    def _write_asked(self, phase: str, asked: Asked) -> Iterator[pl.DataFrame]:
        """What is asked, by direction, with keys; kept on disk to be read again."""
        for direction in asked.directions():
            wanted = with_keys(direction, asked.table(direction), self._spec.fingerprint)
            self._run.write_asked(phase, direction, wanted)
            yield wanted

    @staticmethod
    def _in_portions(frames: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
        """Several small directions as one frame: each look-up reads the memory once."""
        waiting: list[pl.DataFrame] = []
        for frame in frames:
            waiting.append(frame)
            if sum(waited.height for waited in waiting) >= KEYS_AT_ONCE:
                yield pl.concat(waiting)
                waiting = []
        if waiting:
            yield pl.concat(waiting)

    def entries(self, phase: str, direction: Direction) -> pl.DataFrame:
        """The entries of a phase's segments in one direction, read back from the memory; null where `look` found none.

        Returns:
            Columns text (the request), carrier, key, translation and `ENTRY`, one row a segment, sorted by text.

        Raises:
            ConservationError: A segment has no entry.
        """
        wanted = self._run.read_asked(phase, direction)
        found = self._found(wanted, ["key", "text", *ENTRY]).rename({"text": "translation"})
        rows = wanted.select("text", "carrier", "key")
        return rows.join(found, on="key", how="left", maintain_order="left")

    def _found(self, wanted: pl.DataFrame, columns: list[str]) -> pl.DataFrame:
        """Columns of the entries of all wanted rows."""
        found = self._memory.lookup(wanted, columns)
        self._note_set_aside()
        if found.height != wanted.height and not self._partial:
            lost = wanted.join(found, on="key", how="anti")["text"]
            msg = (
                f"{len(lost)} segments have no memory entry after all units were done, such as {lost[0]!r}; "
                f"run the same command again to have them translated"
            )
            raise ConservationError(msg)
        return found

    def _do(self, phase: str, missing: pl.DataFrame, advance: Callable[[int, int], None]) -> int:
        """Finish the units that an earlier attempt wrote down, then plan and do the rest; segments sent."""
        sent = 0
        self._note_set_aside()
        for path in self._run.unit_files(phase):
            written = pl.scan_parquet(path, glob=False).select("unit", "key")
            begun = written.join(missing.lazy().select("key"), on="key", how="semi").select("unit").unique()
            outstanding = written.join(begun, on="unit", how="semi").collect()
            sent += self._work(phase, path.name, set(outstanding["unit"]), sent + missing.height, advance)
            missing = missing.join(outstanding.select("key"), on="key", how="anti")
        if missing.height:
            section = self._spec.section
            units = plan_units(missing, batch_tokens=section.batch_tokens, unit_tokens=section.unit_tokens)
            path = self._run.write_units(phase, units)
            numbers = set(units["unit"])
            del units
            sent += self._work(phase, path.name, numbers, sent + missing.height, advance)
        return sent

    def _work(self, phase: str, file: str, numbers: set[int], total: int, advance: Callable[[int, int], None]) -> int:
        """Do some units of a list that was written down; segments sent."""
        if not numbers:
            return 0
        self._pool.start()
        advance(0, total)
        sent = 0
        units = (Unit(number, rows) for number, rows in self._run.read_units(file, numbers))
        for result in self._pool.run(units):
            committed = self._memory.commit(self._made(result))
            self._run.event(
                "unit_done", phase=phase, unit=result.unit.number, segments=result.results.num_rows,
                file=committed.name, failed=len(result.results) - result.results["failure"].null_count,
                given_up=len(result.poisoned),
            )  # fmt: skip
            self._note_poisoned(phase, result)
            sent += result.results.num_rows
            advance(result.results.num_rows, total)
        return sent

    def _made(self, result: UnitResult) -> pa.Table:
        """A unit's memory entries: one for each of its rows."""
        rows, results = result.unit.rows, result.results
        if rows.num_rows != results.num_rows:
            msg = f"unit {result.unit.number}: {results.num_rows} results for {rows.num_rows} segments"
            raise ConservationError(msg)
        frame = pl.DataFrame(rows).select(
            "key", *DIRECTION, request="text"
        ).hstack(pl.DataFrame(results)).with_columns(
            translator=pl.lit(self._spec.fingerprint),
            failure=pl.lit(FAILED) + pl.col("failure"),
            origin=pl.lit("machine"),
            provenance=pl.lit(None, pl.String),
        )  # fmt: skip
        return frame.select(MEMORY_SCHEMA.names).to_arrow().cast(MEMORY_SCHEMA)

    def _note_poisoned(self, phase: str, result: UnitResult) -> None:
        for row, failure in result.poisoned.items():
            self._run.failure(
                phase=phase,
                unit=result.unit.number,
                key=result.unit.rows["key"][row].as_py(),
                reason=failure.reason,
                detail=failure.detail,
            )

    def _note_set_aside(self) -> None:
        for file in self._memory.set_aside[self._noted :]:
            self._run.event("memory_file_set_aside", file=file.location, reason=file.reason)
        self._noted = len(self._memory.set_aside)


def with_keys(direction: Direction, segments: pl.DataFrame, fingerprint: str) -> pl.DataFrame:
    """The segments of one direction with its languages and their memory keys."""
    keys = memory_keys(fingerprint, direction.source_lang, direction.target_lang, segments["text"])
    return segments.with_columns(
        source_lang=pl.lit(direction.source_lang),
        target_lang=pl.lit(direction.target_lang),
        key=pl.Series(keys, dtype=pl.String),
    )
