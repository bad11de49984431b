"""``glotmill preview``: what a build would make and cost."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from glotmill.engine.cli.options import JsonOption, LimitOption, MemoryOption, RecipeArgument, SetOption
from glotmill.engine.cli.say import emit


def preview_command(
    recipe: RecipeArgument,
    count: Annotated[int, typer.Option("-n", min=0, help="Rows to show.")] = 20,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the build [outputs/NAME]: its record of languages counts.")
    ] = None,
    memory: MemoryOption = None,
    limit: LimitOption = None,
    rate: Annotated[
        float | None, typer.Option(min=0.001, help="Source tokens per second of one worker; else it is measured.")
    ] = None,
    measure: Annotated[bool, typer.Option(help="Load the engine to measure its speed.")] = True,
    override: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a recipe's realised mix and some rows, with an estimate of segments, tokens and time; build nothing.

    Reads the sources, makes the samples aside and throws them away. Exit codes: 0 done; 1 failed; 2 the recipe, an
    option or a file is not usable.

    Example: glotmill preview mblip -n 5 --set sources.coco.path=captions_train2014.json
    """
    from glotmill.engine.api.builds import preview
    from glotmill.engine.cli.preview_page import print_preview

    overrides = [*(override or ()), *([f"limit={limit}"] if limit is not None else [])]
    found = preview(
        recipe, overrides=overrides, out=out, memory=memory, rows=count, rate=rate, measure=measure, progress=True
    )
    emit(found, print_preview, as_json=as_json)
