"""Punctuation: does a translation end as its source does, and only once?

A lost final mark betrays a translation that was cut, and a second sentence one that goes on about something else.
Marks differ between translators (Multi30k's human translations change 0.6 to 7 % of them), so a change alone only
warns; text beyond the usual length after a second sentence end rejects.
"""

from __future__ import annotations

from typing import Any, ClassVar

import polars as pl
import pyarrow as pa

from glotmill.filters.contract import Scorer
from glotmill.filters.features.length import TABLE, deviations
from glotmill.filters.rules import Rule, above
from glotmill.schemas.keys import file_sha256
from glotmill.schemas.record import Metric

# The Greek question mark is a semicolon, or looks like one.
QUESTION = "?？؟;\u037e⁇"
STATEMENT = ".。।۔။።᙮…·"
EXCLAMATION = "!！"
_CLOSING = r"[\s\"'”’»)\]]*$"
# A mark counts as a sentence's end after two letters (not "z. B." or "3. Mai") and where it ends the text or a space
# and no small letter follows; full-width marks and dandas need none of that.
_END = r"(?:\p{L}[\p{L}\p{M}][\"'”’»)\]]*[.?!؟…]+[\"'”’»)\]]*(?:\s+[^\p{Ll}\s]|\s*$))|[。？！।۔။።]+"
NO_MARKS = ("Thai", "Laoo", "Khmr", "Tibt", "Mymr")


def _final(column: str) -> pl.Expr:
    """1 statement, 2 question, 3 exclamation, 0 none."""
    text = pl.col(column)

    def ends(marks: str) -> pl.Expr:
        return text.str.contains(f"[{marks}]" + _CLOSING)

    question = pl.when(pl.col("lang").str.starts_with("ell") | ~text.str.contains(r"[;\u037e]")).then(ends(QUESTION))
    return (
        pl.when(question.otherwise(ends("?？؟")))
        .then(2)
        .when(ends(EXCLAMATION))
        .then(3)
        .when(ends(STATEMENT.replace(".", r"\.")))
        .then(1)
        .otherwise(0)
    )


# Made once: making an expression takes longer than finding what it asks for in one text.
_FOUND = {
    "source": _final("source"),
    "target": _final("target"),
    "marked": ~pl.col("lang").str.slice(-4).is_in(NO_MARKS),
    "ends": pl.col("target").str.count_matches(_END).cast(pl.Int64),
    "source_ends": pl.col("source").str.count_matches(_END).clip(lower_bound=1),
}
_CHANGED = {
    "question_lost": pl.when("marked").then((pl.col("source") == 2) & (pl.col("target") != 2)),
    "final_changed": pl.when("marked").then(pl.col("source") != pl.col("target")),
    "surplus": pl.when(pl.col("ends") > pl.col("source_ends")).then("excess"),
}
_SCORES = {name: score.cast(pl.Float32) for name, score in _CHANGED.items()}


class PunctuationScorer(Scorer):
    """Compares final marks, and measures text that follows a sentence end the source has not."""

    name: ClassVar[str] = "punctuation"
    version: ClassVar[int] = 1
    row: ClassVar[tuple[str, ...]] = (
        "lost question marks, changed final marks, a second sentence beyond the usual length (`surplus`)",
        "–",
    )
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("punctuation", "question_lost", "lower", 0, 1,
               "whether the source asks and the translation does not (0 or 1); high means a lost question"),
        Metric("punctuation", "final_changed", "lower", 0, 1,
               "whether the final marks are of different kinds (0 or 1); high means another final mark"),
        Metric("punctuation", "surplus", "lower", None, None,
               "ln of the length over the usual one where the translation has more sentence ends than the source; "
               "high means an added sentence"),
    )  # fmt: skip
    rules: ClassVar[tuple[Rule, ...]] = (
        Rule("punctuation", "surplus", "a sentence too many, and more text than usual",
             *above("punctuation", "surplus", "max_surplus", 0.35, 100, "ln of the length over the usual one")),
        Rule("punctuation", "question_lost", "a question no longer asks",
             (), lambda _: pl.col("score_punctuation_question_lost") > 0, action="warn"),
        Rule("punctuation", "final_changed", "the final mark is of another kind",
             (), lambda _: pl.col("score_punctuation_final_changed") > 0, action="off"),
    )  # fmt: skip

    def fingerprint(self) -> dict[str, Any]:
        """The version and the table of lengths."""
        return {"version": self.version, "lengths": file_sha256(TABLE)}

    def score(self, pairs: pa.Table) -> dict[str, pa.Array]:
        """Measure pairs of `PAIR_SCHEMA`."""
        frame = pl.DataFrame(pairs.select(["source", "target", "lang", "field_type"]))
        lengths = deviations(*(frame[name] for name in ("source", "target", "lang", "field_type")))
        scores = frame.select(lengths["excess"], **_FOUND).select(**_SCORES)
        return {name: scores[name].to_arrow() for name in scores.columns}


MEMBER = PunctuationScorer
