"""The English side of a build: samples read, cleaned, derived, given their languages and their instructions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from glotmill.engine.commands.job import Job
from glotmill.engine.dataset.manifest import has_manifest
from glotmill.engine.runs.progress import ProgressReport
from glotmill.engine.samples.assign import MixSummary, assign_samples, keep_revisions, read_held
from glotmill.engine.samples.cleaning import clean_samples
from glotmill.engine.samples.derivation import DeriveCount, derive_samples
from glotmill.engine.samples.ingest import PortionsMade, SourceCount, ingest
from glotmill.engine.samples.instruct import instruct_samples
from glotmill.engine.samples.made_rows import MadeRows, in_turn, make_portion
from glotmill.engine.samples.sample_files import sample_files
from glotmill.engine.sources import OpenSource
from glotmill.engine.workers.stage_tasks import make_tasks

FEWEST_APART = 40  # portions of a file: some 280,000 captions


@dataclass(frozen=True, slots=True)
class Samples:
    """The samples of a build.

    Attributes:
        files: Sample files in the order of all records.
        sources: Balance by source.
        derived: Rows made by each derivation.
        mix: Targets and rows by source, and the splits.
        templates: How many samples each template was put around; ``""`` counts those without.
    """

    files: list[Path]
    sources: dict[str, SourceCount]
    derived: dict[str, DeriveCount]
    mix: MixSummary
    templates: dict[str, int]


def portions_made(job: Job) -> PortionsMade:
    """What makes the samples of files: tasks of this machine where there are many portions, else this process.

    To start Ray takes as long as to make some twenty portions.
    """

    def made(source: OpenSource, portions: Sequence[Any]) -> Iterator[MadeRows]:
        workers = 0 if len(portions) < FEWEST_APART else job.recipe.workers
        return make_tasks(workers, ray_address=job.ray_address).run(make_portion, source, portions)

    return made


def make_samples(job: Job, staged: Path, progress: ProgressReport, made: PortionsMade = in_turn) -> Samples:
    """Make the samples of a job in ``staged/samples``, and the images that a recipe publishes in ``staged/dataset``.

    Args:
        job: The job.
        staged: The staging folder.
        progress: Shows the work.
        made: Makes the samples of a file's portions.

    Raises:
        GlotmillError: A source, a step or the mix cannot be done; the message says why.
    """
    folder = staged / "samples"
    files = sample_files(folder, job.recipe.sets)
    with progress.stage("ingest", "rows") as stage:
        limit, dataset = job.recipe.limit, staged / "dataset"
        sources = ingest(job.sources, folder, limit=limit, advance=stage.advance, dataset=dataset, made=made)
    if job.recipe.clean:
        with progress.stage("clean", "rows") as stage:
            stage.advance(sum(count.samples for count in sources.values()))
            sources = clean_samples(folder, job.recipe.clean, sources)
    derived: dict[str, DeriveCount] = {}
    if job.recipe.derive:
        with progress.stage("derive", "rows") as stage:
            derived = derive_samples(folder, job.recipe.derive, job.recipe.languages, job.labels)
            stage.advance(sum(count.rows for count in derived.values()))
    with progress.stage("mix", "rows") as stage:
        published = not job.compact and has_manifest(job.folder / "dataset")
        held = read_held(job.folder / "samples", job.recipe.splits, published=published)
        mixed = assign_samples(files, job.mix, job.recipe.splits, held, record=folder)
        stage.advance(sum(count.samples for count in mixed.sources.values()))
    templates: dict[str, int] = {}
    if job.instructions:
        with progress.stage("instruct", "rows") as stage:
            templates = instruct_samples(files, job.instructions, stage.advance)
    keep_revisions(files, held)
    return Samples(files, sources, derived, mixed, templates)
