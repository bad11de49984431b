"""The page of ``glotmill show``: rows with their source, translation and back-translation side by side."""

from __future__ import annotations

from typing import Any

from rich.text import Text

from glotmill.engine.cli.screen import Screen
from glotmill.engine.commands.show import ChosenRows
from glotmill.engine.report.cuts import rule_cuts
from glotmill.engine.report.rows import RowTeller
from glotmill.engine.text.tables import TextTable, print_table
from glotmill.engine.text.visible import visible, visible_line
from glotmill.schemas.languages import language
from glotmill.schemas.record import Metric

HIGHLIGHT = "bold yellow"


def print_rows(found: ChosenRows) -> None:
    """Print the rows, and how many there are in all."""
    screen = Screen()
    build = found.build
    tell = RowTeller(build, rule_cuts(build.policy, build.metrics, list(build.languages)))
    for row in found.rows:
        _print(screen, tell.row(row), row, found.metric)
    screen.print(f"{len(found.rows):,} of {found.found:,} rows")


def _print(screen: Screen, shown: dict[str, Any], row: dict[str, Any], metric: Metric | None) -> None:
    facts = [shown["status"], shown["task"], shown["from"], *shown["reasons"]]
    if metric is not None:
        facts.append(f"{metric.score_column} {row[metric.score_column]:.4g}")
    screen.print(f"\n{row['record_id']} · {' · '.join(visible_line(fact) for fact in facts)}")
    sides = TextTable("turn", "source", language(row["lang"]).name, "translated back")
    for turn in shown["turns"]:
        sides.add_row(turn["role"], *(_text(turn.get(side)) for side in ("source", "target", "back")))
    if "answers" in shown:
        sides.add_row("answers", *(" | ".join(texts) for texts in shown["answers"]), "")
    print_table(screen, sides)


def _text(pieces: list[str] | None) -> Text:
    found = Text()
    for place, piece in enumerate(pieces or ()):
        found.append(visible(piece), style=HIGHLIGHT if place % 2 else None)
    return found
