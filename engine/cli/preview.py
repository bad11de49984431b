"""``glotmill preview``: what a build would make and cost."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from engine.cli.options import JsonOption, LimitOption, MemoryOption, RecipeArgument, SetOption
from engine.job import prepare
from engine.preview import Preview, preview
from engine.progress import ProgressReport
from engine.summary import PLAIN_WIDTH
from recipes import load_recipe
from schemas.languages import language

NOT_YET = "(not translated yet)"


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
    overrides = [*(override or ()), *([f"limit={limit}"] if limit is not None else [])]
    job = prepare(load_recipe(recipe, overrides), out=out, memory=memory)
    found = preview(job, count, rate, measure=measure, progress=ProgressReport())
    if as_json:
        typer.echo(orjson.dumps(found.as_json()).decode())
        return
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = PLAIN_WIDTH
    _show(found, console)


def _show(found: Preview, console: Console) -> None:
    mix = found.samples.mix
    names = [name for name, count in mix.sources.items() if any(count.rows.values())]
    table = Table("language", "target", "rows", *names, box=None, pad_edge=False)
    for code, target in sorted(mix.targets().items(), key=lambda item: -item[1]):
        rows = [mix.sources[name].rows.get(code, 0) for name in names]
        table.add_row(
            f"{code} {language(code).name}", f"{target:,}", f"{sum(rows):,}", *(f"{number:,}" for number in rows)
        )
    console.print(table, soft_wrap=True)
    if mix.moved or mix.unassigned:
        console.print(f"mix: {mix.moved:,} samples move, {mix.unassigned:,} in no language")
    if len(mix.splits) > 1:
        console.print(f"splits: {', '.join(f'{name} {rows:,}' for name, rows in mix.splits.items())}")
    for name, made in found.samples.derived.items():
        console.print(f"derived {name}: {made.rows:,} rows from {made.looked_at:,}")
    _show_estimate(found, console)
    for row in found.rows:
        console.print(
            f"\n{row.set} {row.row_id} · {row.task} · {row.lang} · {row.split} · {row.template_id or 'no template'}"
        )
        sides = Table("turn", "English", language(row.lang).name, box=None, pad_edge=False)
        for place, turn in enumerate(row.source):
            there = row.target[place]["content"] if row.target else NOT_YET
            sides.add_row(turn["role"], Text(turn["content"]), Text(there))
        console.print(sides, soft_wrap=True)


def _show_estimate(found: Preview, console: Console) -> None:
    cost = found.estimate
    more = (", and as many back" if cost.way_back else "") + (", and their forced scores" if cost.forced else "")
    console.print(
        f"segments: {cost.asked:,} asked, {cost.unique:,} different, {cost.known:,} in the memory, "
        f"{cost.to_translate:,} to translate: about {cost.tokens:,} tokens{more}"
    )
    if cost.seconds is not None and cost.tokens_per_second:
        workers = f"{cost.workers} worker{'s' if cost.workers > 1 else ''}"
        console.print(
            f"time: about {cost.seconds:,.0f} s at {cost.tokens_per_second:,.0f} tokens/s a worker, {workers}"
        )
