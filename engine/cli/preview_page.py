"""The page of ``glotmill preview``: the mix, the estimate and some rows."""

from __future__ import annotations

from rich.table import Table

from glotmill.engine.cli.screen import Screen
from glotmill.engine.commands.preview import Preview
from glotmill.engine.text.tables import TextTable, print_table
from glotmill.engine.text.visible import visible_line
from glotmill.schemas.languages import language

NOT_YET = "(not translated yet)"


def print_preview(found: Preview) -> None:
    """Print the mix, the estimate and the rows."""
    screen = Screen()
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
    more = (", and as many back" if cost.back_translation else "") + (
        ", and their forced scores" if cost.forced else ""
    )
    screen.print(
        f"segments: {cost.requested:,} requested, {cost.unique:,} different, {cost.known:,} in the memory, "
        f"{cost.to_translate:,} to translate: about {cost.tokens:,} tokens{more}"
    )
    if (money := cost.usage.expectation()) is not None:
        screen.print(money, soft_wrap=True)
    if cost.seconds is not None and cost.tokens_per_second:
        workers = f"{cost.workers} worker{'s' if cost.workers > 1 else ''}"
        screen.print(f"time: about {cost.seconds:,.0f} s at {cost.tokens_per_second:,.0f} tokens/s a worker, {workers}")
