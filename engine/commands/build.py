"""The sequence of stages that makes a dataset, or brings it up to date."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from glotmill.engine.commands.balance import check_languages, check_sources, count_assigned
from glotmill.engine.commands.fitted_choice import own_choice, with_kept_choice
from glotmill.engine.commands.fitted_quality import with_kept_fit
from glotmill.engine.commands.job import Job
from glotmill.engine.commands.make_records import make_records
from glotmill.engine.commands.make_samples import make_samples, portions_made
from glotmill.engine.commands.refilter import commit_verdicts, decide_all
from glotmill.engine.commands.report import report_of_commit
from glotmill.engine.commands.summary import BuildSummary
from glotmill.engine.commands.unchanged import note_memory, unchanged_run
from glotmill.engine.dataset.commit import WORK, build_lock, commit, recover, staging
from glotmill.engine.dataset.embedded_notice import notice
from glotmill.engine.dataset.image_shards import image_shards
from glotmill.engine.dataset.keep_rates import KeepRates
from glotmill.engine.dataset.language_counts import count_language
from glotmill.engine.dataset.manifest import Manifest, has_manifest, read_manifest
from glotmill.engine.dataset.recorded_rules import check_shards
from glotmill.engine.dataset.statistics import label_statistics, row_statistics
from glotmill.engine.dataset.verdict_columns import check_shard
from glotmill.engine.dataset.write_metadata import describe
from glotmill.engine.records.layout import SampleIndex, check_splits
from glotmill.engine.records.shard_actions import Action
from glotmill.engine.report.finished_build import check_place
from glotmill.engine.runs.progress import ProgressReport
from glotmill.engine.runs.run import Run
from glotmill.engine.samples.frequent_answers import frequent_answers
from glotmill.engine.samples.ingest import SourceCount
from glotmill.engine.translation.template_count import refused_facts
from glotmill.engine.workers.few_heaps import give_back, share_few_heaps
from glotmill.engine.workers.fewer_collections import fewer_collections
from glotmill.engine.workers.ray_session import one_ray

COMMITTED = ("samples", "dataset")


def build(job: Job, progress: ProgressReport) -> BuildSummary:
    """Make a dataset, or bring it up to date.

    Kill it at any moment and run it again: what was translated stays translated, and the dataset is the old one
    or the new one.

    Raises:
        GlotmillError: The build failed; the message says why, nothing was committed to the dataset.
    """
    share_few_heaps()
    with build_lock(job.folder), fewer_collections():
        recover(job.folder, rewrite=job.compact)
        check_place(job.folder)
        published = published_dataset(job)
        job = with_kept_choice(with_kept_fit(job, published), published)
        last = unchanged_run(job, published)
        if published is not None and last is not None:
            return _rejudged(job, published, last, progress)
        with staging(job.folder) as staged, one_ray(), ExitStack() as attempt:
            samples = make_samples(job, staged, progress, portions_made(job))
            index = SampleIndex(samples.files, staged / WORK / "index.parquet")
            if published is not None:
                check_splits(index, published.shards, job.folder / "dataset")
            run = Run.open(job.folder, {"recipe": job.recipe.lock(), **job.facts()}, job.digest())
            progress.record(run)
            attempt.enter_context(run.attempt())
            job = job.with_answers(frequent_answers(samples.files, job.recipe.answers.dictionary))
            job = job.with_vocabularies(count_assigned(samples.files), decide=True)
            made = make_records(job, index, samples, published, staged, run, progress)
            give_back()  # what windows held: from here on, a column of all rows is
            job, dictionaries, templates = made.job, made.dictionaries, made.prologue.check()
            built, schema, translated = made.shards, made.schema, made.counts
            shards = {lang: [done.shard for done in built if done.lang == lang] for lang in job.recipe.languages}
            locate = _file(staged / "dataset", job.folder / "dataset")
            facts = dataset_facts(job, samples.sources, staged / "dataset") | refused_facts(templates)
            if dictionaries:
                facts["dictionaries"] = {lang: asdict(one) for lang, one in dictionaries.items()}
            files, rows = [locate(done.shard.path) for done in built], sum(done.shard.rows for done in built)
            facts |= row_statistics(files, rows, job.score_columns)
            facts |= label_statistics(shards, job.labels_of_scorers)
            describe(staged / "dataset", shards, facts, job.recipe.lock(), job.policy, schema, own_choice(job))
            check_sources(staged / "samples", samples.sources)
            check_languages(samples.files, locate, shards)
            stay = [done.shard.path for done in built if not (staged / "dataset" / done.shard.path).exists()]
            commit(job.folder, COMMITTED, keep=[f"dataset/{path}" for path in stay])
        summary = BuildSummary(
            dataset=job.folder / "dataset",
            sources=samples.sources,
            derived=samples.derived,
            mix=samples.mix,
            languages={lang: count_language(parts) for lang, parts in shards.items()},
            shards=dict(sorted(Counter(done.action for done in built).items())),
            segments=translated.forward,
            records=translated.record_count,
            templates=templates,
            back_translation=translated.back,
            forced=translated.forced,
            dictionaries=dictionaries,
            set_aside=made.set_aside,
            seconds=progress.seconds,
            max_failed=job.recipe.max_failed,
            rates=KeepRates.of(shards, facts["sources"]),
            notice=notice(facts["translators"], shards),
            score_labels=facts.get("score_labels", {}),
        )
        run.finish(summary.as_json())
        # Else the next build must ask again, and so look at everything.
        if made.read is not None and not translated.unanswered:
            note_memory(job, run, made.read)
        return replace(summary, notice=report_of_commit(job.folder, "build", summary.notice, job.ray_address))


def _rejudged(job: Job, published: Manifest, last: dict[str, Any], progress: ProgressReport) -> BuildSummary:
    """A build of which only the rules can have changed: every other stage would give what it gave."""
    with progress.stage("verdict", "records") as stage, one_ray():
        verdicts = decide_all(job.folder / "dataset", published, job.policy, job.ray_address)
        shards = commit_verdicts(
            job.folder, published, verdicts, published.facts, job.recipe.lock(), job.policy, job.ray_address
        )
        stage.advance(sum(shard.rows for parts in shards.values() for shard in parts))
    told = report_of_commit(job.folder, "build", notice(published.facts["translators"], shards), job.ray_address)
    old = {shard.path: shard.fingerprints["verdict"] for shard in published.all_shards()}
    same = sum(old[path] == verdict.shard.fingerprints["verdict"] for path, verdict in verdicts.items())
    actions: dict[Action, int] = {"re-verdict": len(old) - same, "reuse": same}
    return BuildSummary.from_last(
        last,
        dataset=job.folder / "dataset",
        languages={lang: count_language(shards.get(lang, [])) for lang in job.recipe.languages},
        shards={action: number for action, number in actions.items() if number},
        seconds=progress.seconds,
        max_failed=job.recipe.max_failed,
        rates=KeepRates.of(shards, published.facts["sources"]),
        score_labels=published.facts.get("score_labels", {}),
        notice=told,
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
    check_shards(root, manifest)
    return manifest


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
