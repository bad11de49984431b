"""Which of several translations of one text a fit of the quality score takes for the best.

The features are those of the score as far as they are known when a text is chosen: not the round trip. What is the same
for all translations of a text, such as its own probability, is left out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import polars as pl

from glotmill.engine.translators.contract import ForcedPair, ForcedScore, Translation
from glotmill.filters.features.length import deviations
from glotmill.filters.features.pair_quality import IMPROBABLE
from glotmill.filters.quality_fit import QualityFit


def preferences(
    fit: QualityFit, pairs: Sequence[ForcedPair], made: Sequence[Translation], scores: Sequence[ForcedScore | None]
) -> list[float]:
    """How good each translation is, among those of its text; minus infinity where it has no score.

    Args:
        fit: What each feature weighs in a language. A language of which it has seen nothing goes by log-probability.
        pairs: From each translation, to its text.
        made: The translations.
        scores: How probable the text is, given each.
    """
    complete = _complete(pairs)
    values = []
    for pair, one, known, whole in zip(pairs, made, scores, complete, strict=True):
        if known is None or one.logprob is None:
            values.append(-math.inf)
            continue
        features = {
            "likely": one.logprob,
            "way_back": known.logprob,
            "gain": sum(known.words) / known.tokens,
            "expected": -sum(word < IMPROBABLE for word in known.words) / max(1, len(known.words)),
            "complete": whole,
        }
        weights = fit.slopes(pair.source_lang)
        values.append(sum(weights[name] * value for name, value in features.items()) if weights else one.logprob)
    return values


def _complete(pairs: Sequence[ForcedPair]) -> list[float]:
    """0 for each translation, or how far it is too short, in standard deviations of translations by people."""
    sources, targets, langs = (
        pl.Series([getattr(pair, name) for pair in pairs], dtype=pl.String)
        for name in ("translation", "text", "source_lang")
    )
    question = sources.str.strip_chars_end().str.ends_with("?")
    fields = pl.select(pl.when(question).then(pl.lit("question")).otherwise(pl.lit("caption"))).to_series()
    found: list[float] = deviations(sources, targets, langs, fields)["z"].fill_null(0.0).clip(upper_bound=0).to_list()
    return found
