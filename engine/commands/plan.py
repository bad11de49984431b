"""Plan: what a build would do, shard by shard, and what it would cost; nothing is translated and nothing committed.

Guarantees: the shards named are those that `build` touches, for the reasons given, by the same decisions.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field, replace
from functools import partial, reduce
from operator import add
from pathlib import Path
from typing import Any

from glotmill.engine.commands.auto_vocabularies import undecided
from glotmill.engine.commands.balance import count_assigned
from glotmill.engine.commands.build import dataset_facts, published_dataset
from glotmill.engine.commands.dictionary_answers import translate_answers
from glotmill.engine.commands.disk_needed import DiskNeed, disk_needed
from glotmill.engine.commands.expected_seconds import expected_seconds
from glotmill.engine.commands.fitted_choice import with_kept_choice
from glotmill.engine.commands.fitted_quality import with_kept_fit
from glotmill.engine.commands.job import Job
from glotmill.engine.commands.make_records import lay_out_all, windows_of
from glotmill.engine.commands.make_samples import make_samples
from glotmill.engine.commands.phases import PhaseCounts, PhaseRunner, Phases, WindowTools, composers_into, run_phases
from glotmill.engine.commands.prologue import Prologue, run_prologue
from glotmill.engine.commands.refilter import decide_all
from glotmill.engine.commands.unchanged import unchanged_run
from glotmill.engine.dataset.commit import WORK, build_lock, recover, staging
from glotmill.engine.dataset.differences import difference
from glotmill.engine.dataset.manifest import Manifest
from glotmill.engine.dataset.shards import WITHDRAWN
from glotmill.engine.memory.scores import ScoreStore
from glotmill.engine.memory.translations import Memory
from glotmill.engine.records.compose import Composer
from glotmill.engine.records.layout import SampleIndex, check_splits
from glotmill.engine.records.rejudge_shard import decide_verdict
from glotmill.engine.records.shard_actions import Action, Decider, Decision, samples_changed
from glotmill.engine.records.windows import Window
from glotmill.engine.runs.progress import ProgressReport
from glotmill.engine.runs.run import Run
from glotmill.engine.samples.frequent_answers import frequent_answers, judged_dictionaries
from glotmill.engine.text.notebook import NotebookResult, View
from glotmill.engine.translation.counts import Usage
from glotmill.engine.translation.routed_stage import RoutedStage
from glotmill.engine.translation.template_count import TemplateCount
from glotmill.engine.translation.window_order import WindowOrder
from glotmill.engine.translators.shared.choosing_engines import undecided as undecided_choice
from glotmill.engine.workers.pool import make_pool
from glotmill.engine.workers.shared_pools import Pools


@dataclass(frozen=True, slots=True)
class ShardChange:
    """What a build would do to one shard.

    Attributes:
        path: Its place in the dataset.
        action: What would be done.
        why: The first thing that differs, in words; empty for a shard that is reused.
        rows: Records that would be rebuilt, or whose verdict would change.
        size: Bytes of the file that would be written; of a new shard as many as its rows take elsewhere, 0 where
            there is nothing to go by.
    """

    path: str
    action: Action
    why: str
    rows: int
    size: int


@dataclass(frozen=True, slots=True)
class Plan(NotebookResult):
    """What a build would do.

    Attributes:
        shards: Every shard.
        calls: Segments that would be sent to the translator, there.
        back_calls: Segments that would be sent back; those of what is not yet translated are estimated as one each.
        forced: Pairs whose forced scores would be requested; of what is not yet translated one each, and
            its source alone.
        seconds: Time for all of them, by the speed of the last runs that did such; None where none did, or nothing is
            sent.
        usage: What servers with a price would take for these calls, estimated.
        templates: What becomes of templates' translations as far as the memory has them; None where no template's
            words are translated.
        undecided: Languages whose output vocabulary the build decides first; what is known of them so far is counted as
            nothing.
        undecided_choice: The build first fits what it chooses among several translations by; until then every text
            counts as not translated, and the sample that it fits to is not counted.
        disk: What the build would take of the disk while it works, estimated; None where at most verdicts change.
    """

    shards: list[ShardChange]
    calls: int
    back_calls: int
    forced: int
    seconds: float | None
    templates: TemplateCount | None = None
    usage: Usage = field(default_factory=Usage)
    undecided: list[str] = field(default_factory=list)
    disk: DiskNeed | None = None
    undecided_choice: bool = False

    @property
    def changes(self) -> list[ShardChange]:
        """The shards that would not stay as they are."""
        return [shard for shard in self.shards if shard.action != "reuse"]

    def as_json(self) -> dict[str, Any]:
        """The object that ``--json`` prints."""
        return {
            "shards": [asdict(shard) for shard in self.shards],
            "actions": dict(sorted(Counter(shard.action for shard in self.shards).items())),
            "rows": sum(shard.rows for shard in self.changes),
            "bytes": sum(shard.size for shard in self.changes),
            "calls": self.calls,
            "back_calls": self.back_calls,
            "forced": self.forced,
            "seconds": self.seconds,
            "usage": asdict(self.usage),
            "templates": self.templates.as_json() if self.templates else None,
            "undecided_vocabularies": self.undecided,
            "undecided_choice": self.undecided_choice,
            "disk": self.disk.as_json() if self.disk else None,
        }

    def notebook_view(self) -> View:
        """The shards that would not stay as they are."""
        line = f"{len(self.changes):,} of {len(self.shards):,} shards change; {self.calls:,} segments to translate"
        rows = [(shard.action, shard.path, shard.why, shard.rows, shard.size) for shard in self.changes]
        return line, [("action", "shard", "why", "rows", "bytes"), *rows]


def make_plan(job: Job, progress: ProgressReport) -> Plan:
    """What a build of this job would do.

    Raises:
        GlotmillError: The build could not be done; the message says why.
    """
    with build_lock(job.folder):
        recover(job.folder)
        published = published_dataset(job)
        job = with_kept_choice(with_kept_fit(job, published), published)
        last = unchanged_run(job, published)
        if published is not None and last is not None:
            templates = TemplateCount.from_json(last["templates"]) if last.get("templates") else None
            return Plan(_rejudged(job, published), 0, 0, 0, None, templates)
        with staging(job.folder) as staged:
            samples = make_samples(job, staged, progress)
            index = SampleIndex(samples.files, staged / WORK / "index.parquet")
            if published is not None:
                check_splits(index, published.shards, job.folder / "dataset")
            job = job.with_answers(frequent_answers(samples.files, job.recipe.answers.dictionary))
            job = job.with_vocabularies(count_assigned(samples.files), decide=False)
            looked = _look(job, index, samples.files, published, Run(staged / "run"), progress)
            job = looked.job
            facts = dataset_facts(job, samples.sources, staged / "dataset")
            decisions = _decide(looked, index, published, facts, progress)
            changes = [_change(job, decision) for decision in decisions]
            written = {change.path for change in changes if change.action not in ("reuse", "re-verdict")}
            windows = [window for window, _ in looked.windows]
            disk = disk_needed(samples.files, windows, lambda plan: plan.path in written) if written else None
    changes += _deleted(job, published)
    shards = _sized(changes, published)
    calls, back_calls = _calls(looked)
    forced = looked.counts.forced.scored if looked.counts.forced else 0
    seconds = expected_seconds(job.folder, calls + back_calls, forced)
    templates, no_lists = looked.prologue.count(), [lang for _, lang in undecided(job)]
    no_choice = undecided_choice(job.translator)
    return Plan(shards, calls, back_calls, forced, seconds, templates, looked.usage, no_lists, disk, no_choice)


def _rejudged(job: Job, published: Manifest) -> list[ShardChange]:
    """The changes where only the rules can have changed."""
    verdicts = decide_all(job.folder / "dataset", published, job.policy)
    why = difference("verdict", published.facts, job.facts())
    changes = []
    for shard in published.all_shards():
        verdict = verdicts[shard.path]
        if shard.fingerprints == verdict.shard.fingerprints:
            changes.append(ShardChange(shard.path, "reuse", "", 0, 0))
        else:
            size = shard.size if verdict.flipped else 0
            changes.append(ShardChange(shard.path, "re-verdict", why or "", verdict.flipped, size))
    return changes


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look at all windows found.

    Attributes:
        job: The job with what is known of templates and dictionaries.
        prologue: What is known before any record is composed.
        windows: The windows, each with what was found of it.
        counts: Of all windows and the prologue.
        usage: What servers with a price would take.
    """

    job: Job
    prologue: Prologue
    windows: list[tuple[Window, Phases]]
    counts: PhaseCounts
    usage: Usage


def _look(
    job: Job, index: SampleIndex, files: list[Path], published: Manifest | None, run: Run, progress: ProgressReport
) -> Looked:
    pools, memory, scores = Pools(lambda spec: make_pool(spec, 0)), Memory(job.memory), ScoreStore(job.memory)
    runner = PhaseRunner(RoutedStage(job.routes, memory, run, pools), job.retry_failed, progress, dry_run=True)
    prologue = run_prologue(job, files, runner.work, runner.translate)
    job, works = prologue.job, [runner.work]
    windows = windows_of(job, lay_out_all(job, index, published))
    sent = PhaseCounts()
    into = None
    if job.answers.frequent and len(windows) > 1:
        into, sent = translate_answers(job, files, memory, run, pools, runner)
        job = job.with_dictionaries(judged_dictionaries(job.recipe.languages, into, job.answers))
    order, found = WindowOrder(), []
    for window in windows:
        place, part = order.place(window.number), run.window(window.number)
        works.append(RoutedStage(job.routes, memory, part, pools, place))
        tools = WindowTools(replace(runner, work=works[-1]), scores, part, pools, place)
        found.append((window, run_phases(job, partial(window.samples, index.rows), tools)))
    if into is None:
        job = job.with_dictionaries(judged_dictionaries(job.recipe.languages, found[0][1].into, job.answers))
    counts = reduce(add, (phases.counts for _, phases in found), sent).with_prologue(prologue)
    returned = job.needs_back_translation
    usage = reduce(add, (work.expected_usage(returned=returned) for work in works), Usage())
    return Looked(job, prologue, found, counts, usage)


def _decide(
    looked: Looked, index: SampleIndex, published: Manifest | None, facts: dict[str, Any], progress: ProgressReport
) -> list[Decision]:
    """What would be done to each shard, by language and in the order of its shards."""
    decisions: dict[str, tuple[str, Decision]] = {}
    with progress.stage("decide", "records") as stage:
        for window, phases in looked.windows:
            decider = Decider(index.rows, published.facts if published else None, facts, phases.unknown)
            composers: dict[str, Composer] = {}
            for piece in window.pieces:
                if piece.lang not in composers:
                    composers = {piece.lang: composers_into(looked.job, phases.into).of(piece.lang)}
                decisions[piece.plan.path] = piece.lang, decider.decide(piece.plan, composers[piece.lang])
                stage.advance(piece.records)
    return [made for lang in looked.job.recipe.languages for own, made in decisions.values() if own == lang]


def _change(job: Job, decision: Decision) -> ShardChange:
    plan, old = decision.plan, decision.plan.old
    rows = len(plan.places)
    if old is None:
        return ShardChange(plan.path, decision.action, decision.why, rows, 0)
    size = old.size
    if decision.action == "re-verdict":
        rows = decide_verdict(job.folder / "dataset", old, job.policy).flipped
        size = old.size if rows else 0
    elif decision.action == "reuse":
        rows = size = 0
    elif plan.digest and decision.why == samples_changed(plan):
        rows = plan.changed + abs(plan.withdrawn - old.reasons(WITHDRAWN))
    return ShardChange(plan.path, decision.action, decision.why, rows, size)


def _deleted(job: Job, published: Manifest | None) -> list[ShardChange]:
    """The shards of languages that the recipe no longer names."""
    gone = published.shards if published else {}
    return [
        ShardChange(shard.path, "delete", f"languages - {lang}", shard.rows, 0)
        for lang, parts in gone.items()
        if lang not in job.recipe.languages
        for shard in parts
    ]


def _sized(changes: list[ShardChange], published: Manifest | None) -> list[ShardChange]:
    """The changes with an estimate of new shards' sizes, by the bytes that a row takes in the others."""
    known = published.all_shards() if published else []
    rows = sum(shard.rows for shard in known)
    each = sum(shard.size for shard in known) / rows if rows else 0
    return [replace(change, size=round(change.rows * each)) if change.action == "new" else change for change in changes]


def _calls(looked: Looked) -> tuple[int, int]:
    """(segments to be sent there, segments to be sent back); of what is not yet translated one each goes back."""
    counts = looked.counts
    records = counts.records.translated if counts.records else 0
    there = counts.there.translated + records
    back = counts.back.translated if counts.back else 0
    if looked.job.needs_back_translation:
        back += there - looked.prologue.there.translated
    return there, back
