"""Round trip: does the translation, translated back, say what the source said?

chrF has a floor (random caption pairs: mean 16, p99 30) and means nothing on a word or two, so texts under
`MIN_LETTERS` are not judged. A same-model round trip can invert its own mistakes: it is one sign among others.

The default threshold is a floor that belongs to no domain: of 100 captions with another caption's translation, 99 come
back with more than 6.3 to 8.4 (Multi30k's val and xGQA's train_48, 300 a language), so what has less is nothing like
the source. A build that fits its own threshold has a higher one where its engine knows the texts.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import polars as pl
import pyarrow as pa

from glotmill.filters.contract import Scorer
from glotmill.filters.features.shared_chrf import back_chrf
from glotmill.filters.rules import OfEngine, Rule, below
from glotmill.schemas.record import Metric

MIN_LETTERS = 15


def _bare(column: str) -> pl.Expr:
    return pl.col(column).str.to_lowercase().str.replace_all(r"[^\p{L}\p{M}\p{N}]+", " ").str.strip_chars()


_EXACT = (_bare("back") == _bare("source")).cast(pl.Float32)


class RoundTripScorer(Scorer):
    """chrF (character n-grams 1 to 6, beta 2) of the back-translation against the source as reference.

    Args:
        min_letters: Letters of a source under which chrF is not judged.
    """

    name: ClassVar[str] = "round_trip"
    version: ClassVar[int] = 3
    needs_back_translation: ClassVar[bool] = True
    expensive: ClassVar[bool] = True
    row: ClassVar[tuple[str, ...]] = (
        "chrF of the back-translation, and whether it is the source again",
        "back-translation",
    )
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("round_trip", "chrf", "higher", 0, 100,
               "chrF of the back-translation against the source, at most 100; high means that both say the same"),
        Metric("round_trip", "exact", "higher", 0, 1,
               "whether the back-translation is the source, case and punctuation aside (0 or 1), texts of any "
               "length; high means that it is"),
    )  # fmt: skip
    rules: ClassVar[tuple[Rule, ...]] = (
        Rule("round_trip", "chrf", "the back-translation is too far from the source",
             *below("round_trip", "chrf", "min_chrf", 5.0, (0, 100), "least chrF against the source"),
             graded=("chrf", "min_chrf"), of_engine=OfEngine("chrf", "min_chrf", 2.0, highest=10.0)),
    )  # fmt: skip

    def __init__(self, min_letters: int = MIN_LETTERS) -> None:
        self._min_letters = min_letters

    def fingerprint(self) -> dict[str, Any]:
        """The version and the length under which nothing is judged."""
        return {"version": self.version, "min_letters": self._min_letters}

    def score(self, pairs: pa.Table) -> dict[str, pa.Array]:
        """Measure pairs of `PAIR_SCHEMA`."""
        frame = pl.DataFrame(pairs.select(["source", "back"]))
        enough = frame["source"].str.count_matches(r"\p{L}").to_numpy() >= self._min_letters
        # Where no back-translation could be had (it looped, or had no end), there is nothing to compare.
        lost = pairs["back_failed"].fill_null(False).to_numpy()
        scores = np.where(lost & enough, 0, np.full(frame.height, np.nan))
        judged = pairs["back"].is_valid().to_numpy() & enough
        scores[judged] = back_chrf(pairs)[judged]
        exact = frame.select(_EXACT).to_series()
        return {"chrf": pa.array(scores.astype(np.float32), from_pandas=True), "exact": exact.to_arrow()}


MEMBER = RoundTripScorer
