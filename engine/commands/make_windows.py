"""A window of a build made: translated, scored, and written into parts of shards and whole ones.

Guarantees: what comes out is the same whether one window is open or several, and in one process or many.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path

from glotmill.engine.commands.job import Job
from glotmill.engine.commands.open_windows import do_windows, open_at_once, packed_before
from glotmill.engine.commands.phases import PhaseCounts, PhaseRunner, Phases, WindowTools, composers_into, run_phases
from glotmill.engine.dataset.commit import WORK
from glotmill.engine.dataset.fingerprints import ShardFingerprints
from glotmill.engine.dataset.manifest import Manifest
from glotmill.engine.memory.scores import ScoreStore
from glotmill.engine.memory.translations import Memory
from glotmill.engine.records.build_shards import BuiltShard, ShardWork, in_groups, in_parts, join_parts
from glotmill.engine.records.layout import SampleIndex
from glotmill.engine.records.pack import Packer
from glotmill.engine.records.recipe_scorers import RecipeScorers
from glotmill.engine.records.sent_shards import BUILD_GROUP
from glotmill.engine.records.shard_actions import Decider
from glotmill.engine.records.shard_parts import PartFolder
from glotmill.engine.records.windows import Piece, Window
from glotmill.engine.runs.progress import ProgressReport
from glotmill.engine.runs.run import Run
from glotmill.engine.runs.windows_progress import WindowsProgress
from glotmill.engine.samples.frequent_answers import judged_dictionaries
from glotmill.engine.storage.atomic_write import sync
from glotmill.engine.text.dictionary import Judgement
from glotmill.engine.translation.routed_stage import RoutedStage
from glotmill.engine.translation.window_order import WindowPlace, alone
from glotmill.engine.workers.shared_pools import Pools, PoolsOf
from glotmill.engine.workers.stage_tasks import InlineTasks, StageTasks, make_tasks
from glotmill.engine.workers.units import Note

FEWEST_APART = 50_000  # records that are packed by several processes: to start one takes as long as to pack this many


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


class WindowMaker:
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
        counts, tasks = phases.counts, shard_tasks(job, self._total, self._runner.check_stop, self._run.event)
        apart = not isinstance(tasks, InlineTasks)
        if not apart:
            tools.place.await_entries("pack")  # parts of a shard are made in order
        with tools.runner.progress.stage("pack", "records") as stage:
            shards = self._composed(window, self._work(job, phases, tasks, apart=apart), tasks, stage.advance)
            del phases  # with the window's entries, so that the next window's have room
            tools.place.through("compose")
            tools.place.await_entries("compose")  # a shard has parts in the windows before this one, too
            shards += tasks.run(join_parts, self.packer, _ends(window) if apart else [])
        self._make_safe(shards)
        tools.place.through("pack")
        if self._total > window.records:
            tools.place.await_unread()
            tools.run.drop_requests()
        return WindowDone(job, dictionaries, shards, counts)

    def _work(self, job: Job, phases: Phases, tasks: StageTasks, *, apart: bool) -> ShardWork:
        """What makes a window's shards, with its entries read where other processes need them."""
        entries = phases.entries.lent(tasks.lend) if apart else phases.entries
        return ShardWork(self._decider, composers_into(job, entries.into), self.packer, apart)

    def _composed(
        self, window: Window, work: ShardWork, tasks: StageTasks, advance: Callable[[int, int], None]
    ) -> list[BuiltShard]:
        """Make a window's shards, and its parts of those that have some in other windows; the ones that are whole."""
        parts = [in_parts(piece) if work.apart else [piece] for piece in window.pieces]
        groups = list(in_groups(chain.from_iterable(parts)))
        built: list[BuiltShard] = []
        for group, done in zip(groups, tasks.run(BUILD_GROUP, work, groups), strict=True):
            built += done
            advance(sum(piece.records for piece in group), window.records)
        return built

    def _make_safe(self, shards: Sequence[BuiltShard]) -> None:
        """Have shards safe on disk, and their parts away; not sooner, as a task may be done twice."""
        for shard in shards:
            PartFolder(self.packer.parts, shard.shard.path).remove()
            written = self.packer.root / shard.shard.path
            if written.exists():  # it goes to disk while engines are busy, and not at the commit
                sync(written)


def _ends(window: Window) -> list[Piece]:
    """The last parts of shards that a window ends."""
    last = (in_parts(piece)[-1] for piece in window.pieces)
    return [part for part in last if part.last and not part.whole]


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
