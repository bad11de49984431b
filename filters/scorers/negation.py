"""Negation: a "not" that was lost or invented, by lists of the words that deny.

The English lists are applied to the source and to the back-translation, those of some twenty languages to the
translation. A change must show wherever it can be looked for: one list alone finds too much that is right.
"""

from __future__ import annotations

from typing import Any, ClassVar

import polars as pl
import pyarrow as pa

from glotmill.filters.contract import Scorer
from glotmill.filters.features.cues import NEGATIONS, negation_patterns
from glotmill.filters.rules import Rule
from glotmill.schemas.keys import file_sha256
from glotmill.schemas.languages import ENGLISH
from glotmill.schemas.record import Metric

_TARGET, _BACK = pl.col("target"), pl.col("back")
_JUDGED = _TARGET.is_not_null() | _BACK.is_not_null()
_NOWHERE = ~(_TARGET.fill_null(value=False) | _BACK.fill_null(value=False))
_EVERYWHERE = _TARGET.fill_null(value=True) & _BACK.fill_null(value=True)
_SCORES = {
    "lost": pl.when(_JUDGED).then(pl.col("source") & _NOWHERE).cast(pl.Float32),
    "gained": pl.when(_JUDGED).then(~pl.col("source") & _EVERYWHERE).cast(pl.Float32),
}


class NegationScorer(Scorer):
    """Marks translations that no longer deny what the source denies, and those that deny what it does not."""

    name: ClassVar[str] = "negation"
    version: ClassVar[int] = 1
    uses_back_translation: ClassVar[bool] = True
    row: ClassVar[tuple[str, ...]] = (
        'a lost or invented "not": English word lists on source and back-translation, lists for 24 '
        "languages on the translation",
        "–",
    )
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("negation", "lost", "lower", 0, 1,
               "whether the source denies and the translation does not (0 or 1; null without back-translation and "
               "word list); high means a lost negation"),
        Metric("negation", "gained", "lower", 0, 1,
               "whether the translation denies and the source does not (0 or 1; null without back-translation and "
               "word list); high means an added negation"),
    )  # fmt: skip
    rules: ClassVar[tuple[Rule, ...]] = (
        Rule("negation", "lost", "the source denies, the translation does not", (),
             lambda _: pl.col("score_negation_lost") > 0, action="warn"),
        Rule("negation", "gained", "the translation denies, the source does not", (),
             lambda _: pl.col("score_negation_gained") > 0, action="warn"),
    )  # fmt: skip

    def fingerprint(self) -> dict[str, Any]:
        """The version and the word lists."""
        return {"version": self.version, "cues": file_sha256(NEGATIONS)}

    def score(self, pairs: pa.Table) -> dict[str, pa.Array]:
        """Measure pairs of `PAIR_SCHEMA`; their sources are English."""
        scores = denials(pairs).select(**_SCORES)
        return {name: scores[name].to_arrow() for name in scores.columns}


def denials(pairs: pa.Table) -> pl.DataFrame:
    """Whether source, target and back-translation hold a word that denies; null where that cannot be known."""
    frame = pl.DataFrame(pairs.select(["lang", "source", "target", "back"]))
    patterns = negation_patterns()
    listed = pl.Series("target", [None] * frame.height, pl.Boolean)
    for lang in frame["lang"].unique():
        if lang in patterns:
            rows = (frame["lang"] == lang).arg_true()
            listed = listed.scatter(rows, _matches(frame["target"].gather(rows), patterns[lang]))
    return pl.DataFrame(
        [_matches(frame["source"], patterns[ENGLISH]), listed, _matches(frame["back"], patterns[ENGLISH])]
    )


def _matches(texts: pl.Series, pattern: str) -> pl.Series:
    """What ``str.contains`` gives; where words end is checked only in texts that hold the letters, for that is slow."""
    found = texts.str.contains(pattern.replace(r"\b", ""))
    rows = found.arg_true()
    return found.scatter(rows, texts.gather(rows).str.contains(pattern)) if len(rows) else found


MEMBER = NegationScorer
