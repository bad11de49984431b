"""The records of a build: the prologue, then window by window translated, scored and written.

Guarantees: while one window is packed, the engines have the next one's units; what comes out is the same whether one
window is open or several, and in one process or many.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial, reduce
from itertools import chain
from operator import add
from pathlib import Path

import pyarrow as pa

from glotmill.engine.commands.auto_vocabularies import decide_vocabularies
from glotmill.engine.commands.balance import count_assigned
from glotmill.engine.commands.dictionary_answers import translate_answers
from glotmill.engine.commands.disk_needed import check_disk, disk_needed
from glotmill.engine.commands.fitted_choice import fit_choice_to_sample
from glotmill.engine.commands.fitted_quality import fit_to_sample
from glotmill.engine.commands.job import Job
from glotmill.engine.commands.make_samples import Samples
from glotmill.engine.commands.open_windows import do_windows, open_at_once, packed_before
from glotmill.engine.commands.phases import PhaseCounts, PhaseRunner, Phases, WindowTools, composers_into, run_phases
from glotmill.engine.commands.prologue import Prologue, run_prologue
from glotmill.engine.commands.unchanged import entries_state
from glotmill.engine.dataset.commit import WORK
from glotmill.engine.dataset.fingerprints import ShardFingerprints
from glotmill.engine.dataset.manifest import Manifest
from glotmill.engine.memory.scores import ScoreStore
from glotmill.engine.memory.translations import Memory
from glotmill.engine.records.build_shards import BuiltShard, ShardWork, in_groups, in_parts, join_parts
from glotmill.engine.records.layout import SampleIndex, ShardPlan, lay_out
from glotmill.engine.records.pack import Packer
from glotmill.engine.records.recipe_scorers import RecipeScorers
from glotmill.engine.records.sent_shards import BUILD_GROUP
from glotmill.engine.records.shard_actions import Decider
from glotmill.engine.records.shard_parts import PartFolder
from glotmill.engine.records.windows import Piece, Window, cut_windows
from glotmill.engine.runs.progress import ProgressReport
from glotmill.engine.runs.run import Run
from glotmill.engine.runs.windows_progress import WindowsProgress
from glotmill.engine.samples.frequent_answers import judged_dictionaries
from glotmill.engine.storage.atomic_write import sync
from glotmill.engine.text.dictionary import Judgement
from glotmill.engine.translation.routed_stage import RoutedStage
from glotmill.engine.translation.window_order import WindowPlace, alone
from glotmill.engine.workers.few_heaps import give_back
from glotmill.engine.workers.pool import make_pool
from glotmill.engine.workers.shared_pools import Pools, PoolsOf
from glotmill.engine.workers.stage_tasks import InlineTasks, StageTasks, make_tasks
from glotmill.engine.workers.stopping import stop_on_signal
from glotmill.engine.workers.units import Note

FEWEST_APART = 50_000  # records that are packed by several processes: to start one takes as long as to pack this many


@dataclass(frozen=True, slots=True)
class MadeRecords:
    """What was made.

    Attributes:
        job: The job with everything that was found out on the way.
        shards: All shards, by language in the layout's order.
        schema: That of their records.
        prologue: What was known before any record was composed.
        dictionaries: What is used of each language's dictionary.
        counts: What the phases did, the prologue's among them.
        set_aside: Files of the memory that could not be read.
        read: What the memory held when records were composed; None where others wrote into it meanwhile.
    """

    job: Job
    shards: list[BuiltShard]
    schema: pa.Schema
    prologue: Prologue
    dictionaries: dict[str, Judgement]
    counts: PhaseCounts
    set_aside: list[str]
    read: list[str] | None


def make_records(
    job: Job,
    index: SampleIndex,
    samples: Samples,
    published: Manifest | None,
    staged: Path,
    run: Run,
    progress: ProgressReport,
) -> MadeRecords:
    """Translate, score and write all records into staged shards.

    Args:
        job: The job, with its answers and vocabularies.
        index: Its samples.
        samples: Their files.
        published: The dataset that the build goes on from.
        staged: The staging folder.
        run: Notes what is requested and done.
        progress: Shows the work.
    """
    before = entries_state(job)
    memory, scores = Memory(job.memory), ScoreStore(job.memory)
    memory.freeze()
    windows = windows_of(job, lay_out_all(job, index, published))
    check_disk(disk_needed(samples.files, windows), job.folder, job.memory.path)
    give_back()  # what samples took: windows take much smaller pieces
    with (
        stop_on_signal(progress.say, handle=job.stop_on_signal) as stop,
        Pools(
            lambda spec: make_pool(spec, job.recipe.workers, ray_address=job.ray_address, stop=stop, note=run.event)
        ) as pools,
    ):
        job = decide_vocabularies(
            job, samples.files, memory, scores, run, pools, progress, count_assigned(samples.files)
        )
        job = fit_choice_to_sample(job, samples.files, memory, scores, run, pools, progress)
        job = fit_to_sample(job, samples.files, memory, scores, run, pools, progress)
        runner = PhaseRunner(
            RoutedStage(job.routes, memory, run, pools), job.retry_failed, progress, check_stop=stop.check
        )
        prologue = run_prologue(job, samples.files, runner.work, runner.translate)
        job = prologue.job
        dictionaries, first = None, PhaseCounts()
        if job.answers.frequent and len(windows) > 1:
            into, first = translate_answers(job, samples.files, memory, run, pools, runner)
            dictionaries = judged_dictionaries(job.recipe.languages, into, job.answers)
            job = job.with_dictionaries(dictionaries)
        maker = _Maker(job, index, published, staged, memory, scores, run, runner, dictionaries)
        done = list(maker.all(windows, pools, progress))
    shutil.rmtree(staged / WORK)
    shards = {shard.shard.path: shard for each in done for shard in each.shards}
    counts = reduce(add, (each.counts for each in done), first).with_prologue(prologue)
    return MadeRecords(
        done[-1].job,
        [shards[piece.plan.path] for piece in _in_layout(windows)],
        maker.packer.schema,
        prologue,
        done[-1].dictionaries,
        counts,
        [file.location for file in (*memory.set_aside, *scores.set_aside)],
        _read(job, memory, before),
    )


def lay_out_all(job: Job, index: SampleIndex, published: Manifest | None) -> dict[str, list[ShardPlan]]:
    """The shards of each language of a job.

    Args:
        job: The job.
        index: Its samples.
        published: The dataset that the build goes on from.
    """
    dataset, rows = job.folder / "dataset", job.recipe.pack.shard_rows
    old = published.shards if published else {}
    return {lang: lay_out(index, lang, old.get(lang, []), dataset, rows) for lang in job.recipe.languages}


def windows_of(job: Job, plans: Mapping[str, list[ShardPlan]]) -> list[Window]:
    """The windows of a job.

    Which answers of records that are sent whole must be sent by themselves is known once all of these are answered; a
    dictionary of them is judged then, so such a build is one window.
    """
    whole = any(map(job.routes.by_record, job.recipe.languages))
    return cut_windows(plans, at_once=bool(job.answers.frequent and whole))


def windows_at_once(job: Job, windows: Sequence[Window], workers: int) -> int:
    """How many windows are open: in this process alone one, as there nobody waits for another."""
    return 1 if job.recipe.workers == 0 else open_at_once(windows, workers)


@dataclass(frozen=True, slots=True)
class WindowDone:
    """What a window gave.

    Attributes:
        job: The job with the dictionaries.
        dictionaries: Those.
        shards: The shards that are whole with it.
        counts: What its phases did.
    """

    job: Job
    dictionaries: dict[str, Judgement]
    shards: list[BuiltShard]
    counts: PhaseCounts


class _Maker:
    """Makes windows."""

    def __init__(
        self,
        job: Job,
        index: SampleIndex,
        published: Manifest | None,
        staged: Path,
        memory: Memory,
        scores: ScoreStore,
        run: Run,
        runner: PhaseRunner,
        dictionaries: dict[str, Judgement] | None,
    ) -> None:
        recipe, facts = job.recipe, job.facts()
        self._job = job
        self._rows = index.rows
        self._memory = memory
        self._scores = scores
        self._run = run
        self._runner = runner
        self._dictionaries = dictionaries
        self._total = 0
        self.packer = Packer(
            staged / "dataset", staged / WORK / "parts", job.folder / "dataset", index.rows,
            RecipeScorers(recipe.score, job.scorers), job.policy, recipe.pack.row_group_rows, scores,
            recipe.score.skip_rejected, ShardFingerprints(facts),
        )  # fmt: skip
        self._decider = Decider(index.rows, published.facts if published else None, facts, {})

    def all(self, windows: Sequence[Window], pools: Pools, progress: ProgressReport) -> Iterator[WindowDone]:
        """Make all windows, in order."""
        self._total = sum(window.records for window in windows)
        if len(windows) == 1:
            tools = WindowTools(self._runner, self._scores, self._run, pools, alone())
            yield self._do(windows[0], tools, 0)
            return
        with progress.stage("windows", "records") as shown:
            stages = WindowsProgress(progress, shown, self._total)

            def work(window: Window, place: WindowPlace, own: PoolsOf) -> WindowDone:
                run = self._run.window(window.number)
                stage = RoutedStage(self._job.routes, self._memory, run, own, place)
                runner = replace(self._runner, work=stage, progress=stages)
                tools = WindowTools(runner, self._scores, run, own, place)
                return self._do(window, tools, packed_before(windows, window.number))

            yield from do_windows(
                windows,
                work,
                pools,
                list(self._job.routes.all.values()),
                at_once=partial(windows_at_once, self._job, windows),
            )

    def _do(self, window: Window, tools: WindowTools, before: int) -> WindowDone:
        """Do a window, which is packed while so many of the ones before it still are."""
        job, dictionaries = self._job, self._dictionaries
        phases = run_phases(job, partial(window.samples, self._rows), tools)
        if dictionaries is None:
            dictionaries = judged_dictionaries(job.recipe.languages, phases.into, job.answers)
            job = job.with_dictionaries(dictionaries)
        tools.place.await_entries("compose", ahead=before)
        tasks = shard_tasks(job, self._total, self._runner.check_stop, self._run.event)
        work = self._work(job, phases, tasks)
        if not work.apart:
            tools.place.await_entries("pack")  # parts of a shard are made in order
        shards = self._pack(window, work, tasks, tools)
        tools.place.through("pack")
        if self._total > window.records:
            tools.place.await_unread()
            tools.run.drop_requests()
        return WindowDone(job, dictionaries, shards, phases.counts)

    def _work(self, job: Job, phases: Phases, tasks: StageTasks) -> ShardWork:
        """What makes a window's shards, with its entries read where other processes need them."""
        apart = not isinstance(tasks, InlineTasks)
        entries = phases.entries.lent(tasks.lend) if apart else phases.entries
        return ShardWork(self._decider, composers_into(job, entries.into), self.packer, apart)

    def _pack(self, window: Window, work: ShardWork, tasks: StageTasks, tools: WindowTools) -> list[BuiltShard]:
        apart = work.apart
        parts = [in_parts(piece) if apart else [piece] for piece in window.pieces]
        groups = list(in_groups(chain.from_iterable(parts)))
        ends = [own[-1] for own in parts if apart and own[-1].last and not own[-1].whole]
        built: list[BuiltShard] = []
        with tools.runner.progress.stage("pack", "records") as stage:
            for group, done in zip(groups, tasks.run(BUILD_GROUP, work, groups), strict=True):
                built += done
                stage.advance(sum(piece.records for piece in group), window.records)
            tools.place.through("compose")
            tools.place.await_entries("compose")  # a shard has parts in the windows before this one, too
            built += tasks.run(join_parts, work, ends)
        for shard in built:
            # Its parts, where it had any; not sooner, as a task may be done twice.
            PartFolder(self.packer.parts, shard.shard.path).remove()
            written = self.packer.root / shard.shard.path
            if written.exists():  # it goes to disk while engines are busy, and not at the commit
                sync(written)
        return built


def shard_tasks(job: Job, records: int, check_stop: Callable[[], None], note: Note) -> StageTasks:
    """What packs: this process alone where there is little to do, or scores are kept.

    Scores that are kept are those of a model that takes long or costs money. Several processes would each measure what
    is in the shards of both, and load the model each.

    Args:
        job: The job.
        records: Of the whole build.
        check_stop: Raises where somebody has stopped the build.
        note: Is called when more CPUs are requested of a cluster.
    """
    alone = records < FEWEST_APART or any(scorer.inputs for scorer in job.scorers)
    workers = 0 if alone else job.recipe.workers
    return make_tasks(workers, ray_address=job.ray_address, note=note, check_stop=check_stop)


def _in_layout(windows: Sequence[Window]) -> list[Piece]:
    """One piece of each shard, by language and in the order of its shards."""
    pieces = {piece.plan.path: piece for window in windows for piece in window.pieces}
    langs = list(dict.fromkeys(piece.lang for window in windows for piece in window.pieces))
    return sorted(pieces.values(), key=lambda piece: langs.index(piece.lang))


def _read(job: Job, memory: Memory, before: list[str]) -> list[str] | None:
    """What the memory holds, all of which was read; None where others wrote into it since `before`."""
    now = entries_state(job)
    ours = {f"translations/{name}" for name in memory.committed}
    return now if set(now) <= {*before, *ours} else None
