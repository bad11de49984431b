"""``glotmill preview``: what a build would make and cost."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from glotmill.engine.cli.options import JsonOption, LimitOption, MemoryOption, RecipeArgument, SetOption
from glotmill.engine.cli.screen import Screen, say_json
from glotmill.engine.commands.job import prepare
from glotmill.engine.commands.preview import Preview, preview
from glotmill.engine.runs.progress import ProgressReport
from glotmill.engine.text.tables import TextTable, print_table
from glotmill.engine.text.visible import visible_line
from glotmill.recipes import load_recipe
from glotmill.schemas.languages import language

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
        say_json(found.as_json())
        return
    _show(found, Screen())


def _show(found: Preview, screen: Screen) -> None:
    mix = found.samples.mix
    names = [name for name, count in mix.sources.items() if any(count.rows.values())]
    table = Table("language", "target", "rows", *names, box=None, pad_edge=False)
    for code, target in sorted(mix.targets().items(), key=lambda item: -item[1]):
        rows = [mix.sources[name].rows.get(code, 0) for name in names]
        table.add_row(
            f"{code} {language(code).name}", f"{target:,}", f"{sum(rows):,}", *(f"{number:,}" for number in rows)
        )
    print_table(screen, table)
    if mix.moved or mix.unassigned:
        screen.print(f"mix: {mix.moved:,} samples move, {mix.unassigned:,} in no language")
    for note in mix.notes:
        screen.print(f"mix: {note}", soft_wrap=True)
    if len(mix.splits) > 1:
        screen.print(f"splits: {', '.join(f'{name} {rows:,}' for name, rows in mix.splits.items())}")
    for name, made in found.samples.derived.items():
        screen.print(f"derived {name}: {made.rows:,} rows from {made.looked_at:,}")
    _show_estimate(found, screen)
    for row in found.rows:
        facts = (f"{row.set} {row.row_id}", row.task, row.lang, row.split, row.template_id or "no template")
        screen.print(f"\n{' · '.join(map(visible_line, facts))}")
        sides = TextTable("turn", "English", language(row.lang).name)
        for place, turn in enumerate(row.source):
            there = row.target[place]["content"] if row.target else NOT_YET
            sides.add_row(turn["role"], turn["content"], there)
        print_table(screen, sides)


def _show_estimate(found: Preview, screen: Screen) -> None:
    cost = found.estimate
    more = (", and as many back" if cost.way_back else "") + (", and their forced scores" if cost.forced else "")
    screen.print(
        f"segments: {cost.asked:,} asked, {cost.unique:,} different, {cost.known:,} in the memory, "
        f"{cost.to_translate:,} to translate: about {cost.tokens:,} tokens{more}"
    )
    if (money := cost.usage.expectation()) is not None:
        screen.print(money, soft_wrap=True)
    if cost.seconds is not None and cost.tokens_per_second:
        workers = f"{cost.workers} worker{'s' if cost.workers > 1 else ''}"
        screen.print(f"time: about {cost.seconds:,.0f} s at {cost.tokens_per_second:,.0f} tokens/s a worker, {workers}")
