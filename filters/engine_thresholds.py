"""Thresholds of the rules that depend on the engine, from what the engine's own translations of a build reach.

What an engine says of a text goes by how well it knows such texts: a threshold of one domain rejects good text of the
next. A build therefore sets such a threshold to what almost all of its own translations reach, in each language, and
never above `OfEngine.highest`. Translations by people, which an engine finds less probable than its own, are the
reason for a margin below that. Where no build has looked at its own translations, the defaults of the parameters hold:
low floors, which belong to no domain.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pyarrow as pa

from glotmill.filters.contract import Scorer
from glotmill.filters.quality_fit import ALL, Floats
from glotmill.filters.rules import OfEngine
from glotmill.schemas.languages import registry

Thresholds = dict[str, dict[str, float]]  # by `<scorer>.<parameter>`, then by language, script or `ALL`
Scores = Mapping[tuple[str, str], Floats]  # by scorer and metric; NaN where nothing is judged

MIN_ROWS = 100  # of a language, a script or all, for a threshold of its own
WORST = 0.005  # of the rows: what all others reach
DIGITS = 5


def engine_scores(pairs: pa.Table, scorers: Iterable[Scorer]) -> dict[tuple[str, str], Floats]:
    """The scores of pairs that rules read which depend on the engine.

    Args:
        pairs: Rows of `glotmill.filters.contract.PAIR_SCHEMA`.
        scorers: Those that run.
    """
    found = {}
    for scorer in scorers:
        metrics = [rule.metric for rule in of_engine(scorer)]
        scores = scorer.score(pairs) if metrics else {}
        for metric in metrics:
            found[scorer.name, metric] = scores[metric].cast(pa.float64()).to_numpy(zero_copy_only=False)
    return found


def engine_thresholds(scores: Scores, langs: Sequence[str], scorers: Iterable[Scorer | type[Scorer]]) -> Thresholds:
    """The thresholds that a build's own translations give.

    Args:
        scores: Of the translations.
        langs: The language of each.
        scorers: Those that run.
    """
    found = {
        f"{scorer.name}.{one.parameter}": thresholds(scores[scorer.name, one.metric], langs, one.highest, one.margin)
        for scorer in scorers
        for one in of_engine(scorer)
    }
    return {parameter: places for parameter, places in found.items() if places}


def of_engine(scorer: Scorer | type[Scorer]) -> list[OfEngine]:
    """The thresholds of a scorer's rules that depend on the engine."""
    return [rule.of_engine for rule in scorer.rules if rule.of_engine]


def thresholds(values: Floats, langs: Sequence[str], highest: float, margin: float) -> dict[str, float]:
    """The threshold of each language, of each script and of all that have enough rows.

    Args:
        values: A score of which a low one is bad; NaN where it judges nothing.
        langs: The language of each.
        highest: What no threshold is above.
        margin: As `OfEngine` has it.
    """
    judged = np.isfinite(values)
    values, names = values[judged], np.array(langs, dtype=object)[judged]
    scripts = np.array([registry()[lang].script for lang in names], dtype=object)
    groups = {str(place): values[keys == place] for keys in (names, scripts) for place in sorted(set(keys))}
    groups[ALL] = values
    return {
        place: min(highest, round(float(np.quantile(own, WORST)) - margin, DIGITS))
        for place, own in groups.items()
        if len(own) >= MIN_ROWS
    }
