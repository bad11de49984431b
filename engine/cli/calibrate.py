"""``glotmill calibrate``: thresholds by language from the translations of a build."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from glotmill.engine.cli.options import JsonOption
from glotmill.engine.cli.say import say, say_json
from glotmill.schemas.errors import InputError

if TYPE_CHECKING:
    from glotmill.filters.calibration_fit import Settings

TARGET = 0.01


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
    import yaml

    from glotmill.engine.commands.calibrate import judged_turns
    from glotmill.engine.storage.atomic_write import write_bytes
    from glotmill.engine.storage.output_path import check_new_file
    from glotmill.filters.calibration_fit import calibrate

    settings = _settings(mode, target, quantile, min_rows, seed)
    path = out or folder / "calibration.yaml"
    check_new_file(path, "--out")
    turns, pairs, scorers = judged_turns(folder)
    content = calibrate(turns, pairs, scorers, settings)
    head = "# Written by glotmill calibrate: thresholds by parameter, language (script, all), field type and letters.\n"
    write_bytes(path, (head + yaml.safe_dump(content, sort_keys=False, width=100)).encode())
    if as_json:
        say_json({"path": str(path), **content})
        return
    for parameter, lost in content["lost"].items():
        shares = ", ".join(f"{lang} {share:.2%}" for lang, share in lost.items())
        say(f"{parameter}: turns below the threshold: {shares}")
    for lang, codes in content["unreliable"].items():
        say(f"unreliable: {lang} ({', '.join(codes)}): its median is no better than shuffled pairs")
    say(f"calibration: {path}")
    say(f"use it: glotmill refilter {folder} --set calibration={path}, or build … --set calibration={path}")


def _settings(mode: str, target: float | None, quantile: float, min_rows: int, seed: int) -> Settings:
    from glotmill.filters.calibration_fit import Mode, Settings

    modes: dict[str, Mode] = {"noise": "noise", "quantile": "quantile"}
    if mode not in modes:
        msg = f"--mode {mode}: expected noise or quantile"
        raise InputError(msg)
    if target is not None and mode == "quantile":
        msg = f"--target {target:g}: goes with --mode noise; by quantile, --quantile says what share is dropped"
        raise InputError(msg)
    target = TARGET if target is None else target
    for name, value in (("target", target), ("quantile", quantile)):
        if not 0 < value < 1:
            msg = f"--{name} {value:g}: expected a share between 0 and 1"
            raise InputError(msg)
    if min_rows < 1:
        msg = f"--min-rows {min_rows}: expected 1 or more"
        raise InputError(msg)
    return Settings(modes[mode], target, quantile, min_rows, seed)
