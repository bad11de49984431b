"""The sequence of stages that makes a dataset."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import polars as pl
import yaml

from engine.balance import check_languages, check_sources, count_assigned
from engine.job import Job
from engine.progress import ProgressReport
from engine.publish.card import CardFacts, card
from engine.samples import Samples, make_samples
from engine.stages.answer_dictionary import frequent_answers
from engine.stages.compose import Composer
from engine.stages.counts import RecordCount, SegmentCount
from engine.stages.ingest import SourceCount
from engine.stages.pack import Packer
from engine.stages.records import Together, answered_whole, records_of
from engine.stages.routed import RoutedStage
from engine.stages.sample_files import sample_rows
from engine.stages.segment import Asked, segments_of
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
from engine.workers.pool import make_pool
from engine.workers.pools import Pools
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
            translated = _translate(job, samples.files, memory, run, progress)
            scores = ScoreStore(job.memory)
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
            records=translated.records,
            back_translation=translated.back,
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
        there: Counts of the way there.
        back: Counts of the way back; None where nothing is translated back.
        records: What became of whole records; None where none was asked.
    """

    work: RoutedStage
    asked: Asked
    there: SegmentCount
    back: SegmentCount | None
    records: RecordCount | None

    def into(self, lang: str) -> pl.DataFrame:
        """The entries into a language with their way back."""
        return entries_into(self.work, lang, self.asked, returned=self.back is not None)


def _translate(job: Job, files: list[Path], memory: Memory, run: Run, progress: ProgressReport) -> Translated:
    workers, address = job.recipe.workers, job.ray_address
    with (
        stop_on_signal(progress.say) as stop,
        Pools(lambda spec: make_pool(spec, workers, ray_address=address, stop=stop, note=run.event)) as pools,
    ):
        work = RoutedStage(job.routes, memory, run, pools)

        def ask(name: str, phase: str, asked: Asked) -> SegmentCount:
            with progress.stage(name, "segments") as stage:
                count = work.translate(phase, asked, retry_failed=job.retry_failed, advance=stage.advance)
            stop.check()
            return count

        by_record = job.routes.by_record
        records = records_of(files, job.answers, by_record) if any(map(by_record, job.recipe.languages)) else None
        whole = ask("records", "record", records) if records else None
        broken, reasons = work.broken_records()
        with progress.stage("segment", "segments") as stage:
            done = answered_whole(job.answers, by_record, broken) if records else None
            segments = segments_of(files, job.answers, done)
            stage.advance(segments.total())
        there = ask("translate", "forward", segments)
        asked = Together(segments, records) if records else segments
        back = ask("back", "back", WayBack(work, asked)) if job.needs_back_translation else None
    count = RecordCount(whole.unique, whole.unique - whole.failed, dict(reasons)) if whole else None
    return Translated(work, asked, there if whole is None else there.with_records(whole), back, count)


def _pack(
    job: Job, samples: Samples, translated: Translated, scores: ScoreStore, root: Path, progress: ProgressReport
) -> dict[str, PackedLanguage]:
    """Shards and counts by language."""
    packer = Packer(
        root, job.scorers, job.policy, job.recipe.pack, scores, job.translate_facts(), job.recipe.score.skip_rejected
    )
    spec = job.translator
    engine = EngineName(spec.engine, spec.model, spec.fingerprint)
    engines = {name: EngineName(one.engine, one.model, name) for name, one in job.routes.all.items()}
    packed = {}
    splits = [split for split in SPLITS if split in samples.mix.splits]
    total = sum(count_assigned(samples.files).values())
    with progress.stage("pack", "records") as stage:
        advance = partial(stage.advance, total=total)
        for lang in job.recipe.languages:
            composer = Composer(lang, translated.into, job.answers, engine, engines)
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
