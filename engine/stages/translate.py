"""Translate: what is asked for, minus what the memory knows, done in units and read back.

Guarantees: units are written down before work begins and a resume finishes them as written; every unit is
committed to the memory before it counts; the entries handed on are read back from the memory, one for each
segment asked for, or the stage raises.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import asdict, dataclass

import polars as pl
import pyarrow as pa

from engine.stages.segment import segment_table
from engine.store.memory import FAILED, MEMORY_SCHEMA, Memory
from engine.store.runs import Run
from engine.text.segments import split
from engine.translators import TranslatorSpec
from engine.workers.pool import Pool
from engine.workers.units import UnitResult, plan_units, units_of
from schemas.errors import ConservationError
from schemas.keys import memory_keys

DIRECTION = ["source_lang", "target_lang"]
ENTRY = ["failure", "logprob", "target_tokens", "hit_limit", "attempt"]


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

    def translate(
        self,
        phase: str,
        segments: pl.DataFrame,
        *,
        retry_failed: bool,
        advance: Callable[[int, int], None],
    ) -> tuple[pl.DataFrame, SegmentCount]:
        """Have entries for all segments.

        Args:
            phase: ``forward`` or ``back``; names the unit files.
            segments: `engine.stages.segment.SEGMENT_SCHEMA`.
            retry_failed: Ask remembered failures again.
            advance: Told (segments done now, segments to do in all); none done when the workers are ready.

        Returns:
            Columns source_lang, target_lang, text (the request), carrier, key and the memory's translation and
            `ENTRY`; and the counts.

        Raises:
            ConservationError: A segment has no entry after all units were done.
            WorkerError: A unit cannot be done.
        """
        wanted = with_keys(segments, self._spec.fingerprint)
        missing = self._missing(wanted, retry_failed=retry_failed)
        known = wanted.height - missing.height
        sent = self._do(phase, missing, advance)
        found = self._memory.lookup(wanted["key"])
        entries = wanted.join(
            found.select("key", *ENTRY, pl.col("text").alias("translation")),
            on="key",
            how="left",
            maintain_order="left",
        )
        lost = entries.filter(pl.col("translation").is_null() & pl.col("failure").is_null())
        if lost.height:
            msg = f"{lost.height} segments have no memory entry after all units were done, such as {lost['text'][0]!r}"
            raise ConservationError(msg)
        count = SegmentCount(
            asked=int(wanted["asked"].sum()),
            unique=wanted.height,
            translated=sent,
            from_memory=known,
            retried=int((entries["attempt"] > 1).sum()),
            failed=int(entries["failure"].is_not_null().sum()),
        )
        self._run.event("phase_done", phase=phase, **asdict(count))
        return entries.drop("asked"), count

    def _missing(self, wanted: pl.DataFrame, *, retry_failed: bool) -> pl.DataFrame:
        found = self._memory.lookup(wanted["key"])
        if retry_failed:
            found = found.filter(pl.col("failure").is_null())
        return wanted.join(found.select("key"), on="key", how="anti")

    def _do(self, phase: str, missing: pl.DataFrame, advance: Callable[[int, int], None]) -> int:
        """Finish the units that an earlier attempt wrote down, then plan and do the rest; segments sent."""
        sent = 0
        for path in self._run.unit_files(phase):
            units = pl.read_parquet(path, glob=False)
            open_units = units.join(missing.select("key"), on="key", how="semi")["unit"].unique()
            outstanding = units.filter(pl.col("unit").is_in(open_units.to_list()))
            sent += self._work(outstanding, advance, sent + missing.height)
            missing = missing.join(outstanding.select("key"), on="key", how="anti")
        if missing.height:
            section = self._spec.section
            units = plan_units(
                missing.select("key", *DIRECTION, "text"),
                batch_tokens=section.batch_tokens,
                unit_tokens=section.unit_tokens,
            )
            self._run.write_units(phase, units)
            sent += self._work(units, advance, sent + units.height)
        return sent

    def _work(self, units: pl.DataFrame, advance: Callable[[int, int], None], total: int) -> int:
        if units.height:
            self._pool.start()
            advance(0, total)
        for result in self._pool.run(units_of(units)):
            self._memory.commit(self._entries(result))
            self._run.event("unit_done", unit=result.unit.number, segments=result.results.num_rows)
            advance(result.results.num_rows, total)
        return units.height

    def _entries(self, result: UnitResult) -> pa.Table:
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
        )  # fmt: skip
        return frame.select(MEMORY_SCHEMA.names).to_arrow().cast(MEMORY_SCHEMA)


def with_keys(segments: pl.DataFrame, fingerprint: str) -> pl.DataFrame:
    """One row for each different segment and direction, with its memory key, in a fixed order."""
    unique = segments.group_by(*DIRECTION, "text").agg(pl.col("asked").sum(), pl.col("carrier").all())
    unique = unique.sort(*DIRECTION, "text")
    keys = [
        pl.Series(memory_keys(fingerprint, str(source), str(target), group["text"]), dtype=pl.String)
        for (source, target), group in unique.group_by(DIRECTION, maintain_order=True)
    ]
    column = pl.concat(keys) if keys else pl.Series([], dtype=pl.String)
    return unique.with_columns(key=column)


def back_segments(forward: pl.DataFrame) -> pl.DataFrame:
    """The segments of the way back: the sentences of every translation but carriers', languages swapped."""
    counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for source, target, translation in _to_return(forward).iter_rows():
        counts[target, source].update(split(translation, target).requests)
    return segment_table((source, target, texts, False) for (source, target), texts in counts.items())


def _to_return(forward: pl.DataFrame) -> pl.DataFrame:
    return forward.filter(pl.col("translation").is_not_null() & ~pl.col("carrier")).select(*DIRECTION, "translation")


def join_back(forward: pl.DataFrame, back: pl.DataFrame | None) -> pl.DataFrame:
    """The forward entries with their back-translation: null where there is none, or a sentence of it failed."""
    if back is None:
        return forward.with_columns(back=pl.lit(None, pl.String), back_failed=pl.lit(value=False))
    found = {
        (source, target, text): returned
        for source, target, text, returned in back.select(*DIRECTION, "text", "translation").iter_rows()
    }
    asked = _to_return(forward).unique()
    returned = [_returned(translation, target, source, found) for source, target, translation in asked.iter_rows()]
    known = asked.with_columns(back=pl.Series(returned, dtype=pl.String))
    known = known.with_columns(back_failed=pl.col("back").is_null())
    return forward.join(known, on=[*DIRECTION, "translation"], how="left", maintain_order="left")


def _returned(text: str, lang: str, into: str, found: dict[tuple[str, str, str], str | None]) -> str | None:
    cut = split(text, lang)
    ways = {request: found[lang, into, request] for request in cut.requests}
    if any(way is None for way in ways.values()):
        return None
    return cut.join(lambda request: str(ways[request]))
