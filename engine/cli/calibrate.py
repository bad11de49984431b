"""``glotmill calibrate``: thresholds by language from the translations of a build."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from glotmill.engine.cli.options import JsonOption
from glotmill.engine.cli.say import emit, say

if TYPE_CHECKING:
    from glotmill.engine.commands.calibrate import CalibrationOutcome


def calibrate_command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a build, such as outputs/NAME.")],
    out: Annotated[Path | None, typer.Option(help="The file to write [DIR/calibration.yaml].")] = None,
    mode: Annotated[str, typer.Option(help="noise: against shuffled pairs; quantile: the worst share.")] = "noise",
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

    Example: glotmill calibrate outputs/quickstart --mode noise --target 0.01, then
    glotmill refilter outputs/quickstart --set calibration=outputs/quickstart/calibration.yaml
    """
    from glotmill.engine.api.looking import calibrate

    outcome = calibrate(folder, out=out, mode=mode, target=target, quantile=quantile, min_rows=min_rows, seed=seed)
    emit(outcome, lambda made: _show(made, folder), as_json=as_json)


def _show(outcome: CalibrationOutcome, folder: Path) -> None:
    for parameter, lost in outcome.lost.items():
        shares = ", ".join(f"{lang} {share:.2%}" for lang, share in lost.items())
        say(f"{parameter}: turns below the threshold: {shares}")
    for lang, codes in outcome.unreliable.items():
        say(f"unreliable: {lang} ({', '.join(codes)}): its median is no better than shuffled pairs")
    path = outcome.path
    say(f"calibration: {path}")
    say(f"use it: glotmill refilter {folder} --set calibration={path}, or build … --set calibration={path}")
