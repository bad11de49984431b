"""Fitting the quality score to an engine's own translations, with people's translations of some or without any.

With references the weights are a ridge regression of chrF on the features. Without, they are those that were learnt
once with references (of the embedded model), and agreement decides how much of each stays: a feature that on this
engine goes along with all others less than it did there loses that share of its weight. In both ways the mean and
deviation of each feature, and the quality that each share of the rows reaches, are the build's own.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from glotmill.filters.engine_thresholds import Thresholds
from glotmill.filters.features.pair_quality import FEATURES
from glotmill.filters.quality_fit import ALL, FARTHEST, VERSION, Content, Floats, QualityFit, Usual, estimate
from glotmill.schemas.errors import InputError
from glotmill.schemas.languages import registry

MIN_ROWS = 100  # of a language, a script or all, for a mean and a deviation of its own
MIN_REFERENCES = 300  # of all languages, for weights of their own
RIDGE = 100.0
TAIL = 0.01  # of each feature's values on either side that count as the last one before them
SHARES = (0.01, *(step / 100 for step in range(5, 90, 5)), *(step / 100 for step in range(90, 101)))
DIGITS = 5

Moments = tuple[Floats, Floats]
Names = np.ndarray[tuple[int], np.dtype[np.object_]]


def fit_quality(
    table: Floats,
    langs: Sequence[str],
    engine: str,
    shipped: QualityFit | None,
    references: Floats | None = None,
    thresholds: Thresholds | None = None,
) -> QualityFit:
    """A fit to rows of features.

    Args:
        table: Columns as `FEATURES`; rows with a missing value are left out.
        langs: The language of each row.
        engine: Public name of the engine.
        shipped: Where weights begin without references; None takes references only.
        references: chrF over 100 of each row against people's translation of it; NaN where there is none.
        thresholds: Of the rules that depend on the engine, as `glotmill.filters.engine_thresholds` finds them.

    Raises:
        InputError: Too few rows have a reference.
    """
    whole = np.isfinite(table).all(axis=1)
    table, names = table[whole], np.array(langs, dtype=object)[whole]
    judged = np.full(len(table), np.nan) if references is None else references[whole]
    places = _places(names)
    moments = {place: _moments(table[rows]) for place, rows in places.items()}
    known = np.isin(names, list(moments))
    standard, names_known = _standard(table, names, moments)[known], names[known]
    if references is not None:
        weight = _regressed(standard, names_known, judged[known])
    elif shipped is not None:
        weight = _agreed(standard, shipped)
    else:
        msg = "quality: expected references, or weights to begin with"
        raise InputError(msg)
    level = shipped.content.usual[ALL].level if shipped else 0.5
    weights, usual = _named(weight), {}
    for place, rows in places.items():
        scores = judged[rows][np.isfinite(judged[rows])]
        own = float(scores.mean()) if len(scores) >= MIN_ROWS else level
        usual[place] = _usual(weights, moments[place], table[rows], min(max(own, 0.01), 0.99))
    return QualityFit(
        Content(
            quality=VERSION,
            engine=engine,
            learnt_from="agreement" if references is None else "references",
            weights=weights,
            agreement=_named(agreement(standard)),
            usual=usual,
            thresholds=thresholds or {},
        )
    )


def _places(names: Names) -> dict[str, npt.NDArray[np.bool_]]:
    """The rows of each language, of each script and of all that have enough."""
    scripts = np.array([registry()[lang].script for lang in names], dtype=object)
    found = {lang: names == lang for lang in sorted(set(names))}
    found |= {script: scripts == script for script in sorted(set(scripts))}
    found[ALL] = np.ones(len(names), bool)
    return {place: rows for place, rows in found.items() if rows.sum() >= MIN_ROWS}


def _moments(rows: Floats) -> Moments:
    """Mean and deviation of each feature without what its tails do to them."""
    inside = np.clip(rows, *np.quantile(rows, [TAIL, 1 - TAIL], axis=0))
    return inside.mean(axis=0).round(DIGITS), np.maximum(inside.std(axis=0), 10.0**-DIGITS).round(DIGITS)


def _standard(table: Floats, names: Names, moments: dict[str, Moments]) -> Floats:
    """The features of the languages that have enough rows, in standard deviations; 0 elsewhere."""
    found = np.zeros_like(table)
    for lang in set(names) & moments.keys():
        mean, deviation = moments[lang]
        found[names == lang] = np.clip((table[names == lang] - mean) / deviation, -FARTHEST, FARTHEST)
    return found


def _regressed(standard: Floats, names: Names, judged: Floats) -> Floats:
    """Weights by which the features tell chrF within each language."""
    known = np.isfinite(judged)
    if known.sum() < MIN_REFERENCES:
        msg = f"quality: {known.sum():,} translations have a reference; weights need {MIN_REFERENCES}"
        raise InputError(msg)
    x, y, names = standard[known], judged[known].copy(), names[known]
    for lang in set(names):
        y[names == lang] -= y[names == lang].mean()
    weights = np.linalg.solve(x.T @ x + RIDGE * np.eye(len(FEATURES)), x.T @ y)
    # Each feature is made so that more is better: a weight below 0 is noise of few rows or of features that go along.
    positive: Floats = np.maximum(weights, 0)
    return positive


def _agreed(standard: Floats, shipped: QualityFit) -> Floats:
    """The shipped weights, less of those whose feature agrees with the others less than it did."""
    first, before = (np.array([part[name] for name in FEATURES])
                     for part in (shipped.content.weights, shipped.content.agreement))  # fmt: skip
    if len(standard) < MIN_ROWS:
        return first
    share: Floats = np.divide(agreement(standard), before, out=np.ones(len(first)), where=before > 0)
    share = np.clip(share, 0, 1)
    weights: Floats = first * share / share.max() if share.max() > 0 else first
    return weights


def agreement(standard: Floats) -> Floats:
    """The correlation of each feature with the sum of all others; 0 for one that is the same everywhere."""
    if not len(standard):
        return np.zeros(len(FEATURES))
    rest = standard.sum(axis=1, keepdims=True) - standard
    spread = standard.std(axis=0) * rest.std(axis=0)
    covariance = ((standard - standard.mean(axis=0)) * (rest - rest.mean(axis=0))).mean(axis=0)
    found: Floats = np.divide(covariance, spread, out=np.zeros(len(FEATURES)), where=spread > 0)
    return found


def _usual(weights: dict[str, float], moments: Moments, rows: Floats, level: float) -> Usual:
    mean, deviation = (_named(part) for part in moments)
    usual = Usual(rows=len(rows), level=round(level, DIGITS), mean=mean, deviation=deviation)
    values = estimate(weights, usual, rows)
    # Rounded down by a whole unit: a row at the threshold stays, though its score is stored in single precision.
    unit = 10**-DIGITS
    found = {share: np.floor(np.quantile(values, 1 - share) / unit - 1) * unit for share in SHARES}
    least = {f"{share:g}": round(float(value), DIGITS) for share, value in found.items()}
    best = np.sort(values)[::-1]
    typical = {f"{share:g}": float(best[: max(1, round(share * len(best)))].mean().round(DIGITS)) for share in SHARES}
    return usual.model_copy(update={"least": least, "typical": typical})


def _named(values: Floats) -> dict[str, float]:
    return {name: round(float(value), DIGITS) for name, value in zip(FEATURES, values, strict=True)}
