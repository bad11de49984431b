"""What a dataset is, and why: diff, explain, show, report, calibrate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from glotmill.engine.api.boundary import PathInput, Progress, as_path, as_text, own_errors, reporter, whole_number
from glotmill.engine.commands import diff as diff_datasets
from glotmill.engine.commands import report as report_build
from glotmill.engine.commands.calibrate import CalibrationOutcome, calibrate_dataset
from glotmill.engine.commands.calibrate_quality import QualityOutcome
from glotmill.engine.commands.calibrate_quality import calibrate_quality as fit_of_dataset
from glotmill.engine.commands.diff import Difference
from glotmill.engine.commands.explain import explain_record
from glotmill.engine.commands.explain.explain_record import Explanation
from glotmill.engine.commands.report import ReportOutcome
from glotmill.engine.commands.show import VERDICTS, ChosenRows, RowChoice, choose_rows
from glotmill.filters.calibration_fit import Mode, Settings
from glotmill.schemas.errors import InputError

MODES: Mapping[str, Mode] = {"noise": "noise", "quantile": "quantile"}
TARGET = 0.01


@own_errors
def diff(first: PathInput, second: PathInput, *, rows: bool = False, ids: int = 0) -> Difference:
    """Compare two datasets: versions, sources, models, thresholds, languages, counts and shards.

    The manifests are enough; only ``rows=True`` opens the shards that differ.

    Args:
        first: The folder of a build, of a dataset, or a published one on this machine (``FOLDER@VERSION``).
        second: Likewise.
        rows: Also count the records whose verdict changed.
        ids: With ``rows``: name so many records of each kind of change.

    Returns:
        What differs; `Difference.same` where nothing does.

    Raises:
        InputError: There is no dataset, it is damaged, or a newer Glotmill made it.
    """
    whole_number(ids, "ids", 0)
    if ids and not rows:
        msg = f"-n {ids}: expected a number of records to name, together with --rows"
        raise InputError(msg)
    return diff_datasets.diff(as_path(first, "first"), as_path(second, "second"), rows=rows, ids=ids)


@own_errors
def explain(
    folder: PathInput, record_id: str, *, memory: PathInput | None = None, progress: Progress = False
) -> Explanation:
    """Gather all that is known of one record: its origin, segments, scores, and what each rule said.

    Args:
        folder: The folder of a build, of a dataset, or a published one on this machine (``FOLDER@VERSION``).
        record_id: The record's id, or the beginning of it.
        memory: Folder or URL of the translation memory [``outputs/.memory``].
        progress: True shows the work on standard error; a function is called with each `StageProgress`.

    Raises:
        InputError: There is no such dataset or record, or the dataset is not usable.
        StoreError: The memory cannot be read.
        PublishError: The shard of the record cannot be fetched.
    """
    if not isinstance(record_id, str):
        msg = f"record_id: expected text, found {type(record_id).__name__}"
        raise InputError(msg)
    place = None if memory is None else as_text(memory, "memory")
    return explain_record.explain(as_path(folder, "folder"), record_id, reporter(progress), memory=place)


@own_errors
def show(
    folder: PathInput,
    *,
    lang: str | None = None,
    source: str | None = None,
    task: str | None = None,
    verdict: str | None = None,
    reason: str | None = None,
    sort: str | None = None,
    best: bool = False,
    count: int = 20,
    progress: Progress = False,
) -> ChosenRows:
    """Choose rows of a finished build.

    Without ``sort`` the rows come in the order of their ids. These are hashes, so the rows are as good as drawn.

    Args:
        folder: The folder of a build, or one that `pull` made.
        lang: Only this language.
        source: Only of this source, by its name in the recipe or its dataset.
        task: Only of this task.
        verdict: Only rows that were ``kept``, ``dropped`` or ``failed``.
        reason: Only rows with this reason.
        sort: The column of the score that orders the rows, the worst first.
        best: With ``sort``: the best first.
        count: Rows at most.
        progress: True shows the work on standard error; a function is called with each `StageProgress`.

    Raises:
        InputError: The folder is not a finished build's, or the choice names what it does not have.
        PublishError: A shard cannot be fetched.
    """
    whole_number(count, "count", 1)
    if verdict is not None and verdict not in VERDICTS:
        msg = f"verdict {verdict!r}: expected one of {', '.join(VERDICTS)}"
        raise InputError(msg)
    choice = RowChoice(lang, source, task, verdict, reason, sort, best, count)
    return choose_rows(as_path(folder, "folder"), choice, reporter(progress))


@own_errors
def report(folder: PathInput, *, ray_address: str | None = None, progress: Progress = False) -> ReportOutcome:
    """Write ``report.html``: one file, without anything from the network, to see what a build made.

    Every build writes it; this writes it again.

    Args:
        folder: The folder of a build, or one that `pull` made.
        ray_address: ``HOST:PORT`` of a running Ray cluster, whose nodes do the work; None uses threads of this process.
        progress: True shows the work on standard error; a function is called with each `StageProgress`.

    Raises:
        InputError: The folder is not a finished build's; nothing was written.
        PublishError: A shard cannot be fetched.
    """
    return report_build.report(as_path(folder, "folder"), reporter(progress), ray_address)


@own_errors
def calibrate(
    folder: PathInput,
    *,
    out: PathInput | None = None,
    mode: str = "noise",
    target: float | None = None,
    quantile: float = 0.02,
    min_rows: int = 500,
    seed: int = 0,
) -> CalibrationOutcome:
    """Fit thresholds by language, field type and length, and write them to a file that a recipe can name.

    Nothing of the build changes: `refilter` with ``{"calibration": FILE}`` uses the file.

    Args:
        folder: The folder of a build.
        out: The file to write [``calibration.yaml`` in the folder].
        mode: ``noise`` compares with shuffled pairs; ``quantile`` drops the worst share.
        target: In mode ``noise``: the share of shuffled pairs that may pass [0.01].
        quantile: In mode ``quantile``: the share of each cell that is dropped.
        min_rows: A cell with fewer rows gets no threshold of its own.
        seed: Seed of the shuffle.

    Raises:
        InputError: The folder or a value is not usable, or no cell has enough rows; nothing was written.
    """
    path = None if out is None else as_path(out, "out")
    return calibrate_dataset(as_path(folder, "folder"), path, _settings(mode, target, quantile, min_rows, seed))


@own_errors
def calibrate_quality(
    folder: PathInput, *, references: PathInput | None = None, out: PathInput | None = None
) -> QualityOutcome:
    """Fit the quality score to a build's translations, and write the fit to a file that a recipe names as its own.

    Nothing of the build changes: a recipe with ``score: {quality: FILE}`` uses the file.

    Args:
        folder: The folder of a build whose recipe names the scorer ``quality``.
        references: A file of source, target and lang with translations by people; None goes by agreement.
        out: The file to write [``quality.json`` in the folder].

    Raises:
        InputError: The folder or a file is not usable, or there are too few turns; nothing was written.
    """
    people = None if references is None else as_path(references, "references")
    return fit_of_dataset(as_path(folder, "folder"), people, None if out is None else as_path(out, "out"))


def _settings(mode: Any, target: Any, quantile: Any, min_rows: Any, seed: Any) -> Settings:
    if mode not in MODES:
        msg = f"--mode {mode}: expected noise or quantile"
        raise InputError(msg)
    if target is not None and mode == "quantile":
        msg = f"--target {target:g}: goes with --mode noise; by quantile, --quantile says what share is dropped"
        raise InputError(msg)
    target = TARGET if target is None else target
    for name, value in (("target", target), ("quantile", quantile)):
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1:
            msg = f"--{name} {value}: expected a share between 0 and 1"
            raise InputError(msg)
    whole_number(min_rows, "--min-rows", 1)
    whole_number(seed, "--seed", 0)
    return Settings(MODES[mode], target, quantile, min_rows, seed)
