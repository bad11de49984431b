"""The fit of the quality score: what each feature weighs, and what is usual in a build, by language.

A small JSON file that people can read: a build writes it into ``dataset/``, ``glotmill calibrate`` writes one, and the
embedded model's comes with Glotmill. A language with too few rows of its own has what its script has, then what all
languages have together.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import polars as pl
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError, model_validator

from glotmill.filters.features.pair_quality import FEATURES
from glotmill.schemas.errors import InputError
from glotmill.schemas.given_files import given_text
from glotmill.schemas.keys import digest
from glotmill.schemas.languages import registry

VERSION = 1
ALL = "all"
EXPECTED = "a file of the quality score, as a build and glotmill calibrate write them"
SHIPPED = Path(__file__).parent / "data" / "quality.json"
FARTHEST = 8.0  # standard deviations: a row farther out is no better or worse for it
LOWEST = -1.0  # a threshold that rejects nothing

Floats = npt.NDArray[np.float64]


class Usual(BaseModel):
    """What is usual among the rows of a language, of a script or of all.

    Attributes:
        rows: How many rows were looked at.
        level: The quality of a row with the mean of every feature: chrF against people's translations over 100 where
            there were some, else that of the engine that the weights were learnt from.
        mean: Mean of each feature.
        deviation: Standard deviation of each.
        least: The quality that the best share of the rows have at least, by that share.
        typical: Their mean quality, likewise.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    rows: int = Field(ge=1)
    level: FiniteFloat = Field(gt=0, lt=1)
    mean: dict[str, FiniteFloat]
    deviation: dict[str, FiniteFloat]
    least: dict[str, FiniteFloat] = {}
    typical: dict[str, FiniteFloat] = {}

    @model_validator(mode="after")
    def _complete(self) -> Usual:
        if set(self.mean) != set(FEATURES) or set(self.deviation) != set(FEATURES):
            msg = f"expected the features {', '.join(FEATURES)}"
            raise ValueError(msg)
        if any(value <= 0 for value in self.deviation.values()):
            msg = "expected deviations above 0"
            raise ValueError(msg)
        if any(not 0 < float(share) <= 1 for share in (*self.least, *self.typical)):
            msg = "expected shares above 0, up to 1"
            raise ValueError(msg)
        return self


class Content(BaseModel):
    """The file.

    Attributes:
        quality: Version of the file.
        engine: Public name of the engine whose translations were looked at.
        learnt_from: ``references`` or ``agreement``.
        weights: How much of chrF over 100 a standard deviation of each feature is worth.
        agreement: The correlation of each feature with all others together, among the engine's own translations.
        usual: By language, script and ``all``.
        thresholds: Of rules that depend on the engine, by ``<scorer>.<parameter>``, then by place as in ``usual``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    quality: int = Field(ge=VERSION, le=VERSION)
    engine: str
    learnt_from: str = Field(pattern="^(references|agreement)$")
    weights: dict[str, FiniteFloat]
    agreement: dict[str, FiniteFloat]
    usual: dict[str, Usual]
    thresholds: dict[str, dict[str, FiniteFloat]] = {}

    @model_validator(mode="after")
    def _complete(self) -> Content:
        if set(self.weights) != set(FEATURES) or set(self.agreement) != set(FEATURES):
            msg = f"expected weights and agreement of the features {', '.join(FEATURES)}"
            raise ValueError(msg)
        return self

    def facts(self) -> dict[str, Any]:
        """What is written and hashed: a file without thresholds is the one of the time before there were any."""
        return self.model_dump(exclude=None if self.thresholds else {"thresholds"})


@dataclass(frozen=True)
class QualityFit:
    """A fit.

    Attributes:
        content: The file's content.
    """

    content: Content

    @cached_property
    def digest(self) -> str:
        """Identifies the fit, for the manifest."""
        return digest(self.content.facts())

    @cached_property
    def data(self) -> bytes:
        """The file."""
        return orjson.dumps(self.content.facts(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)

    def place(self, lang: str) -> str | None:
        """Whose rows stand for a language: its own, its script's or all; None where there were too few of all."""
        return _place(lang, self.content.usual)

    def quality(self, table: Floats, langs: list[str], *, lacking: Collection[str] = ()) -> Floats:
        """The quality of rows of features, 0 to 1; NaN where a feature is missing or nothing is usual.

        Args:
            table: Columns as `FEATURES`.
            langs: The language of each row.
            lacking: Features that no row can have here; each counts as what is usual.
        """
        places = [FEATURES.index(name) for name in lacking]
        found = np.full(len(table), np.nan)
        names = np.array(langs, dtype=object)
        for lang in sorted(set(langs)):
            place = self.place(lang)
            if place is not None:
                rows, usual = names == lang, self.content.usual[place]
                own = table[rows]
                own[:, places] = [usual.mean[name] for name in lacking]
                found[rows] = estimate(self.content.weights, usual, own)
        return found

    def rows(self) -> dict[str, int]:
        """How many rows were looked at, by language, script and ``all``."""
        return {place: usual.rows for place, usual in self.content.usual.items()}

    def slopes(self, lang: str) -> dict[str, float] | None:
        """What a unit of each feature is worth in a language; None where nothing is usual."""
        place = self.place(lang)
        if place is None:
            return None
        deviation = self.content.usual[place].deviation
        return {name: weight / deviation[name] for name, weight in self.content.weights.items()}

    def threshold(self, share: float) -> pl.Expr:
        """The least quality of the best share of each row's language, as an expression over ``lang``."""
        least = {lang: self.least(lang, share) for lang in registry()}
        return pl.col("lang").replace_strict(least, default=LOWEST, return_dtype=pl.Float64)

    def floor(self, parameter: str, default: float) -> pl.Expr | None:
        """The threshold of each row's language, as an expression over ``lang``; None where the build has none.

        Args:
            parameter: ``<scorer>.<parameter>``.
            default: Where too few rows were looked at.
        """
        fitted = self.content.thresholds.get(parameter)
        if not fitted:
            return None
        places = {lang: _place(lang, fitted) for lang in registry()}
        known = {lang: fitted[place] for lang, place in places.items() if place is not None}
        return pl.col("lang").replace_strict(known, default=default, return_dtype=pl.Float64)

    def least(self, lang: str, share: float) -> float:
        """The least quality of the best share of a language's rows, between the shares that the file has."""
        place = self.place(lang)
        known = {} if place is None else self.content.usual[place].least
        if share >= 1 or not known:
            return LOWEST
        shares = sorted(known, key=float)
        return float(np.interp(share, [float(one) for one in shares], [known[one] for one in shares]))


def _place(lang: str, known: Collection[str]) -> str | None:
    """The language, its script or all, whichever of them is known first."""
    return next((place for place in (lang, registry()[lang].script, ALL) if place in known), None)


def estimate(weights: dict[str, float], usual: Usual, table: Floats) -> Floats:
    """The quality of rows of features of one language.

    The logit of the level plus the weighted deviations, scaled so that near the level a step is what it weighs.
    """
    mean, deviation, weight = (np.array([part[name] for name in FEATURES])
                               for part in (usual.mean, usual.deviation, weights))  # fmt: skip
    steps = np.clip((table - mean) / deviation, -FARTHEST, FARTHEST) @ weight
    logit = np.log(usual.level / (1 - usual.level)) + steps / (usual.level * (1 - usual.level))
    quality: Floats = 1 / (1 + np.exp(-logit))
    return quality


def read_fit(key: str, path: Path) -> QualityFit:
    """Read and check a file of the quality score.

    Args:
        key: What names the file, for errors.
        path: The file.

    Raises:
        InputError: It is missing or another file.
    """
    text = given_text(key, path, EXPECTED)
    try:
        content = Content.model_validate_json(text)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        where = ".".join(map(str, problem["loc"])) or "the file"
        msg = f"{key}: {path}: {where}: {problem['msg']}; expected {EXPECTED}"
        raise InputError(msg) from None
    known = registry().keys() | {entry.script for entry in registry().values()} | {ALL}
    sections: dict[str, Collection[str]] = {"usual": content.usual, **content.thresholds}
    for section, places in sections.items():
        unknown = sorted(set(places) - known)
        if unknown:
            msg = f"{key}: {path}: {section}.{unknown[0]}: no language, no script and not '{ALL}'; expected {EXPECTED}"
            raise InputError(msg)
    return QualityFit(content)


@cache
def shipped_fit() -> QualityFit:
    """The embedded model's fit, with people's translations: where the weights of all others begin."""
    return read_fit("quality", SHIPPED)
