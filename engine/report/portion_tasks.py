"""What a page says of all rows, from what tasks find in each portion of the shards: threads, or a cluster's nodes.

Guarantees: this process merges in the order of the portions, and what is merged does not depend on how shards stand
together; the scores of one portion are in memory for each task.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import polars as pl

from glotmill.engine.report.cuts import RuleCuts
from glotmill.engine.report.finished_build import BuiltFolder, Portion
from glotmill.engine.report.histograms import ENOUGH, Binning, Counts, Span, binnings, count, histograms, span, wider
from glotmill.engine.report.rows import Place, add_ids, first_ids, most_of_a_group, read_rows, shown_rows
from glotmill.engine.workers.sent_shard import over_files
from glotmill.engine.workers.stage_tasks import StageTasks
from glotmill.schemas.record import Metric


@dataclass(frozen=True, slots=True)
class Looking:
    """What a first look at all portions shares: the dataset's folder, the scores, and rows of a group to show."""

    dataset: Path
    columns: Sequence[str]
    most: int


@dataclass(frozen=True, slots=True)
class Look:
    """What a first look at a portion found.

    Attributes:
        spans: By column, what bins are laid by.
        ids: By language, the record ids of each group that may be shown.
        reasons: By language, rows by each of their reasons.
    """

    spans: dict[str, Span]
    ids: dict[str, dict[str, list[str]]]
    reasons: dict[str, Counter[str]]


@dataclass(frozen=True, slots=True)
class Counting:
    """What counting all portions shares: the dataset's folder and the bins."""

    dataset: Path
    binned: Sequence[Binning]


@dataclass(frozen=True, slots=True)
class Showing:
    """What reading rows to show shares: the dataset's folder and its scores."""

    dataset: Path
    metrics: Sequence[Metric]


Chosen = tuple[Portion, Sequence[str]]  # a portion, and the record ids of its rows that are shown


@dataclass(frozen=True, slots=True)
class Found:
    """What a page says of all rows.

    Attributes:
        rules: What `histograms` gives.
        reasons: By language, rows by each of their reasons.
        rows: The rows to show.
        left_out: How many more had no room.
    """

    rules: list[dict[str, Any]]
    reasons: dict[str, Counter[str]]
    rows: list[dict[str, Any]]
    left_out: int


def look(looking: Looking, portion: Portion) -> Look:
    """Look at a portion's scores, verdicts and ids."""
    found = Look({}, {}, {})
    names = ["record_id", "keep", "filter_reasons", *looking.columns]
    for lang, rows in portion.columns(looking.dataset, names):
        found.ids[lang] = first_ids(rows, looking.most)
        counted = rows["filter_reasons"].explode().drop_nulls().value_counts()
        found.reasons[lang] = Counter(dict(counted.iter_rows()))
        some = rows.select(looking.columns).gather_every(max(1, rows.height // ENOUGH))
        for column in looking.columns:
            _widen(found.spans, column, span(some[column]))
    return found


def _widen(spans: dict[str, Span], column: str, more: Span | None) -> None:
    if more is not None:
        spans[column] = wider(spans.get(column, more), more)


def count_portion(counting: Counting, portion: Portion) -> dict[tuple[str, str], Counts]:
    """Count a portion's scores, by rule and language."""
    found: dict[tuple[str, str], Counts] = {}
    columns = dict.fromkeys(each.column for each in counting.binned)
    for lang, rows in portion.columns(counting.dataset, ["row_status", "filter_reasons", *columns]):
        found |= count(counting.binned, lang, rows)
    return found


def read_chosen(showing: Showing, chosen: Chosen) -> list[dict[str, Any]]:
    """Read the rows of a portion that are shown."""
    portion, ids = chosen
    return read_rows(showing.metrics, portion.files(showing.dataset), pl.col("record_id").is_in(ids))


def find_all(build: BuiltFolder, rules: Sequence[RuleCuts], graded: Sequence[RuleCuts], tasks: StageTasks) -> Found:
    """Find what a page says of all rows.

    Args:
        build: The build.
        rules: Its rules that read one score.
        graded: Those of them that have a threshold.
        tasks: Does the work on each portion.

    Raises:
        InputError: Naming the shard that is damaged, or has a row that is no record.
    """
    portions, dataset, most = list(build.portions()), build.dataset, most_of_a_group(build)
    columns = list(dict.fromkeys(rule.metric.score_column for rule in graded))
    spans: dict[str, Span] = {}
    reasons: dict[str, Counter[str]] = {lang: Counter() for lang in build.languages}
    chosen: dict[str, dict[str, list[Place]]] = {lang: {} for lang in build.languages}
    steps = over_files(look, dataset, Portion.places)
    for number, found in enumerate(tasks.run(steps, Looking(dataset, columns, most), portions)):
        for column, more in found.spans.items():
            _widen(spans, column, more)
        for lang, counted in found.reasons.items():
            reasons[lang].update(counted)
            add_ids(chosen[lang], found.ids[lang], number, most)
    binned = binnings(graded, spans, build.languages)
    counts = _count_all(dataset, list(binned.values()), portions, tasks)
    shown, left_out = shown_rows(build, rules, chosen, _read_all(build, portions, chosen, tasks))
    return Found(histograms(build, graded, binned, counts), reasons, shown, left_out)


def _count_all(
    dataset: Path, binned: Sequence[Binning], portions: Sequence[Portion], tasks: StageTasks
) -> dict[tuple[str, str], Counts]:
    found: dict[tuple[str, str], Counts] = {}
    below = {each.code: {lang: cut.below for lang, cut in each.cuts.items()} for each in binned}
    steps = over_files(count_portion, dataset, Portion.places)
    for counted in tasks.run(steps, Counting(dataset, binned), portions if binned else []):
        for (code, lang), more in counted.items():
            if (code, lang) in found:
                found[code, lang].add(more, below=below[code][lang])
            else:
                found[code, lang] = more
    return found


def _read_all(
    build: BuiltFolder,
    portions: Sequence[Portion],
    chosen: Mapping[str, Mapping[str, list[Place]]],
    tasks: StageTasks,
) -> dict[str, dict[str, Any]]:
    """The chosen rows by their ids; only portions that have some are read."""
    wanted: dict[int, list[str]] = defaultdict(list)
    for groups in chosen.values():
        for name, number in chain.from_iterable(groups.values()):
            wanted[number].append(name)
    items: list[Chosen] = [(portions[number], wanted[number]) for number in sorted(wanted)]
    steps = over_files(read_chosen, build.dataset, lambda item: item[0].places())
    found = tasks.run(steps, Showing(build.dataset, build.metrics), items)
    return {row["record_id"]: row for rows in found for row in rows}
