"""The fit by which a build chooses among several translations: kept of an earlier build, or made of a sample first.

Guarantees: the sample is translated by the same engine without a choice, before anything is chosen; the fit is part of
the engine's fingerprint, so later builds of the name choose by it until it is made anew on purpose.
"""

from __future__ import annotations

from pathlib import Path

from glotmill.engine.commands.fitted_quality import fit_to_pairs
from glotmill.engine.commands.job import Job
from glotmill.engine.dataset.manifest import Manifest
from glotmill.engine.dataset.recorded_rules import recorded_choice
from glotmill.engine.memory.scores import ScoreStore
from glotmill.engine.memory.translations import Memory
from glotmill.engine.runs.progress import ProgressReport
from glotmill.engine.runs.run import Run
from glotmill.engine.translation.quality_phase import QualityPhase
from glotmill.engine.translators.shared.choosing_engines import undecided
from glotmill.engine.workers.shared_pools import Pools
from glotmill.filters.quality_fit import QualityFit

FOLDER = "choice"  # of the run: the sample and its lists of units


def own_choice(job: Job) -> QualityFit | None:
    """The fit that the job's build made, or an earlier one of its name; None where the recipe wants none."""
    choice = job.translator.choice
    return choice.fit if choice is not None and choice.own else None


def with_kept_choice(job: Job, published: Manifest | None) -> Job:
    """The job with the fit of what the build's folder holds, unless it needs none or is to make one.

    A fit to another model is not taken: what is usual of one engine says nothing of the next.

    Raises:
        InputError: The file was edited.
    """
    if published is None or job.recalibrate or not undecided(job.translator):
        return job
    fit = recorded_choice(job.folder / "dataset", published.facts)
    return job.with_choice(fit) if fit is not None and fit.content.engine == job.translator.model else job


def fit_choice_to_sample(
    job: Job, files: list[Path], memory: Memory, scores: ScoreStore, run: Run, pools: Pools, progress: ProgressReport
) -> Job:
    """The job with a fit to a sample of what its engine ranks first, where it lacks one.

    Args:
        job: The job.
        files: Sample files.
        memory: Keeps the sample's translations.
        scores: Keeps its forced scores.
        run: Notes what is requested and done.
        pools: Translate.
        progress: Shows the work.
    """
    if not undecided(job.translator):
        return job
    routes = job.routes.plain()
    phase = QualityPhase(routes, routes.default, memory, scores, Run(run.folder / FOLDER), pools)
    fit = fit_to_pairs(phase.pairs(files, job.recipe.languages, progress), job.translator.model)
    run.event("choice_fit", rows=fit.rows(), weights=fit.content.weights, learnt_from=fit.content.learnt_from)
    return job.with_choice(fit)
