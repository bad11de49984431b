"""Show: the rows of a finished build that a person chose, by their facts and in the order of a score."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from glotmill.engine.dataset.row_counts import source_name
from glotmill.engine.dataset.shards import Shard
from glotmill.engine.dataset.sound_rows import RECORDS
from glotmill.engine.publish.pull_record import pulled_columns
from glotmill.engine.publish.whole_shards import bring
from glotmill.engine.report.finished_build import BuiltFolder, open_build
from glotmill.engine.report.rows import read_rows
from glotmill.engine.runs.progress import ProgressReport
from glotmill.engine.storage.readable import reading
from glotmill.engine.text.notebook import NotebookResult, View
from glotmill.schemas.errors import InputError
from glotmill.schemas.languages import nearest
from glotmill.schemas.record import Metric

VERDICTS = {
    "kept": pl.col("keep"),
    "dropped": ~pl.col("keep") & (pl.col("row_status") == "ok"),
    "failed": pl.col("row_status") == "failed",
}


@dataclass(frozen=True, slots=True)
class RowChoice:
    """Which rows to show, and in which order.

    Attributes:
        lang: Only this language.
        source: Only of this source, by its name in the recipe or its dataset.
        task: Only of this task.
        verdict: Only these: a key of `VERDICTS`.
        reason: Only rows with this reason.
        sort: The score that orders the rows; without it they come in the order of their ids.
        best: The best first, not the worst.
        count: Rows at most.
    """

    lang: str | None = None
    source: str | None = None
    task: str | None = None
    verdict: str | None = None
    reason: str | None = None
    sort: str | None = None
    best: bool = False
    count: int = 20


@dataclass(frozen=True, slots=True)
class ChosenRows(NotebookResult):
    """The rows that were chosen.

    Attributes:
        rows: The rows, in order.
        found: How many rows fit the choice, shown or not.
        metric: The score that orders them.
        build: The build they are from.
    """

    rows: list[dict[str, Any]]
    found: int
    metric: Metric | None
    build: BuiltFolder

    def as_json(self) -> dict[str, Any]:
        """The object that ``--json`` prints."""
        return {"rows": self.rows, "found": self.found}

    def notebook_view(self) -> View:
        """The last turn of each row."""
        rows: list[tuple[object, ...]] = []
        for row in self.rows:
            texts = (turns[-1]["content"] if turns else "" for turns in (row["source_messages"], row["messages"]))
            rows.append((row["record_id"], row["lang"], ", ".join(row["filter_reasons"]) or "kept", *texts))
        head = ("record", "language", "verdict", "source", "translation")
        return f"{len(rows):,} of {self.found:,} rows", [head, *rows]


def choose_rows(folder: Path, choice: RowChoice, progress: ProgressReport) -> ChosenRows:
    """Find rows of a finished build; shards of a pulled folder that hold them are fetched.

    Raises:
        InputError: The folder is not a finished build's, or the choice names what it does not have.
        PublishError: A shard cannot be fetched.
    """
    build = open_build(folder, "show")
    lang, task, reason = choice.lang, choice.task, choice.reason
    shards = [shard for code, facts in build.languages.items() if lang in (None, code) for shard in facts.shards]
    metric = _metric(build, choice.sort)
    if lang is not None and lang not in build.languages:
        raise _unknown("--lang", lang, list(build.languages))
    if reason is not None and reason not in (known := _reasons(build)):
        raise _unknown("--reason", reason, known)
    if task is not None and task not in build.manifest["tasks"]:
        raise _unknown("--task", task, build.manifest["tasks"])
    wanted = _wanted(choice.verdict, reason, task) & _of_source(build, choice.source)
    # The columns that a pull brought are enough to choose rows, unless by their source.
    whole = choice.source is not None
    bring(folder, [shard for shard in shards if whole or pulled_columns(build.dataset, shard) is None], progress)
    ids, files, total = _chosen(build.dataset, shards, wanted, metric, choice.count, best=choice.best)
    bring(folder, [shard for shard in shards if shard.path in files], progress)
    read = [build.dataset / path for path in files]
    rows = (
        {row["record_id"]: row for row in read_rows(build.metrics, read, pl.col("record_id").is_in(ids))} if ids else {}
    )
    return ChosenRows([rows[name] for name in ids], total, metric, build)


def _wanted(verdict: str | None, reason: str | None, task: str | None) -> pl.Expr:
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
    hint = f"did you mean '{close[0]}'?" if close else f"known: {', '.join(known) or 'none, as it has no row'}"
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
    with reading(*(pulled_columns(dataset, shard) or dataset / shard.path for shard in shards), what=RECORDS):
        rows = pl.concat(found).filter(pl.col("key").is_not_null()).collect(engine="streaming")
    first = rows.sort("key", "record_id", descending=[down, False]).head(count)
    return first["record_id"].to_list(), first["path"].unique(maintain_order=True).to_list(), rows.height
