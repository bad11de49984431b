"""The quality score's fit in a build: what an earlier build of the name made, or one to a sample of this one.

Guarantees: a fit stays that of the first build of a name until it is made anew on purpose, so rows that are added move
no old verdict; it is in the fingerprints of scores and verdicts; a file that was edited is refused.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from glotmill.engine.commands.job import Job
from glotmill.engine.dataset.manifest import Manifest
from glotmill.engine.dataset.recorded_rules import recorded_fit
from glotmill.engine.memory.scores import ScoreStore
from glotmill.engine.memory.translations import Memory
from glotmill.engine.runs.progress import ProgressReport
from glotmill.engine.runs.run import Run
from glotmill.engine.translation.quality_phase import QualityPhase
from glotmill.engine.workers.shared_pools import Pools
from glotmill.filters.engine_thresholds import Thresholds, engine_scores, engine_thresholds
from glotmill.filters.features.pair_quality import features
from glotmill.filters.quality_fit import QualityFit, shipped_fit
from glotmill.filters.quality_fitting import fit_quality
from glotmill.filters.scorers.quality import QualityScorer

FOLDER = "quality"  # of the run: the sample and its lists of units


def lacks_fit(job: Job) -> bool:
    """Whether the job measures quality and has no fit for it yet."""
    return any(isinstance(scorer, QualityScorer) and scorer.fit is None for scorer in job.scorers)


def with_kept_fit(job: Job, published: Manifest | None) -> Job:
    """The job with the fit of what the build's folder holds, unless it has one or is to make one.

    Raises:
        InputError: The file was edited.
    """
    if published is None or job.recalibrate or not lacks_fit(job):
        return job
    noted = published.facts["scorers"].get(QualityScorer.name, {}).get("fit")
    return job if noted is None else _with_fit(job, recorded_fit(job.folder / "dataset", noted))


def fit_to_sample(
    job: Job, files: list[Path], memory: Memory, scores: ScoreStore, run: Run, pools: Pools, progress: ProgressReport
) -> Job:
    """The job with a fit to a sample of its own translations, where it lacks one.

    Args:
        job: The job.
        files: Sample files.
        memory: Keeps the sample's translations.
        scores: Keeps its forced scores.
        run: Notes what is requested and done.
        pools: Translate.
        progress: Shows the work.
    """
    if not lacks_fit(job):
        return job
    phase = QualityPhase(job.routes, job.translator, memory, scores, Run(run.folder / FOLDER), pools)
    pairs = phase.pairs(files, job.recipe.languages, progress)
    own = engine_thresholds(engine_scores(pairs, job.scorers), pairs["lang"].to_pylist(), job.scorers)
    fit = fit_to_pairs(pairs, job.translator.model, own)
    run.event("quality_fit", rows=fit.rows(), weights=fit.content.weights, learnt_from=fit.content.learnt_from)
    return _with_fit(job, fit)


def fit_to_pairs(pairs: pa.Table, model: str, thresholds: Thresholds | None = None) -> QualityFit:
    """A fit to a sample of translations; the shipped one where too few were made by the model that it is of.

    Args:
        pairs: Rows of `glotmill.filters.contract.PAIR_SCHEMA`.
        model: Public name of the engine's model.
        thresholds: Of the rules that depend on the engine.
    """
    fit = fit_quality(features(pairs), pairs["lang"].to_pylist(), model, shipped_fit(), thresholds=thresholds)
    return fit if fit.content.usual or shipped_fit().content.engine != model else shipped_fit()


def _with_fit(job: Job, fit: QualityFit) -> Job:
    scorers = [QualityScorer(fit) if isinstance(scorer, QualityScorer) else scorer for scorer in job.scorers]
    return replace(job, scorers=scorers, policy=job.policy.fitted(fit))
