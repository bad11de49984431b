"""Calibrating: thresholds by language, field type and length from the translations of a build.

Two ways. By noise: the same scores are taken of shuffled pairs, and a threshold lets through a small share of those;
it needs no labels and says what it costs. By quantile: a threshold drops the worst share of each cell, which keeps
languages alike but keeps bad ones too. Scores that cannot be taken of a shuffled pair without the engine (its own
log-probability) are calibrated by quantile in both. A language whose median lies below what shuffled pairs reach is
named as unreliable, and loses nothing by it: it is published in a config of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from glotmill.filters.calibration import ALL, BUCKETS, VERSION, bucket
from glotmill.filters.contract import Scorer
from glotmill.filters.rules import Rule
from glotmill.schemas.errors import InputError
from glotmill.schemas.languages import registry
from glotmill.schemas.record import Metric

Mode = Literal["noise", "quantile"]
OTHERS = ["target", "back", "back_failed"]  # what of a pair another row's takes the place of
PASSING = 0.95  # share of shuffled pairs that an unreliable language's median does not reach


@dataclass(frozen=True, slots=True)
class Settings:
    """How thresholds are fitted to the scores of one dataset.

    Attributes:
        mode: ``noise`` or ``quantile``.
        target: In mode ``noise``: the share of shuffled, hence wrong, pairs that may pass.
        quantile: In mode ``quantile``: the share of each cell's rows that is dropped.
        min_rows: A cell with fewer rows gets no threshold of its own.
        seed: Seed of the shuffle.
    """

    mode: Mode = "noise"
    target: float = 0.01
    quantile: float = 0.02
    min_rows: int = 500
    seed: int = 0


def graded(scorers: Iterable[Scorer]) -> list[tuple[Rule, Metric, Scorer]]:
    """The rules that are calibrated, with the metric each reads, for the scorers that run."""
    return [
        (rule, metric, scorer)
        for scorer in scorers
        for rule in scorer.rules
        if rule.graded
        for metric in scorer.metrics
        if metric.name == rule.graded[0]
    ]


def calibrate(turns: pl.DataFrame, pairs: pa.Table, scorers: Sequence[Scorer], settings: Settings) -> dict[str, Any]:
    """The content of a calibration file.

    Args:
        turns: One row a judged turn: lang, field_type (by the record's task), letters of the source, and a column
            for each graded metric, named as `Metric.turn_column`.
        pairs: The same turns as rows of `glotmill.filters.contract.PAIR_SCHEMA`.
        scorers: Those that the build ran.
        settings: How.

    Raises:
        InputError: No group has enough rows for a threshold.
    """
    cells = turns.with_columns(bucket=bucket(pl.col("letters")))
    thresholds: dict[str, Any] = {}
    losses: dict[str, Any] = {}
    unreliable: dict[str, list[str]] = {}
    shuffled = _shuffled(turns, pairs, settings.seed) if settings.mode == "noise" else None
    for rule, metric, scorer in graded(scorers):
        assert rule.graded is not None
        real = cells.select("lang", "field_type", "bucket", value=pl.col(metric.turn_column))
        noise = None
        if shuffled is not None and scorer.expensive and not scorer.needs_forced_scores:
            values = pl.Series(scorer.score(shuffled)[metric.name], dtype=pl.Float32)
            # Templates make questions alike: the translation of the same text is no noise.
            others = pl.Series(pc.not_equal(shuffled["target"], pairs["target"]))
            noise = real.with_columns(value=pl.when(others).then(values))
            for lang in _below_noise(real, noise):
                unreliable.setdefault(lang, []).append(rule.code)
        found = _thresholds(real, noise, settings)
        if found:
            parameter = f"{rule.scorer}.{rule.graded[1]}"
            thresholds[parameter] = found
            losses[parameter] = _losses(real, found)
    if not thresholds:
        raise _too_few(cells, settings.min_rows)
    return {
        "calibration": VERSION,
        "mode": settings.mode,
        "target": settings.target,
        "quantile": settings.quantile,
        "min_rows": settings.min_rows,
        "thresholds": thresholds,
        "lost": losses,
        "unreliable": dict(sorted(unreliable.items())),
    }


def _too_few(cells: pl.DataFrame, min_rows: int) -> InputError:
    """Why no threshold could be fitted."""
    largest = (
        cells.group_by("lang", "field_type").len().sort("len", "lang", "field_type", descending=[True, False, False])
    )
    most = "no turn was judged"
    if largest.height:
        lang, field_type, rows = largest.row(0)
        most = f"the largest group, {field_type} turns of {lang}, has {rows:,}"
    return InputError(
        f"calibrate: too few rows: a threshold needs {min_rows:,} in a group, and {most}; "
        f"build more rows, or lower --min-rows"
    )


def _shuffled(turns: pl.DataFrame, pairs: pa.Table, seed: int) -> pa.Table:
    """The pairs with the translations of other rows of the same language and field type."""
    order = np.arange(turns.height)
    rng = np.random.default_rng(seed)
    for _, rows in turns.with_row_index().group_by(["lang", "field_type"], maintain_order=True):
        index = rng.permutation(rows["index"].to_numpy())
        order[index] = np.roll(index, 1)  # a cycle: nobody keeps its own
    moved = pairs.select(OTHERS).take(pa.array(order))
    for name in OTHERS:
        pairs = pairs.set_column(pairs.schema.get_field_index(name), pairs.schema.field(name), moved[name])
    return pairs


def _below_noise(real: pl.DataFrame, noise: pl.DataFrame) -> list[str]:
    """Languages whose median does not reach the 95th percentile of their shuffled pairs."""
    typical = real.group_by("lang").agg(typical=pl.col("value").median())
    reached = noise.group_by("lang").agg(reached=pl.col("value").quantile(PASSING))
    low = typical.join(reached, on="lang").filter(pl.col("typical") < pl.col("reached"))
    return sorted(low["lang"].to_list())


def _thresholds(real: pl.DataFrame, noise: pl.DataFrame | None, settings: Settings) -> dict[str, Any]:
    """Thresholds by place (language, script, all), field type and length, where there are enough rows."""
    table, share = (real, settings.quantile) if noise is None else (noise, 1 - settings.target)
    scripts = {code: entry.script for code, entry in registry().items()}
    table = table.drop_nulls("value").with_columns(script=pl.col("lang").replace_strict(scripts))
    found: dict[str, Any] = {}
    for place, by_length in (("lang", True), ("lang", False), ("script", False), (None, False)):
        keys = [*([place] if place else []), "field_type", *(["bucket"] if by_length else [])]
        cut = table.group_by(keys).agg(n=pl.len(), value=pl.col("value").quantile(share)).sort(keys)
        for row in cut.filter(pl.col("n") >= settings.min_rows).iter_rows(named=True):
            length = BUCKETS[row["bucket"]] if by_length else ALL
            cell = found.setdefault(row[place] if place else ALL, {}).setdefault(row["field_type"], {})
            cell[length] = round(row["value"], 4)
    return found


def _losses(real: pl.DataFrame, found: dict[str, Any]) -> dict[str, float]:
    """Share of each language's turns below the thresholds of its own."""
    lost = {}
    for (lang,), rows in real.drop_nulls("value").group_by(["lang"], maintain_order=True):
        fields = found.get(str(lang), {})
        below = 0
        for (field_type, number), cell in rows.group_by(["field_type", "bucket"]):
            lengths = fields.get(field_type, {})
            threshold = lengths.get(BUCKETS[int(str(number))], lengths.get(ALL))
            below += 0 if threshold is None else int((cell["value"] < threshold).sum())
        lost[str(lang)] = round(below / rows.height, 4)
    return dict(sorted(lost.items()))
