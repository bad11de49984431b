"""The phases of a window that a build sends to engines, in their order: records, forward, forced scores, back.

Guarantees: `build` does them and `plan` looks at them by this one sequence, so what plan counts is what build sends;
each phase reads from the memory what the ones before it left there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

import polars as pl
import pyarrow as pa

from glotmill.engine.commands.job import Job
from glotmill.engine.commands.prologue import Prologue
from glotmill.engine.memory.scores import ScoreStore
from glotmill.engine.records.composers import Composers
from glotmill.engine.records.shard_actions import Unknown
from glotmill.engine.records.skip_rejected import still_needed
from glotmill.engine.runs.progress import Stages
from glotmill.engine.runs.run import Run
from glotmill.engine.text.composition import EngineName
from glotmill.engine.text.segments import split
from glotmill.engine.translation.back_translation import back_requests
from glotmill.engine.translation.counts import RecordCount, SegmentCount
from glotmill.engine.translation.forced_scores import ForcedCount, ForcedStage
from glotmill.engine.translation.language_entries import LanguageEntries
from glotmill.engine.translation.record_requests import answered_whole, records_of
from glotmill.engine.translation.requests import ALL, RequestSource, Selection, segments_of, together
from glotmill.engine.translation.routed_stage import RoutedStage
from glotmill.engine.translation.stage import TO_DO, Work
from glotmill.engine.translation.window_order import WindowPlace
from glotmill.engine.workers.shared_pools import PoolsOf
from glotmill.schemas.languages import ENGLISH

NOTHING = SegmentCount()
Count = TypeVar("Count", SegmentCount, ForcedCount)
# The samples of a window, or those of one of its languages; each with its languages in the window.
SamplesOf = Callable[[str | None], Iterable[pa.Table]]


@dataclass(frozen=True, slots=True)
class PhaseRunner:
    """Does a phase, or only looks at what it would send.

    Attributes:
        work: The translate stage.
        retry_failed: Send remembered failures again.
        progress: Shows the phases.
        dry_run: Send nothing.
        check_stop: Raises where somebody has stopped the build.
    """

    work: RoutedStage
    retry_failed: bool
    progress: Stages
    dry_run: bool = False
    check_stop: Callable[[], None] = lambda: None

    def translate(self, name: str, phase: str, requests: RequestSource) -> tuple[SegmentCount, pl.DataFrame]:
        """(counts, what is still missing: columns of `TO_DO`); of a dry run, ``translated`` would be sent."""
        with self.progress.stage("look up" if self.dry_run else name, "segments") as stage:
            if self.dry_run:
                missing = self.work.look(phase, requests, retry_failed=self.retry_failed)
                unique = sum(table.height for _, table in requests.tables())
                stage.advance(unique)
                return SegmentCount(unique, unique, missing.height, unique - missing.height), missing
            count = self.work.translate(phase, requests, retry_failed=self.retry_failed, advance=stage.advance)
        self.check_stop()
        return count, pl.DataFrame(schema=TO_DO)

    def score(self, forced: ForcedStage) -> ForcedCount:
        """Counts of the forced scores; of a dry run, ``scored`` would be sent."""
        if self.dry_run:
            pairs = forced.look(retry_failed=self.retry_failed)
            return ForcedCount(pairs, pairs, 0, 0)
        with self.progress.stage("force", "pairs") as stage:
            count = forced.force(stage.advance)
        self.check_stop()
        return count


@dataclass(frozen=True, slots=True)
class PhaseCounts:
    """What the phases of one or more windows did.

    Attributes:
        there: Of the forward translation.
        back: Of the back-translation.
        forced: Of the forced scores; None where there are none.
        records: Of whole records; None where none was requested.
        by_segment: How many of those were requested by segment instead, by reason.
    """

    there: SegmentCount = NOTHING
    back: SegmentCount | None = None
    forced: ForcedCount | None = None
    records: SegmentCount | None = None
    by_segment: Mapping[str, int] = field(default_factory=dict)

    def __add__(self, other: PhaseCounts) -> PhaseCounts:
        return PhaseCounts(
            self.there + other.there,
            _sum(self.back, other.back),
            _sum(self.forced, other.forced),
            _sum(self.records, other.records),
            {**(Counter(self.by_segment) + Counter(other.by_segment))},
        )

    def with_prologue(self, prologue: Prologue) -> PhaseCounts:
        """The counts with the prologue's."""
        back = self.back
        if back is not None or prologue.back.unique:
            back = (back or NOTHING) + prologue.back
        return replace(self, there=self.there + prologue.there, back=back)

    @property
    def forward(self) -> SegmentCount:
        """Counts of the forward translation with what whole records took."""
        return self.there.with_records(self.records) if self.records else self.there

    @property
    def record_count(self) -> RecordCount | None:
        """What became of whole records."""
        whole = self.records
        return RecordCount(whole.unique, whole.unique - whole.failed, dict(self.by_segment)) if whole else None

    @property
    def unanswered(self) -> int:
        """Requests that a server did not answer."""
        return sum(way.unanswered for way in (self.records, self.there, self.back) if way)


def _sum(one: Count | None, other: Count | None) -> Count | None:
    return one + other if one is not None and other is not None else one or other


@dataclass(frozen=True, slots=True)
class Phases:
    """What the phases of a window left in the memory, and how to read it back.

    Attributes:
        work: The translate stage.
        entries: Reads a language's entries with what stands beside them.
        counts: What was done.
        unknown: The texts of which the memory lacks something, by language; empty but in a dry run.
    """

    work: RoutedStage
    entries: LanguageEntries
    counts: PhaseCounts
    unknown: Unknown

    def into(self, lang: str) -> pl.DataFrame:
        """The entries into a language with their back-translation and their forced scores."""
        return self.entries.into(lang)


@dataclass(frozen=True, slots=True)
class WindowTools:
    """What the phases of one window work with.

    Attributes:
        runner: Does a phase.
        scores: Keeps forced scores.
        run: Notes what is requested and done.
        pools: Do the forced scores.
        place: The window's place among those that are open.
    """

    runner: PhaseRunner
    scores: ScoreStore
    run: Run
    pools: PoolsOf
    place: WindowPlace


def run_phases(job: Job, samples: SamplesOf, tools: WindowTools) -> Phases:
    """Do, or look at, everything that the records of a window need of engines; the prologue is done.

    Args:
        job: The job, with what the prologue found out.
        samples: The window's samples.
        tools: What does it.
    """
    runner, work, unknown = tools.runner, tools.runner.work, _Unknown()
    by_record = job.routes.by_record
    records = records_of(samples(None), job.answers, by_record) if any(map(by_record, job.recipe.languages)) else None
    whole = None
    if records is not None:
        # In a dry run, what is not answered yet counts as fitting: a record that turns out not to is sent twice.
        whole, missing = runner.translate("records", "record", records)
        unknown.add_frame(missing)
    broken, reasons = work.broken_records()
    with runner.progress.stage("segment", "segments") as stage:
        done = answered_whole(job.answers, by_record, broken) if records is not None else None
        segments = segments_of(samples(None), job.answers, done)
        stage.advance(segments.total())
    there, missing = runner.translate("translate", "forward", segments)
    unknown.add_frame(missing)
    requested = segments if records is None else together([segments, records])
    needed = needed_of(job, samples, work, requested, tools.scores)
    forcing = forced = back = None
    if job.needs_forced_scores:
        forcing = ForcedStage(
            job.translator,
            work,
            requested,
            tools.scores,
            tools.run,
            tools.pools.of(job.translator),
            needed,
            tools.place,
        )
        forced = runner.score(forcing)
    if job.needs_back_translation:
        back, missing = runner.translate("back", "back", back_requests(work, requested, needed))
        unknown.add(_with_sentences(work, requested, missing))
    counts = PhaseCounts(there, back, forced, whole, dict(reasons))
    forcing = None if runner.dry_run else forcing
    returned, langs = job.needs_back_translation, job.recipe.languages
    entries = LanguageEntries(work, requested, returned=returned, forced=forcing, needed=needed, langs=langs)
    return Phases(work, entries, counts, unknown.frozen())


class _Unknown:
    """The texts of which the memory lacks something, collected by language."""

    def __init__(self) -> None:
        self._texts: dict[str, set[str]] = {}

    def add(self, texts: dict[str, set[str]]) -> None:
        for lang, more in texts.items():
            self._texts.setdefault(lang, set()).update(more)

    def add_frame(self, missing: pl.DataFrame) -> None:
        for lang, part in by_column(missing, "target_lang"):
            self.add({lang: set(part["text"])})

    def frozen(self) -> Unknown:
        return {lang: frozenset(texts) for lang, texts in self._texts.items()}


def by_column(rows: pl.DataFrame, column: str) -> Iterator[tuple[str, pl.DataFrame]]:
    """(value, its rows) of a column, in the order of their first rows."""
    for (value,), part in rows.group_by([column], maintain_order=True):
        yield str(value), part


def _with_sentences(work: RoutedStage, requested: RequestSource, missing: pl.DataFrame) -> dict[str, set[str]]:
    """The texts whose translations have a sentence without a back-translation, by language."""
    found: dict[str, set[str]] = {}
    for lang, part in by_column(missing, "source_lang"):
        lacking = set(part["text"])
        for direction in requested.directions():
            if direction.target_lang == lang:
                known = work.entries("forward", direction).filter(pl.col("translation").is_not_null())
                for text, translation in known.select("text", "translation").iter_rows():
                    if not lacking.isdisjoint(split(translation, lang).requests):
                        found.setdefault(lang, set()).add(text)
    return found


def needed_of(job: Job, samples: SamplesOf, work: Work, requested: RequestSource, scores: ScoreStore) -> Selection:
    """What needs back-translation and forced scores: all of it, unless the recipe skips what cheap rules reject."""
    # A dictionary's answers are composed from their back-translation, so before it nothing is final.
    if not job.recipe.score.skip_rejected or job.answers.needs_back_translation:
        return ALL
    entries = LanguageEntries(work, requested, returned=False, langs=job.recipe.languages)
    composers = map(composers_into(job, entries.into).of, job.recipe.languages)
    return still_needed(composers, samples, job.answers, job.scorers, job.policy, scores)


def composers_into(job: Job, into: Callable[[str], pl.DataFrame]) -> Composers:
    """What puts a job's records together, from the entries into each language."""
    langs = (*job.recipe.languages, ENGLISH)
    engines = {
        name: EngineName(spec.engine, spec.model, name)
        for spec in job.routes.all.values()
        for name in (spec.fingerprint, *(spec.fingerprint_into(lang) for lang in langs))
    }
    default = {lang: engines[job.translator.fingerprint_into(lang)] for lang in job.recipe.languages}
    by_record = frozenset(filter(job.routes.by_record, job.recipe.languages))
    return Composers(job.answers, engines, default, by_record, into)
