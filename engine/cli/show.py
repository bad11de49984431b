"""``glotmill show``: rows of a build side by side on the terminal."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import polars as pl
import typer
from rich.text import Text

from glotmill.engine.cli.screen import Screen, say_json
from glotmill.engine.dataset.row_counts import source_name
from glotmill.engine.dataset.shards import Shard
from glotmill.engine.publish.pull import bring
from glotmill.engine.publish.pull_record import pulled_columns
from glotmill.engine.report.cuts import rule_cuts
from glotmill.engine.report.finished_build import BuiltFolder, open_build
from glotmill.engine.report.rows import RowTeller, read_rows
from glotmill.engine.runs.progress import ProgressReport
from glotmill.engine.text.tables import TextTable, print_table
from glotmill.engine.text.visible import visible, visible_line
from glotmill.schemas.errors import InputError
from glotmill.schemas.languages import language, nearest
from glotmill.schemas.record import Metric

HIGHLIGHT = "bold yellow"


class Verdict(StrEnum):
    """What became of a row."""

    KEPT = "kept"
    DROPPED = "dropped"
    FAILED = "failed"


VERDICTS = {
    Verdict.KEPT: pl.col("keep"),
    Verdict.DROPPED: ~pl.col("keep") & (pl.col("row_status") == "ok"),
    Verdict.FAILED: pl.col("row_status") == "failed",
}


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
    build = open_build(folder, "show")
    shards = [shard for code, facts in build.languages.items() if lang in (None, code) for shard in facts.shards]
    metric = _metric(build, sort)
    if lang is not None and lang not in build.languages:
        raise _unknown("--lang", lang, list(build.languages))
    if reason is not None and reason not in (known := _reasons(build)):
        raise _unknown("--reason", reason, known)
    if task is not None and task not in build.manifest["tasks"]:
        raise _unknown("--task", task, build.manifest["tasks"])
    wanted = _wanted(verdict, reason, task) & _of_source(build, source)
    progress = ProgressReport(quiet=as_json)
    # The columns that a pull brought are enough to choose rows, unless by their source.
    bring(folder, [s for s in shards if source is not None or pulled_columns(build.dataset, s) is None], progress)
    ids, files, total = _chosen(build.dataset, shards, wanted, metric, count, best=best)
    bring(folder, [shard for shard in shards if shard.path in files], progress)
    read = [build.dataset / path for path in files]
    rows = {row["record_id"]: row for row in read_rows(build, read, pl.col("record_id").is_in(ids))} if ids else {}
    if as_json:
        say_json({"rows": [rows[name] for name in ids], "found": total})
        return
    screen = Screen()
    tell = RowTeller(build, rule_cuts(build.policy, build.metrics, list(build.languages)))
    for name in ids:
        _print(screen, tell.row(rows[name]), rows[name], metric)
    screen.print(f"{len(ids):,} of {total:,} rows")


def _wanted(verdict: Verdict | None, reason: str | None, task: str | None) -> pl.Expr:
    wanted = pl.lit(value=True) if verdict is None else VERDICTS[verdict]
    if task is not None:
        wanted &= pl.col("task") == task
    return wanted if reason is None else wanted & pl.col("filter_reasons").list.contains(reason)


def _of_source(build: BuiltFolder, name: str | None) -> pl.Expr:
    """The rows of a source, which rows name by their dataset, its config and its split."""
    if name is None:
        return pl.lit(value=True)
    parts = ("dataset", "config", "split")
    sources = build.manifest["sources"]
    called = {str(source["name"]): [source] for source in sources}
    for source in sources:
        for other in {source_name(*(source[part] for part in parts)), source["dataset"]} - {source["name"]}:
            called.setdefault(other, []).append(source)
    if name not in called:
        raise _unknown("--source", name, list(called))
    of = [pl.all_horizontal(pl.col("source").struct.field(p) == source[p] for p in parts) for source in called[name]]
    return pl.any_horizontal(of)


def _metric(build: BuiltFolder, sort: str | None) -> Metric | None:
    if sort is None:
        return None
    known = {metric.score_column: metric for metric in build.metrics}
    if sort not in known:
        raise _unknown("--sort", sort, list(known))
    return known[sort]


def _reasons(build: BuiltFolder) -> list[str]:
    failures = [reason for facts in build.languages.values() for reason in facts.failed]
    return [*build.policy.actions, *dict.fromkeys(failures)]


def _unknown(option: str, word: str, known: list[str]) -> InputError:
    close = nearest(word, known)
    hint = f"did you mean '{close[0]}'?" if close else f"known: {', '.join(known)}"
    return InputError(f"show {option} {word}: the build has none of that name; {hint}")


def _chosen(
    dataset: Path, shards: list[Shard], wanted: pl.Expr, metric: Metric | None, count: int, *, best: bool
) -> tuple[list[str], list[str], int]:
    """The ids of the rows to show, in order, the paths of their shards, and how many rows there are."""
    column = pl.lit(0.0) if metric is None else pl.col(metric.score_column)
    down = metric is not None and (metric.direction == "lower") != best
    found = []
    for shard in shards:
        path = pulled_columns(dataset, shard) or dataset / shard.path
        found.append(
            pl.scan_parquet(path, glob=False).filter(wanted).select("record_id", key=column, path=pl.lit(shard.path))
        )
    if not found:  # a dataset without a row
        return [], [], 0
    rows = pl.concat(found).filter(pl.col("key").is_not_null()).collect(engine="streaming")
    first = rows.sort("key", "record_id", descending=[down, False]).head(count)
    return first["record_id"].to_list(), first["path"].unique(maintain_order=True).to_list(), rows.height


def _print(screen: Screen, told: dict[str, Any], row: dict[str, Any], metric: Metric | None) -> None:
    facts = [told["status"], told["task"], told["from"], *told["reasons"]]
    if metric is not None:
        facts.append(f"{metric.score_column} {row[metric.score_column]:.4g}")
    screen.print(f"\n{row['record_id']} · {' · '.join(visible_line(fact) for fact in facts)}")
    sides = TextTable("turn", "source", language(row["lang"]).name, "translated back")
    for turn in told["turns"]:
        sides.add_row(turn["role"], *(_text(turn.get(side)) for side in ("source", "target", "back")))
    if "answers" in told:
        sides.add_row("answers", *(" | ".join(texts) for texts in told["answers"]), "")
    print_table(screen, sides)


def _text(pieces: list[str] | None) -> Text:
    found = Text()
    for place, piece in enumerate(pieces or ()):
        found.append(visible(piece), style=HIGHLIGHT if place % 2 else None)
    return found
