"""``glotmill calibrate``: thresholds by language from the translations of a build."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from glotmill.engine.cli.options import JsonOption
from glotmill.engine.cli.say import emit, say
from glotmill.schemas.errors import InputError

if TYPE_CHECKING:
    from glotmill.engine.commands.calibrate import CalibrationOutcome
    from glotmill.engine.commands.calibrate_quality import QualityOutcome


def calibrate_command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a build, such as outputs/NAME.")],
    out: Annotated[
        Path | None, typer.Option(help="The file to write [DIR/calibration.yaml, of quality DIR/quality.json].")
    ] = None,
    mode: Annotated[
        str,
        typer.Option(help="noise: against shuffled pairs; quantile: the worst share; quality: fit the quality score."),
    ] = "noise",
    references: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Translations by people, for mode quality: TSV, JSONL, Parquet.")
    ] = None,
    target: Annotated[
        float | None, typer.Option(help="Share of shuffled pairs that may pass, by noise [0.01].")
    ] = None,
    quantile: Annotated[float, typer.Option(help="Share of each cell that is dropped, by quantile.")] = 0.02,
    min_rows: Annotated[int, typer.Option(help="A cell with fewer rows gets no threshold of its own.")] = 500,
    seed: Annotated[int, typer.Option(help="Seed of the shuffle.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Fit thresholds per language, field type and length, and write them to a file that a recipe can name.

    Nothing of the build changes. Languages whose typical translation is no better than a shuffled pair are named as
    unreliable; a build with the calibration publishes them in a config of their own. Exit codes: 0 done; 2 the folder
    or an option is not usable, and nothing was written.

    In mode quality the file is a fit of the score quality instead: score.quality names it, and --references, a file of
    source, target and lang, makes its weights follow people's translations.

    Example: glotmill calibrate outputs/quickstart --mode noise --target 0.01, then
    glotmill refilter outputs/quickstart --set calibration=outputs/quickstart/calibration.yaml
    """
    from glotmill.engine.api.looking import calibrate, calibrate_quality

    if mode == "quality":
        emit(calibrate_quality(folder, references=references, out=out), _show_fit, as_json=as_json)
        return
    if references is not None:
        msg = f"--references {references}: goes with --mode quality"
        raise InputError(msg)
    outcome = calibrate(folder, out=out, mode=mode, target=target, quantile=quantile, min_rows=min_rows, seed=seed)
    emit(outcome, lambda made: _show(made, folder), as_json=as_json)


def _show_fit(outcome: QualityOutcome) -> None:
    weights = ", ".join(f"{name} {weight:.3f}" for name, weight in outcome.fit.content.weights.items())
    say(f"{outcome.turns:,} turns, {outcome.referenced:,} with a translation by people")
    say(f"chrF that a standard deviation is worth: {weights}")
    say(f"quality fit: {outcome.path}")
    say(f"use it: glotmill build … --set score.quality={outcome.path}")


def _show(outcome: CalibrationOutcome, folder: Path) -> None:
    for parameter, lost in outcome.lost.items():
        shares = ", ".join(f"{lang} {share:.2%}" for lang, share in lost.items())
        say(f"{parameter}: turns below the threshold: {shares}")
    for lang, codes in outcome.unreliable.items():
        say(f"unreliable: {lang} ({', '.join(codes)}): its median is no better than shuffled pairs")
    path = outcome.path
    say(f"calibration: {path}")
    say(f"use it: glotmill refilter {folder} --set calibration={path}, or build … --set calibration={path}")
