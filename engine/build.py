"""The sequence of stages that makes a dataset, or brings it up to date."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from engine.balance import check_languages, check_sources, count_assigned
from engine.job import Job
from engine.language_count import count_language
from engine.progress import ProgressReport
from engine.publish.describe import describe
from engine.publish.statistics import row_statistics
from engine.refilter import commit_verdicts, decide_all
from engine.report import write_report
from engine.samples import Samples, make_samples
from engine.settled import note_memory, settled_run
from engine.stages.answer_dictionary import frequent_answers
from engine.stages.compose import Composer
from engine.stages.decide import Action, Decider
from engine.stages.ingest import SourceCount
from engine.stages.layout import SampleIndex, lay_out
from engine.stages.pack import Packer
from engine.stages.segment import Segments, segments_of
from engine.stages.shards import ShardWork
from engine.stages.translate import SegmentCount, TranslateStage
from engine.stages.way_back import WayBack, entries_into
from engine.store.commit import build_lock, commit, recover, staging
from engine.store.images import image_shards
from engine.store.manifest import Manifest, has_manifest, read_manifest
from engine.store.memory import Memory
from engine.store.rewrite import check_shard
from engine.store.runs import Run
from engine.store.scores import ScoreStore
from engine.store.shards import Shard
from engine.summary import BuildSummary
from engine.text.composition import EngineName
from engine.workers.pool import make_pool
from engine.workers.stopping import stop_on_signal

COMMITTED = ("samples", "dataset")


def build(job: Job, progress: ProgressReport) -> BuildSummary:
    """Make a dataset, or bring it up to date.

    Kill it at any moment and run it again: what was translated stays translated, and the dataset is the old one
    or the new one.

    Raises:
        GlotmillError: The build failed; the message says why, nothing was committed to the dataset.
    """
    with build_lock(job.folder):
        recover(job.folder)
        published = published_dataset(job)
        last = settled_run(job, published)
        if published is not None and last is not None:
            return _rejudged(job, published, last, progress)
        with staging(job.folder) as staged, ExitStack() as attempt:
            samples = make_samples(job, staged, progress)
            run = Run.open(job.folder, {"recipe": job.recipe.lock(), **job.facts()}, job.digest())
            progress.record(run)
            attempt.enter_context(run.attempt())
            job = job.with_answers(frequent_answers(samples.files, job.recipe.answers.dictionary))
            memory, scores = Memory(job.memory), ScoreStore(job.memory)
            translated = _translate(job, samples.files, memory, run, progress)
            work, shards = _pack(job, samples, translated, scores, published, staged / "dataset", progress)
            locate = _file(staged / "dataset", work.dataset)
            facts = dataset_facts(job, samples.sources, staged / "dataset")
            facts |= row_statistics([locate(s.path) for parts in shards.values() for s in parts], job.score_columns)
            describe(staged / "dataset", shards, facts, job.recipe.lock(), job.policy, work.packer.schema)
            check_sources(staged / "samples", samples.sources)
            check_languages(samples.files, locate, shards)
            commit(job.folder, COMMITTED, keep=[f"dataset/{path}" for path in work.kept])
        summary = BuildSummary(
            dataset=job.folder / "dataset",
            sources=samples.sources,
            derived=samples.derived,
            mix=samples.mix,
            languages={lang: count_language(parts) for lang, parts in shards.items()},
            shards=dict(sorted(work.actions.items())),
            segments=translated.there,
            back_translation=translated.back,
            set_aside=[file.location for file in (*memory.set_aside, *scores.set_aside)],
            seconds=progress.seconds,
            max_failed=job.recipe.max_failed,
        )
        run.finish(summary.as_json())
        note_memory(job, run)
        write_report(job.folder, verb="build")
    return summary


def _rejudged(job: Job, published: Manifest, last: dict[str, Any], progress: ProgressReport) -> BuildSummary:
    """A build of which only the rules can have changed: every other stage would give what it gave."""
    with progress.stage("verdict", "records") as stage:
        verdicts = decide_all(job.folder / "dataset", published, job.policy)
        shards = commit_verdicts(job.folder, published, verdicts, published.facts, job.recipe.lock(), job.policy)
        stage.advance(sum(shard.rows for parts in shards.values() for shard in parts))
    write_report(job.folder, verb="build")
    old = {shard.path: shard.fingerprints["verdict"] for shard in published.all_shards()}
    same = sum(old[path] == verdict.shard.fingerprints["verdict"] for path, verdict in verdicts.items())
    actions: dict[Action, int] = {"re-verdict": len(old) - same, "reuse": same}
    return BuildSummary.from_last(
        last,
        dataset=job.folder / "dataset",
        languages={lang: count_language(parts) for lang, parts in shards.items()},
        shards={action: number for action, number in actions.items() if number},
        seconds=progress.seconds,
        max_failed=job.recipe.max_failed,
    )


def published_dataset(job: Job) -> Manifest | None:
    """The manifest of what the build's folder holds, which a build goes on from; None to begin with nothing.

    Raises:
        InputError: It is damaged, edited, or a newer Glotmill's.
    """
    root = job.folder / "dataset"
    if job.compact or not has_manifest(root):
        return None
    manifest = read_manifest(root)
    for shard in manifest.all_shards():
        check_shard(root, shard)
    return manifest


@dataclass(frozen=True, slots=True)
class Translated:
    """What the translate stage left in the memory, and how to read it back.

    Attributes:
        work: Reads a language's entries.
        asked: The segments.
        there: Counts of the way there.
        back: Counts of the way back; None where nothing is translated back.
    """

    work: TranslateStage
    asked: Segments
    there: SegmentCount
    back: SegmentCount | None

    def into(self, lang: str) -> pl.DataFrame:
        """The entries into a language with their way back."""
        return entries_into(self.work, lang, self.asked, returned=self.back is not None)


def _translate(job: Job, files: list[Path], memory: Memory, run: Run, progress: ProgressReport) -> Translated:
    with progress.stage("segment", "segments") as stage:
        segments = segments_of(files, job.answers)
        stage.advance(segments.total())
    with (
        stop_on_signal(progress.say) as stop,
        make_pool(job.translator, job.recipe.workers, ray_address=job.ray_address, stop=stop, note=run.event) as pool,
    ):
        work = TranslateStage(job.translator, memory, run, pool)
        with progress.stage("translate", "segments") as stage:
            there = work.translate("forward", segments, retry_failed=job.retry_failed, advance=stage.advance)
        stop.check()
        back = None
        if job.needs_back_translation:
            way_back = WayBack(work, segments)
            with progress.stage("back", "segments") as stage:
                back = work.translate("back", way_back, retry_failed=job.retry_failed, advance=stage.advance)
        stop.check()
    return Translated(work, segments, there, back)


def _pack(
    job: Job,
    samples: Samples,
    translated: Translated,
    scores: ScoreStore,
    published: Manifest | None,
    root: Path,
    progress: ProgressReport,
) -> tuple[ShardWork, dict[str, list[Shard]]]:
    """(what was done, shards by language)."""
    dataset = job.folder / "dataset"
    index = SampleIndex(samples.files)
    recipe = job.recipe
    packer = Packer(
        root, dataset, index, job.scorers, job.policy, recipe.pack.row_group_rows, scores, recipe.score.skip_rejected
    )
    decider = Decider(index, published.facts if published else None, job.facts(), {})
    work = ShardWork(job.facts(), job.policy, packer, dataset, root)
    shards = {}
    total = sum(count_assigned(samples.files).values())
    with progress.stage("pack", "records") as stage:
        for lang in recipe.languages:
            composer = Composer(lang, translated.into, job.answers, engine_name(job))
            old = published.shards.get(lang, []) if published else []
            plans = lay_out(index, lang, old, dataset, recipe.pack.shard_rows)
            decisions = (decider.decide(plan, composer) for plan in plans)
            shards[lang] = work.language(decisions, composer, partial(stage.advance, total=total))
    return work, shards


def engine_name(job: Job) -> EngineName:
    """What records say of the job's translator."""
    return EngineName(job.translator.engine, job.translator.model, job.translator.fingerprint)


def _file(staged: Path, dataset: Path) -> Callable[[str], Path]:
    """From a shard's path to its file: the staged one, else the one that stays."""
    return lambda path: staged / path if (staged / path).exists() else dataset / path


def dataset_facts(job: Job, counts: dict[str, SourceCount], root: Path) -> dict[str, Any]:
    """What the manifest says the dataset was made from."""
    facts = job.facts()
    for source in facts["sources"]:
        count = counts[source["name"]]
        source |= {"read": count.read, "samples": count.samples, "rejected": count.rejected, "images": count.images}
    return {**facts, "images": image_shards(root)}
