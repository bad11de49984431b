"""Quality: how good a translation is by all that a build knows of it, as one number from 0 to 1.

Made to rank what engines really get wrong. What each feature weighs and what is usual is in a fit
(`glotmill.filters.quality_fit`) that a build makes of its own translations and keeps.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import polars as pl
import pyarrow as pa

from glotmill.filters.contract import Scorer
from glotmill.filters.features.length import TABLE
from glotmill.filters.features.pair_quality import FEATURES, features
from glotmill.filters.quality_fit import QualityFit, read_fit
from glotmill.filters.rules import Parameter, Rule, below
from glotmill.recipes.families import Setting
from glotmill.recipes.section import RecipePath
from glotmill.schemas.keys import file_sha256
from glotmill.schemas.record import Metric

_SCORE = pl.col("score_quality_score")


class QualityScorer(Scorer):
    """One estimate from log-probability, forced scores, round trip and length.

    Args:
        fit: What each feature weighs; without, nothing but the features is measured.
    """

    name: ClassVar[str] = "quality"
    version: ClassVar[int] = 1
    setting: ClassVar[Setting | None] = Setting(
        RecipePath | None, None,
        "A fit that ``glotmill calibrate --references`` wrote; without, each build makes its own.",
    )  # fmt: skip
    by_default: ClassVar[bool] = False  # another column in the datasets of recipes that do not name it
    needs_back_translation: ClassVar[bool] = True
    needs_forced_scores: ClassVar[bool] = True
    expensive: ClassVar[bool] = True
    row: ClassVar[tuple[str, ...]] = (
        "one estimate of the quality, fitted to the build's own translations; two of its features",
        "both",
    )
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("quality", "score", "higher", 0, 1,
               "estimated quality among the build's own translations; high means that the translation is good"),
        Metric("quality", "gain", "higher", None, None,
               "log-probability of a token of the source given the translation minus that given nothing; high means "
               "that the translation tells of the source"),
        Metric("quality", "expected", "higher", -1, 0,
               "minus the share of the source's words that are improbable given the translation; high means few"),
    )  # fmt: skip
    rules: ClassVar[tuple[Rule, ...]] = (
        Rule("quality", "score", "its estimated quality is too low",
             *below("quality", "score", "min", 0.0, (0, 1), "least estimated quality")),
        Rule("quality", "share", "it is not among the best of its language",
             (Parameter("keep", 1.0, 0.01, 1.0, "share of each language's translations that is good enough"),),
             lambda p: p["keep"] > _SCORE, share="keep"),
    )  # fmt: skip

    @classmethod
    def make(cls, fit: Any, /) -> Self:
        """The scorer with a fit, or with that of the file that a recipe names, if it names one.

        Raises:
            InputError: The file is missing or another file.
        """
        return cls(read_fit("score.quality", fit) if isinstance(fit, Path) else fit)

    def __init__(self, fit: QualityFit | None = None) -> None:
        self.fit = fit

    def fingerprint(self) -> dict[str, Any]:
        """The version, the table of lengths and the fit."""
        return {"version": self.version, "lengths": file_sha256(TABLE), "fit": self.fit.digest if self.fit else None}

    def score(self, pairs: pa.Table) -> dict[str, pa.Array]:
        """Measure pairs of `PAIR_SCHEMA`; a pair without forced scores or back-translation is not judged."""
        table = features(pairs)
        score = np.full(len(table), np.nan) if self.fit is None else self.fit.quality(table, pairs["lang"].to_pylist())
        columns = {"score": score, **{name: table[:, FEATURES.index(name)] for name in ("gain", "expected")}}
        return {name: pa.array(values.astype(np.float32), from_pandas=True) for name, values in columns.items()}


def fit_of(scorers: Iterable[Scorer]) -> QualityFit | None:
    """The fit of the quality score among scorers; None where there is none yet, or it does not run."""
    return next((scorer.fit for scorer in scorers if isinstance(scorer, QualityScorer)), None)


MEMBER = QualityScorer
