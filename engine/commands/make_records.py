"""The records of a build: the prologue, then window by window translated, scored and written.

Guarantees: while one window is packed, the engines have the next one's units; what comes out is the same whether one
window is open or several, and in one process or many.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
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
from glotmill.engine.commands.make_windows import WindowMaker
from glotmill.engine.commands.phases import PhaseCounts, PhaseRunner
from glotmill.engine.commands.prologue import Prologue, run_prologue
from glotmill.engine.commands.unchanged import entries_state
from glotmill.engine.dataset.commit import WORK
from glotmill.engine.dataset.manifest import Manifest
from glotmill.engine.memory.scores import ScoreStore
from glotmill.engine.memory.translations import Memory
from glotmill.engine.records.build_shards import BuiltShard
from glotmill.engine.records.layout import SampleIndex, ShardPlan, lay_out
from glotmill.engine.records.windows import Piece, Window, cut_windows
from glotmill.engine.runs.progress import ProgressReport
from glotmill.engine.runs.run import Run
from glotmill.engine.samples.frequent_answers import judged_dictionaries
from glotmill.engine.text.dictionary import Judgement
from glotmill.engine.translation.routed_stage import RoutedStage
from glotmill.engine.workers.few_heaps import give_back
from glotmill.engine.workers.pool import make_pool
from glotmill.engine.workers.shared_pools import Pools
from glotmill.engine.workers.stopping import stop_on_signal


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
        maker = WindowMaker(job, index, published, staged, memory, scores, run, runner, dictionaries)
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
