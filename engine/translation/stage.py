"""Translate: what is requested, minus what the memory knows, done in units and read back.

Guarantees: units are written down before work begins and a resume finishes them as written; every unit is
committed to the memory before it counts; entries are read back from the memory, one for each requested segment, or
the stage raises. What a server did not answer is a named failure of this run alone: nothing remembers it. Beside the
requested texts, one language's entries are in memory at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Protocol

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from glotmill.engine.memory.entries import DIRECTION, Direction
from glotmill.engine.memory.translations import Memory
from glotmill.engine.runs.run import Run
from glotmill.engine.translation.counts import SegmentCount, Usage
from glotmill.engine.translation.keyed_requests import not_requested, with_keys
from glotmill.engine.translation.known_entries import KnownEntries
from glotmill.engine.translation.requests import RequestSource
from glotmill.engine.translation.settled import Settled
from glotmill.engine.translation.unanswered import Unanswered
from glotmill.engine.translation.unit_entries import all_whole, entries_of_unit, machine_failed
from glotmill.engine.translation.unit_work import UnitWork
from glotmill.engine.translation.window_order import WindowPlace, alone
from glotmill.engine.translators.contract import SERVER_DEVICE, TranslatorSpec
from glotmill.engine.translators.shared.choosing_engines import check_decided
from glotmill.engine.workers.pool import Pool
from glotmill.engine.workers.units import UnitResult
from glotmill.schemas.errors import ConservationError

KEYS_AT_ONCE = 1_000_000  # of a look-up; with a million more of the last direction's at the most
ENTRY = ["failure", "logprob", "target_tokens", "hit_limit", "attempt", "origin"]
SEEN = ["key", "text", *ENTRY]
READ_AGAIN = ("record", "forward")  # phases whose entries more than one later phase reads
TO_DO = {"key": pl.String, "source_lang": pl.String, "target_lang": pl.String, "text": pl.String}


class Work(Protocol):
    """What later stages need of this one."""

    def entries(self, phase: str, direction: Direction) -> pl.DataFrame:
        """The entries of a phase's segments in one direction, as `TranslateStage.entries` gives them."""

    def entries_in_turn(self, phase: str, directions: Iterable[Direction]) -> Iterator[tuple[Direction, pl.DataFrame]]:
        """The same of several directions, one after the other; those of small ones are looked up together."""

    def count(self, phase: str, direction: Direction) -> int:
        """How many different segments a phase has in one direction."""


def in_portions(frames: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Several small directions as one frame: each look-up reads the memory once."""
    waiting: list[pl.DataFrame] = []
    for frame in frames:
        waiting.append(frame)
        if sum(waited.height for waited in waiting) >= KEYS_AT_ONCE:
            yield pl.concat(waiting)
            waiting = []
    if waiting:
        yield pl.concat(waiting)


class TranslateStage:
    """The stage with its tools: the memory, the run that notes its units, the pool that does them."""

    def __init__(
        self, spec: TranslatorSpec, memory: Memory, run: Run, pool: Pool, place: WindowPlace | None = None
    ) -> None:
        self._spec = spec
        self._place = place or alone()
        self._memory = memory
        self._run = run
        self._work = UnitWork(spec, run, pool, last=self._place.last)
        self._noted = 0
        self._unanswered = Unanswered(spec, run, self._place.unanswered)
        self._usage = Usage()
        self._partial = False
        self._known = KnownEntries(run, lambda: memory.translations.last)

    def look(self, phase: str, requested: RequestSource, *, retry_failed: bool) -> pl.DataFrame:
        """What a phase would send to the engine, and send nothing; from now on `entries` may lack translations.

        Returns:
            Columns key, source_lang, target_lang and text, one row a segment.
        """
        self._partial = True
        with self._place.planning(phase) as before:
            return self._missing(phase, requested, before, retry_failed=retry_failed)[2]

    def translate(
        self, phase: str, requested: RequestSource, *, retry_failed: bool, advance: Callable[[int, int], None]
    ) -> SegmentCount:
        """Have entries in the memory for all segments.

        Args:
            phase: ``forward`` or ``back``; names the files of the run.
            requested: The segments.
            retry_failed: Send remembered failures again.
            advance: Is called with (segments done now, segments to do in all); none done when the workers are ready.

        Raises:
            ConservationError: A segment has no entry after all units were done.
            InputError: The engine chooses by a fit that is not made yet.
            WorkerError: A unit cannot be done.
        """
        check_decided(self._spec)
        with self._place.planning(phase) as before:
            total, unique, todo, settled = self._missing(phase, requested, before, retry_failed=retry_failed)
        self._usage = Usage()
        self._note_set_aside()
        # To a server batches are nothing: what is missing is planned again, and nothing is sent, and paid for, twice.
        resume = self._spec.placement.device != SERVER_DEVICE
        sent = 0
        for result in self._work.results(phase, todo, self._commit, advance, resume=resume):
            sent += result.results.num_rows
            self._take_usage(result.results)
            self._unanswered.note(phase, result)
            settled.add_results(result.results)
        self._place.await_entries(phase)
        if self._memory.frozen and phase.partition(".")[0] in READ_AGAIN:
            self._keep(phase, requested)
        retried, failed, unanswered = settled.retried, 0, 0
        if not settled.all_whole(unique) or sent != todo.height:
            retried, failed, unanswered = self._counted(phase, requested)
        known = unique - todo.height
        count = SegmentCount(total, unique, sent, known, retried, failed, unanswered, usage=self._usage)
        self._run.event("phase_done", phase=phase, **asdict(count))
        return count

    def _counted(self, phase: str, requested: RequestSource) -> tuple[int, int, int]:
        """(decoded again, without a translation, of these not answered), of a phase's segments as they are read."""
        retried = failed = unanswered = 0
        for wanted in self._wanted(phase, requested):
            found = self._found(phase, wanted, ["key", "failure", "attempt"])
            retried += int((found["attempt"] > 1).sum())
            failed += int(found["failure"].is_not_null().sum())
            unanswered += self._unanswered.among(found["key"])
        return retried, failed, unanswered

    def _keep(self, phase: str, requested: RequestSource) -> None:
        """Keep what the memory says of a phase's segments at hand, as several later phases read it."""
        self._known.begin()
        for wanted in self._wanted(phase, requested):
            self._known.keep(phase, wanted, self._read(phase, wanted, SEEN))
        self._known.planned(phase)

    def _wanted(self, phase: str, requested: RequestSource) -> Iterator[pl.DataFrame]:
        return in_portions(self._run.read_requests(phase, direction) for direction in requested.directions())

    def _missing(
        self, phase: str, requested: RequestSource, before: Sequence[int], *, retry_failed: bool
    ) -> tuple[int, int, pl.DataFrame, Settled]:
        """(requested segments, different ones, `TO_DO` of those that neither the memory knows nor windows before, what
        is certain of the rest)."""
        total = unique = 0
        settled = Settled()
        # A failure that this run committed before it was killed is not sent yet again.
        failures = self._run.began(self._memory.translations.last) if retry_failed else None
        missing = [pl.DataFrame(schema=TO_DO)]
        self._known.begin()
        for wanted in in_portions(self._write_requests(phase, requested)):
            total += int(wanted["asked"].sum())
            unique += wanted.height
            if retry_failed:  # what a failure is replaced by is known when it was sent again
                lacking = self._memory.missing(wanted, retry_failures_up_to=failures)
            else:
                entries, lacking = self._memory.known(wanted, SEEN)
                self._known.keep(phase, wanted, entries)
                settled.add_entries(entries)
            missing.append(not_requested(self._run, before, phase, lacking.select(TO_DO.keys())))
        if not retry_failed:
            self._known.planned(phase)
        return total, unique, pl.concat(missing), settled

    def _write_requests(self, phase: str, requested: RequestSource) -> Iterator[pl.DataFrame]:
        """The requests by direction, with keys; kept on disk to be read again."""
        for direction, table in requested.tables():
            wanted = with_keys(direction, table, self._spec.fingerprint_into(direction.target_lang))
            self._run.write_requests(phase, direction, wanted)
            yield wanted

    def entries(self, phase: str, direction: Direction) -> pl.DataFrame:
        """The entries of a phase's segments in one direction, read back from the memory; null where `look` found none.

        Returns:
            Columns text (the request), carrier, key, translation, `ENTRY`, engine (the fingerprint of the engine)
            and record (null: no part of a whole record), one row a segment, sorted by text.

        Raises:
            ConservationError: A segment has no entry.
        """
        return self.entries_of(phase, [direction]).drop(DIRECTION)

    def entries_in_turn(self, phase: str, directions: Iterable[Direction]) -> Iterator[tuple[Direction, pl.DataFrame]]:
        """The same of several directions, one after the other; those of small ones are looked up together."""
        for portion in self.portions(phase, directions):
            yield from by_direction(self.entries_of(phase, portion), portion)

    def count(self, phase: str, direction: Direction) -> int:
        """How many different segments a phase has in one direction."""
        return self._run.count_requests(phase, direction)

    def portions(self, phase: str, directions: Iterable[Direction]) -> Iterator[list[Direction]]:
        """Directions of which the entries are looked up together: about `KEYS_AT_ONCE`."""
        waiting: list[Direction] = []
        held = 0
        for direction in directions:
            waiting.append(direction)
            held += self.count(phase, direction)
            if held >= KEYS_AT_ONCE:
                yield waiting
                waiting, held = [], 0
        if waiting:
            yield waiting

    def entries_of(self, phase: str, directions: Iterable[Direction]) -> pl.DataFrame:
        """The same of several directions, with `glotmill.engine.memory.entries.DIRECTION`, in one look-up."""
        wanted = pl.concat([self._run.read_requests(phase, direction) for direction in directions])
        found = self._found(phase, wanted, SEEN).rename({"text": "translation"})
        rows = wanted.select(*DIRECTION, "text", "carrier", "key")
        rows = rows.join(found, on="key", how="left", maintain_order="left")
        prints = {lang: self._spec.fingerprint_into(lang) for lang in wanted["target_lang"].unique()}
        engine = pl.col("target_lang").replace_strict(prints, return_dtype=pl.String)
        return rows.with_columns(engine=engine, record=pl.lit(None, pl.String))

    def _found(self, phase: str, wanted: pl.DataFrame, columns: list[str]) -> pl.DataFrame:
        """Columns of the entries of all wanted rows: all requests of a phase in some directions."""
        found = self._read(phase, wanted, columns)
        self._note_set_aside()
        if self._unanswered:
            found = pl.concat([found, self._unanswered.entries(wanted, found)])
        if found.height != wanted.height and not self._partial:
            lost = wanted.join(found, on="key", how="anti")["text"]
            msg = (
                f"{len(lost)} segments have no memory entry after all units were done, such as {lost[0]!r}; "
                f"run the same command again to have them translated"
            )
            raise ConservationError(msg)
        return found

    def _read(self, phase: str, wanted: pl.DataFrame, columns: list[str]) -> pl.DataFrame:
        """What the memory has of them."""
        return self._known.read(
            phase, wanted, columns, lambda rows, last: self._memory.lookup(rows, columns, after=last)
        )

    def _commit(self, result: UnitResult) -> str | None:
        """Remember what was answered; the file's name, None where nothing was."""
        made = entries_of_unit(self._spec, result)
        answered = made if all_whole(result) else made.filter(pc.invert(machine_failed(made["failure"])))
        return self._memory.commit(answered).name if answered.num_rows else None

    def _take_usage(self, results: pa.Table) -> None:
        """Count what a unit took."""
        names = ("requests", "prompt_tokens", "completion_tokens")
        requests, read, wrote = (int(np.nansum(results[name].to_numpy())) for name in names)
        price = getattr(self._spec.section, "price", None)
        cost = price.cost(read, wrote) if price else None
        self._usage += Usage(requests, read, wrote, cost)

    def _note_set_aside(self) -> None:
        for file in self._memory.set_aside[self._noted :]:
            self._run.event("memory_file_set_aside", file=file.location, reason=file.reason)
        self._noted = len(self._memory.set_aside)


def by_direction(entries: pl.DataFrame, directions: Iterable[Direction]) -> Iterator[tuple[Direction, pl.DataFrame]]:
    """The entries of each direction, out of those of several."""
    parts = entries.partition_by(DIRECTION, as_dict=True, maintain_order=True, include_key=False)
    nothing = entries.clear().drop(DIRECTION)
    for direction in directions:
        yield direction, parts.get((direction.source_lang, direction.target_lang), nothing)
