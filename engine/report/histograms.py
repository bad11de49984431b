"""Histograms of scores by rule and language, so that a page can say what another threshold would drop.

Guarantees: a rule's own threshold in a language is an edge of its bins there, and the others are edges in every
language, so each number that a page shows for an edge is a count of rows and no estimate. What is counted of some rows
and of others adds up to what is counted of all.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from glotmill.engine.report.cuts import Cut, RuleCuts
from glotmill.engine.report.finished_build import BuiltFolder

BINS = 50
TAIL = 0.001  # of a shard's rows on either side may lie outside the edges, in the two open bins
ENOUGH = 50_000  # rows of a shard that the edges are laid by
FAR = 3.0  # a threshold farther from the scores than this many times their spread does not stretch the axis


Span = tuple[float, float, bool]  # quantiles near both ends of a score, and whether all of its values are whole


@dataclass(frozen=True, slots=True)
class Binning:
    """How the scores of a rule are counted.

    Attributes:
        code: The rule's.
        column: The score's.
        cuts: By language, where its verdict turns.
        edges: By language, the bins' edges.
        grid: The edges that all languages share.
    """

    code: str
    column: str
    cuts: Mapping[str, Cut]
    edges: Mapping[str, list[float]]
    grid: list[float]


@dataclass
class Counts:
    """Counts of one rule in one language: of all rows with a score, and of those that no other rule drops."""

    edges: list[float]
    all: Any = field(init=False)
    free: Any = field(init=False)
    free_unjudged: int = 0
    failing: int = 0
    passing_end: float = math.nan
    failing_end: float = math.nan

    def __post_init__(self) -> None:
        self.all = np.zeros(len(self.edges) + 1, np.int64)
        self.free = np.zeros(len(self.edges) + 1, np.int64)

    def add(self, other: Counts, *, below: bool) -> None:
        """Add the counts of other rows; ``below`` as of `Cut`."""
        best, worst = _ends(below=below)
        self.all, self.free = self.all + other.all, self.free + other.free  # what a task gave cannot be written to
        self.free_unjudged += other.free_unjudged
        self.failing += other.failing
        self.failing_end = float(best(self.failing_end, other.failing_end))
        self.passing_end = float(worst(self.passing_end, other.passing_end))


def _ends(*, below: bool) -> tuple[Any, Any]:
    """What tells the score nearest to passing of those that fail, and the one nearest to failing of those that pass."""
    return (np.fmax, np.fmin) if below else (np.fmin, np.fmax)


def binnings(rules: Sequence[RuleCuts], spans: Mapping[str, Span], langs: Iterable[str]) -> dict[str, Binning]:
    """How the scores of rules are counted, by the rule's code; a rule whose score no row has is left out.

    Args:
        rules: Rules that read one score and have a threshold.
        spans: By column, what `span` told of all rows.
        langs: The languages of a build.
    """
    found = {}
    for rule in rules:
        if own := spans.get(rule.metric.score_column):
            grid = _grid(rule, own)
            edges = {lang: _edges(grid, rule, lang) for lang in langs if lang in rule.cuts}
            found[rule.rule.code] = Binning(rule.rule.code, rule.metric.score_column, rule.cuts, edges, grid)
    return found


def histograms(
    build: BuiltFolder,
    rules: Sequence[RuleCuts],
    binned: Mapping[str, Binning],
    counts: Mapping[tuple[str, str], Counts],
) -> list[dict[str, Any]]:
    """The histograms of a build, as the page reads them.

    Args:
        build: The build.
        rules: Its rules that read one score and have a threshold.
        binned: How their scores were counted, by the rule's code.
        counts: What was counted, by rule and language.

    Returns:
        For each rule that judges a score: code, description, action, column, below, grid (edges that all languages
        share), at (the most common threshold), parameters (those that move it: key, low, high, and value, which is None
        where a calibration fitted it), inclusive (of `RuleCuts`) and langs. A language is there if it has such scores:
        at (its own threshold, an edge too), band (the fitted threshold's extremes, where a calibration set it), all and
        free (first bin that is not empty, then counts; bin 0 lies before the first edge), free_unjudged, failing (rows
        that have the rule among their reasons), and most (of `RuleCuts`, an edge too) where it has one.
    """
    shown = [
        {
            "code": rule.rule.code,
            "description": rule.rule.description,
            "action": rule.action,
            "column": rule.metric.score_column,
            "below": rule.below,
            "grid": binned[rule.rule.code].grid,
            "at": rule.common,
            "parameters": _parameters(build, rule),
            "inclusive": rule.inclusive,
            "langs": {
                lang: _as_json(rule, lang, counts[rule.rule.code, lang], fitted=build.fitted(rule.rule))
                for lang in build.languages
                if (rule.rule.code, lang) in counts and counts[rule.rule.code, lang].all.any()
            },
        }
        for rule in rules
        if rule.rule.code in binned
    ]
    return [rule for rule in shown if rule["langs"]]


def count(binned: Iterable[Binning], lang: str, rows: pl.DataFrame) -> dict[tuple[str, str], Counts]:
    """Count the scores of some rows of a language, by rule and language.

    Args:
        binned: How.
        lang: The language.
        rows: Columns row_status, filter_reasons and the scores.
    """
    frame = _sound(rows)
    failing = _failing(frame)
    found = {}
    for each in binned:
        if lang in each.cuts:
            fails = failing.get(each.code, np.zeros(frame.height, np.bool_))
            counts = found[each.code, lang] = Counts(each.edges[lang])
            _count(frame, fails, frame[each.column], each.cuts[lang], counts)
    return found


def _sound(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.filter(pl.col("row_status") == "ok").with_columns(reasons=pl.col("filter_reasons").list.len())


def _failing(frame: pl.DataFrame) -> dict[str, Any]:
    """Which rows have a reason, as a mask of the rows, by reason."""
    pairs = frame.select("filter_reasons").with_row_index("row").explode("filter_reasons").drop_nulls()
    found = {}
    for (code,), rows in pairs.group_by("filter_reasons"):
        found[str(code)] = np.zeros(frame.height, np.bool_)
        found[str(code)][rows["row"].to_numpy()] = True
    return found


def _parameters(build: BuiltFolder, rule: RuleCuts) -> list[dict[str, Any]]:
    used = set(rule.moved_by.values())
    found = []
    for parameter in rule.rule.parameters:
        if parameter.name in used:
            full = f"{rule.rule.scorer}.{parameter.name}"
            value = None if build.fitted(rule.rule) else build.policy.parameters[full]
            found.append({"key": f"filter.{full}", "value": value, "low": parameter.low, "high": parameter.high})
    return found


def _edges(grid: list[float], rule: RuleCuts, lang: str) -> list[float]:
    at, most = rule.cuts[lang].at, rule.most.get(lang, math.inf)
    own = [at] if grid[0] <= at <= grid[-1] else []
    return sorted({*grid, *own, *([most] if most < grid[-1] else [])})


def _count(frame: pl.DataFrame, fails: Any, column: pl.Series, cut: Cut, counts: Counts) -> None:
    alone = frame["reasons"].to_numpy() == fails  # no other rule drops the row
    judged = column.is_not_null().to_numpy()
    scores, free, failing = column.drop_nulls().to_numpy(), alone[judged], fails[judged]
    # Lower scores fail below an edge, higher ones above it: the edge itself passes.
    places = np.searchsorted(np.array(counts.edges, np.float32), scores, side="right" if cut.below else "left")
    size = len(counts.edges) + 1
    counts.all += np.bincount(places, minlength=size)
    counts.free += np.bincount(places[free], minlength=size)
    counts.free_unjudged += int(alone.sum() - free.sum())
    counts.failing += int(failing.sum())
    best, worst = _ends(below=cut.below)
    if failing.any():
        counts.failing_end = float(best(counts.failing_end, best.reduce(scores[failing])))
    if not failing.all():
        counts.passing_end = float(worst(counts.passing_end, worst.reduce(scores[~failing])))


def _as_json(rule: RuleCuts, lang: str, counts: Counts, *, fitted: bool) -> dict[str, Any]:
    found: dict[str, Any] = {
        "all": _trimmed(counts.all),
        "free": _trimmed(counts.free),
        "free_unjudged": counts.free_unjudged,
        "failing": counts.failing,
    }
    cut = rule.cuts[lang]
    if lang in rule.most:
        found["most"] = rule.most[lang]
    if fitted and rule.action == "reject":
        ends = [short(value) for value in (counts.passing_end, counts.failing_end) if not math.isnan(value)]
        return {"at": None, "band": sorted(ends), "own": cut.at, **found}
    return {"at": cut.at, **found}


def _trimmed(values: Any) -> list[int]:
    """The first bin that is not empty, and the counts from it to the last that is not."""
    (used,) = np.nonzero(values)
    return [int(used[0]), *values[used[0] : used[-1] + 1].tolist()] if len(used) else []


def short(value: float) -> float:
    """A score in five digits, enough to be read."""
    return float(f"{value:.5g}")


def span(scores: pl.Series) -> Span | None:
    """What the edges of bins are laid by, of some rows; None where no row has a score."""
    known = scores.drop_nulls()
    low, high = (known.quantile(q, "nearest") for q in (TAIL, 1 - TAIL))
    if low is None or high is None:
        return None
    return low, high, bool((known.to_numpy() % 1 == 0).all())


def wider(one: Span, other: Span) -> Span:
    """The span of some rows and of others."""
    return min(one[0], other[0]), max(one[1], other[1]), one[2] and other[2]


def _grid(rule: RuleCuts, whole_span: Span) -> list[float]:
    metric, at = rule.metric, rule.common
    low, high, whole = whole_span
    if metric.low is not None and metric.high is not None:
        low, high = metric.low, metric.high
    reach = FAR * max(high - low, 1.0 if whole else 0.0)
    if low - reach <= at <= high + reach:
        low, high = min(low, at), max(high, at)
    step = _nice((high - low) / BINS)
    if whole and (metric.low, metric.high) != (0, 1):
        step = max(1.0, step)
    first, last = math.floor(low / step), math.ceil(high / step)
    grid = {short(number * step) for number in range(first, max(last, first + 1) + 1)}
    if rule.inclusive:  # a parameter's neighbour is the last score that passes it
        inward = np.float32(np.inf if rule.below else -np.inf)
        grid = {float(str(np.nextafter(np.float32(edge), inward))) for edge in grid}
    near = low <= at <= high
    return sorted(grid | {at}) if near else sorted(grid)


def _nice(step: float) -> float:
    """The next larger one of 1, 2, 5 times a power of ten."""
    if step <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(step))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= step * 0.999)
