"""``glotmill show``: rows of a build side by side on the terminal."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from glotmill.engine.cli.say import emit


class Verdict(StrEnum):
    """What became of a row."""

    KEPT = "kept"
    DROPPED = "dropped"
    FAILED = "failed"


def show_command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a build, such as outputs/NAME.")],
    lang: Annotated[str | None, typer.Option(metavar="CODE", help="Only this language.")] = None,
    source: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only of this source, by its name in the recipe or its dataset.")
    ] = None,
    task: Annotated[str | None, typer.Option(metavar="TASK", help="Only of this task.")] = None,
    verdict: Annotated[Verdict | None, typer.Option(help="Only what was kept, dropped, or failed.")] = None,
    reason: Annotated[str | None, typer.Option(metavar="CODE", help="Only rows with this reason.")] = None,
    sort: Annotated[str | None, typer.Option(metavar="COLUMN", help="By this score, the worst first.")] = None,
    best: Annotated[bool, typer.Option("--best", help="With --sort: the best first.")] = False,
    count: Annotated[int, typer.Option("-n", min=1, help="Rows to show.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show rows of a finished build: source, translation and what came back, side by side.

    Without --sort the rows come in the order of their ids, which are hashes: as good as drawn. Of a pulled folder, the
    shards that hold these rows are fetched. Exit codes: 0 done; 1 they cannot be fetched; 2 the folder or an option is
    not usable.

    Example: glotmill show outputs/quickstart --lang deu_Latn --reason round_trip.chrf --sort score_round_trip_chrf
    """
    from glotmill.engine.api.looking import show
    from glotmill.engine.cli.show_page import print_rows

    found = show(
        folder, lang=lang, source=source, task=task, verdict=verdict, reason=reason, sort=sort, best=best, count=count,
        progress=not as_json,
    )  # fmt: skip
    emit(found, print_rows, as_json=as_json)
