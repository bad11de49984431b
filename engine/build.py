"""The sequence of stages that makes a dataset."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from engine.balance import check_languages, check_sources, count_assigned
from engine.job import Job
from engine.progress import ProgressReport
from engine.publish.card import CardFacts, card
from engine.samples import Samples, make_samples
from engine.stages.answer_dictionary import frequent_answers
from engine.stages.compose import Composer
from engine.stages.forced import ForcedCount, ForcedStage
from engine.stages.ingest import SourceCount
from engine.stages.pack import Packer
from engine.stages.sample_files import sample_rows
from engine.stages.segment import ALL, Needed, Segments, segments_of
from engine.stages.spare import still_needed
from engine.stages.translate import SegmentCount, TranslateStage
from engine.stages.way_back import WayBack, entries_into
from engine.store.commit import build_lock, commit, recover, staging
from engine.store.files import write_bytes
from engine.store.images import image_shards
from engine.store.manifest import write_manifest
from engine.store.memory import Memory
from engine.store.runs import Run
from engine.store.scores import ScoreStore
from engine.store.shards import Shard
from engine.summary import BuildSummary, LanguageCount, count_language
from engine.text.composition import EngineName
from engine.translators import TranslatorSpec
from engine.workers.pool import Pool, make_pool
from engine.workers.stopping import stop_on_signal
from schemas.record import record_schema

COMMITTED = ("samples", "dataset")
SPLITS = ("train", "validation", "test")


@dataclass(frozen=True, slots=True)
class PackedLanguage:
    """One language's shards, and its balance."""

    shards: list[Shard]
    count: LanguageCount


def build(job: Job, progress: ProgressReport) -> BuildSummary:
    """Make a dataset, or bring it up to date.

    Kill it at any moment and run it again: what was translated stays translated, and the dataset is the old one
    or the new one.

    Raises:
        GlotmillError: The build failed; the message says why, nothing was committed to the dataset.
    """
    with build_lock(job.folder):
        recover(job.folder)
        with staging(job.folder) as staged:
            samples = make_samples(job, staged, progress)
            run = Run.open(job.folder, {"recipe": job.recipe.lock(), **job.facts()}, job.digest())
            job = job.with_answers(frequent_answers(samples.files, job.recipe.answers.dictionary))
            memory = Memory(job.memory)
            scores = ScoreStore(job.memory)
            translated = _translate(job, samples.files, memory, scores, run, progress)
            packed = _pack(job, samples, translated, scores, staged / "dataset", progress)
            shards = {lang: done.shards for lang, done in packed.items()}
            _describe(job, samples.sources, shards, staged / "dataset")
            check_sources(staged / "samples", samples.sources)
            check_languages(samples.files, staged / "dataset", shards)
            commit(job.folder, COMMITTED)
        summary = BuildSummary(
            dataset=job.folder / "dataset",
            sources=samples.sources,
            derived=samples.derived,
            mix=samples.mix,
            languages={lang: done.count for lang, done in packed.items()},
            segments=translated.there,
            back_translation=translated.back,
            forced=translated.forced,
            set_aside=[file.location for file in (*memory.set_aside, *scores.set_aside)],
            seconds=progress.seconds,
            max_failed=job.recipe.max_failed,
        )
        run.finish(summary.as_json())
    return summary


@dataclass(frozen=True, slots=True)
class Translated:
    """What the translate stage left in the memory, and how to read it back.

    Attributes:
        work: Reads a language's entries.
        asked: The segments.
        needed: Which of them the way back and the forced scores were asked for.
        there: Counts of the way there.
        back: Counts of the way back; None where nothing is translated back.
        forcing: Reads the forced scores; None where there are none.
        forced: Their counts.
    """

    work: TranslateStage
    asked: Segments
    needed: Needed
    there: SegmentCount
    back: SegmentCount | None
    forcing: ForcedStage | None
    forced: ForcedCount | None

    def into(self, lang: str) -> pl.DataFrame:
        """The entries into a language with their way back and their forced scores."""
        return entries_into(
            self.work, lang, self.asked, returned=self.back is not None, forced=self.forcing, needed=self.needed
        )


def _translate(
    job: Job, files: list[Path], memory: Memory, scores: ScoreStore, run: Run, progress: ProgressReport
) -> Translated:
    with progress.stage("segment", "segments") as stage:
        segments = segments_of(files, job.answers)
        stage.advance(segments.total())
    back = forcing = forced = None
    with stop_on_signal(progress.say) as stop, ExitStack() as pools:

        def pool_of(spec: TranslatorSpec) -> Pool:
            pools.close()  # one engine in memory at a time
            workers, address = job.recipe.workers, job.ray_address
            return pools.enter_context(make_pool(spec, workers, ray_address=address, stop=stop, note=run.event))

        pool = pool_of(job.translator)
        work = TranslateStage(job.translator, memory, run, pool)
        with progress.stage("translate", "segments") as stage:
            there = work.translate("forward", segments, retry_failed=job.retry_failed, advance=stage.advance)
        stop.check()
        needed = _needed(job, files, work, segments, scores)
        if job.needs_forced_scores:
            forcing = ForcedStage(job.translator, work, segments, scores, run, pool, needed)
            with progress.stage("force", "pairs") as stage:
                forced = forcing.force(stage.advance)
        stop.check()
        if job.needs_back_translation:
            if job.back_translator != job.translator:
                pool = pool_of(job.back_translator)
            returning = TranslateStage(job.back_translator, memory, run, pool)
            way_back = WayBack(work, segments, needed)
            with progress.stage("back", "segments") as stage:
                back = returning.translate("back", way_back, retry_failed=job.retry_failed, advance=stage.advance)
        stop.check()
    return Translated(work, segments, needed, there, back, forcing, forced)


def _needed(job: Job, files: list[Path], work: TranslateStage, asked: Segments, scores: ScoreStore) -> Needed:
    """What needs a way back and forced scores: all of it, unless the recipe spares what cheap rules reject."""
    # A dictionary's answers are composed from their way back, so before it nothing is final.
    if not job.recipe.score.skip_rejected or job.answers.needs_back_translation:
        return ALL
    composers = (
        Composer(lang, partial(entries_into, work, asked=asked, returned=False), job.answers, _engine_name(job))
        for lang in job.recipe.languages
    )

    def rows_of(lang: str) -> Iterator[dict[str, Any]]:
        return (row for split in SPLITS for row in sample_rows(files, lang, split))

    return still_needed(composers, rows_of, job.answers, job.scorers, job.policy, scores)


def _engine_name(job: Job) -> EngineName:
    spec = job.translator
    return EngineName(spec.engine, spec.model, spec.fingerprint)


def _pack(
    job: Job, samples: Samples, translated: Translated, scores: ScoreStore, root: Path, progress: ProgressReport
) -> dict[str, PackedLanguage]:
    """Shards and counts by language."""
    packer = Packer(
        root, job.scorers, job.policy, job.recipe.pack, scores, job.translate_facts(), job.recipe.score.skip_rejected
    )
    engine = _engine_name(job)
    packed = {}
    splits = [split for split in SPLITS if split in samples.mix.splits]
    total = sum(count_assigned(samples.files).values())
    with progress.stage("pack", "records") as stage:
        advance = partial(stage.advance, total=total)
        for lang in job.recipe.languages:
            composer = Composer(lang, translated.into, job.answers, engine)
            shards = [
                shard
                for split in splits
                for shard in packer.language(lang, split, sample_rows(samples.files, lang, split), composer, advance)
            ]
            packed[lang] = PackedLanguage(shards, count_language(shards, composer.origins))
    return packed


def _describe(job: Job, counts: dict[str, SourceCount], shards: dict[str, list[Shard]], root: Path) -> None:
    """Write manifest, recipe lock and card."""
    facts = job.facts()
    for source in facts["sources"]:
        count = counts[source["name"]]
        source |= {"read": count.read, "samples": count.samples, "rejected": count.rejected, "images": count.images}
    facts["images"] = image_shards(root)
    write_manifest(root, shards, facts)
    lock = yaml.safe_dump(job.recipe.lock(), allow_unicode=True, width=100)
    write_bytes(root / "recipe.lock.yaml", lock.encode())
    schema = record_schema(metric for scorer in job.scorers for metric in scorer.metrics)
    model, unreliable = job.translator, job.policy.unreliable
    page = card(
        CardFacts(job.recipe, shards, schema, facts["sources"], model.model, model.license, facts["images"], unreliable)
    )
    write_bytes(root / "README.md", page.encode())
