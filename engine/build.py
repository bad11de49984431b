"""The sequence of stages that makes a dataset."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import polars as pl
import yaml

from engine.job import Job
from engine.progress import ProgressReport
from engine.publish.card import CardFacts, card
from engine.stages.compose import Composer
from engine.stages.ingest import SourceCount, ingest
from engine.stages.mix import fanout
from engine.stages.pack import Packer, check_assigned, count_assigned, in_language
from engine.stages.segment import sample_files, sample_rows, segments_of
from engine.stages.translate import SegmentCount, TranslateStage, back_segments, join_back
from engine.store.commit import build_lock, commit, recover, staging
from engine.store.files import write_bytes
from engine.store.manifest import write_manifest
from engine.store.memory import Memory
from engine.store.runs import Run
from engine.store.shards import Shard
from engine.summary import BuildSummary, LanguageCount, count_language
from engine.text.composition import EngineName
from engine.workers.pool import make_pool

COMMITTED = ("samples", "dataset")


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
            counts = _ingest(job, staged / "samples", progress)
            run = Run.open(job.folder, {"recipe": job.recipe.lock(), **job.facts()}, job.digest())
            files = sample_files(staged / "samples", list(job.recipe.sources))
            entries, there, back = _translate(job, files, run, progress)
            packed = _pack(job, files, entries, staged / "dataset", progress)
            _describe(job, counts, {lang: done.shards for lang, done in packed.items()}, staged / "dataset")
            commit(job.folder, COMMITTED)
        summary = BuildSummary(
            dataset=job.folder / "dataset",
            sources=counts,
            languages={lang: done.count for lang, done in packed.items()},
            segments=there,
            back_translation=back,
            seconds=progress.seconds,
            max_failed=job.recipe.max_failed,
        )
        run.finish(summary.as_json())
    return summary


def _ingest(job: Job, folder: Path, progress: ProgressReport) -> dict[str, SourceCount]:
    with progress.stage("ingest", "rows") as stage:
        return ingest(
            job.sources,
            folder,
            limit=job.recipe.limit,
            assign=fanout(job.recipe.languages),
            advance=stage.advance,
        )


def _translate(
    job: Job, files: list[Path], run: Run, progress: ProgressReport
) -> tuple[pl.DataFrame, SegmentCount, SegmentCount | None]:
    """(forward entries with their back-translations, counts there, counts back)."""
    with progress.stage("segment", "segments") as stage:
        segments = segments_of(files, job.answers)
        stage.advance(segments.height)
    with make_pool(job.translator, job.recipe.workers) as pool:
        work = TranslateStage(job.translator, Memory(job.memory), run, pool)
        with progress.stage("translate", "segments") as stage:
            forward, there = work.translate("forward", segments, retry_failed=job.retry_failed, advance=stage.advance)
        if not any(scorer.needs_back_translation for scorer in job.scorers):
            return join_back(forward, None), there, None
        with progress.stage("back", "segments") as stage:
            returned, back = work.translate(
                "back", back_segments(forward), retry_failed=job.retry_failed, advance=stage.advance
            )
    return join_back(forward, returned), there, back


def _pack(
    job: Job, files: list[Path], entries: pl.DataFrame, root: Path, progress: ProgressReport
) -> dict[str, PackedLanguage]:
    """Shards and counts by language."""
    packer = Packer(root, job.scorers, job.policy, job.recipe.pack, job.recipe.score.skip_rejected)
    spec = job.translator
    engine = EngineName(spec.engine, spec.model, spec.fingerprint)
    packed = {}
    assigned = count_assigned(files)
    total = sum(assigned.values())
    with progress.stage("pack", "records") as stage:
        advance = partial(stage.advance, total=total)
        for lang in job.recipe.languages:
            composer = Composer(lang, entries, job.answers, engine)
            shards = packer.language(lang, in_language(sample_rows(files), lang), composer, advance)
            packed[lang] = PackedLanguage(shards, count_language(shards, composer.origins))
    check_assigned(assigned, {lang: done.count.rows for lang, done in packed.items()})
    return packed


def _describe(job: Job, counts: dict[str, SourceCount], shards: dict[str, list[Shard]], root: Path) -> None:
    """Write manifest, recipe lock and card."""
    facts = job.facts()
    for source in facts["sources"]:
        count = counts[source["name"]]
        source |= {"read": count.read, "samples": count.samples, "rejected": count.rejected}
    write_manifest(root, shards, facts)
    lock = yaml.safe_dump(job.recipe.lock(), allow_unicode=True, width=100)
    write_bytes(root / "recipe.lock.yaml", lock.encode())
    schema = Packer(root, job.scorers, job.policy, job.recipe.pack).schema
    page = card(CardFacts(job.recipe, shards, schema, facts["sources"], job.translator.model, job.translator.license,
                          job.policy.unreliable))  # fmt: skip
    write_bytes(root / "README.md", page.encode())
