"""The ``mix:`` and ``splits:`` sections: which sample goes into which language, and into which split."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from glotmill.recipes.language_sets import expand, read_weights, weight_table
from glotmill.recipes.section import RecipePath, Section
from glotmill.schemas.errors import InputError
from glotmill.schemas.languages import ENGLISH
from glotmill.schemas.task import Task


def as_tuple(value: Any) -> Any:
    """YAML's list as the tuple that a frozen section holds."""
    return tuple(value) if isinstance(value, list) else value


def languages_of(value: Any) -> Any:
    """A recipe's list of language expressions as codes (for pydantic: what is wrong is a ValueError)."""
    if not isinstance(value, list | tuple):
        return value
    try:
        return expand(str(item) for item in value)
    except InputError as error:
        raise ValueError(str(error)) from None


Names = Annotated[tuple[str, ...], BeforeValidator(as_tuple)]
Languages = Annotated[tuple[str, ...], BeforeValidator(languages_of)]


class Shares(Section):
    """How ``one_each`` shares out the rows of a source. All shares are of the whole source.

    Attributes:
        weights: Relative shares: ``uniform``, ``mc4`` or ``mt5`` (mBLIP's tables), a mapping by language, or a CSV
            file with flores_code,weight.
        exponent: Weights are raised to it: 1 keeps their proportions, 0 makes them equal.
        floor: Least rows of a language with a positive weight, in each source that has so many.
        english_share: Share of rows that stay English; the weights share out the rest.
        quotas: Rows of each language in the whole source, by code, group or ``*``: the first key that names a
            language counts. In ``one_each`` the languages without a quota share what is left; in ``fanout`` a quota is
            an upper bound.
    """

    weights: Literal["uniform", "mc4", "mt5"] | dict[str, float] | RecipePath = "uniform"
    exponent: float = Field(1.0, ge=0, le=10)
    floor: int = Field(1, ge=0)
    english_share: float | None = Field(None, ge=0, le=1)
    quotas: dict[str, int] = Field({})

    @model_validator(mode="after")
    def _known(self) -> Self:
        if any(quota < 0 for quota in self.quotas.values()):
            msg = "a quota is a number of rows, 0 or more"
            raise ValueError(msg)
        self.quota_by_language((ENGLISH,))
        if isinstance(self.weights, dict):
            _check_weights(self.weights, "mix.weights")
        return self

    def quota_by_language(self, languages: tuple[str, ...]) -> dict[str, int]:
        """The quota of each language that has one."""
        found: dict[str, int] = {}
        for name, quota in self.quotas.items():
            codes = languages if name == "*" else languages_of([name])
            for code in codes:
                if code in languages:
                    found.setdefault(code, quota)
        return found

    def weight_by_language(self, languages: tuple[str, ...]) -> dict[str, float]:
        """The share of each language in the rows without a quota, exponent and English share applied.

        Raises:
            InputError: The table is not readable, or lacks a language of the recipe.
        """
        table, where = self._table(languages)
        exempt = {ENGLISH} if self.english_share is not None else set()
        exempt |= set(self.quota_by_language(languages))
        lacking = [code for code in languages if code not in table and code not in exempt]
        if lacking:
            msg = (
                f"mix.weights: {where} has no weight for {', '.join(lacking)}: add them, or take them out of languages"
            )
            raise InputError(msg)
        powered = {code: table.get(code, 0.0) ** self.exponent if table.get(code) else 0.0 for code in languages}
        share = self.english_share
        if share is None:
            return powered
        others = sum(weight for code, weight in powered.items() if code != ENGLISH) or 1.0
        return {code: share if code == ENGLISH else (1 - share) * weight / others for code, weight in powered.items()}

    def _table(self, languages: tuple[str, ...]) -> tuple[dict[str, float], str]:
        match self.weights:
            case "uniform":
                return dict.fromkeys(languages, 1.0), "uniform"
            case str(name):
                return weight_table(name), f"the table {name}"
            case Path() as path:
                table = read_weights(path)
                try:
                    _check_weights(table, f"mix.weights: {path}")
                except ValueError as error:
                    raise InputError(str(error)) from None
                return table, str(path)
            case dict(table):
                return table, "the mapping"


class Mix(Shares):
    """Which sample goes into which languages. A sample's languages are decided once, when it first enters.

    Attributes:
        mode: ``fanout`` puts every sample into every language; ``one_each`` puts it into one.
        seed: Decides the order in which samples are given out.
        by_source: Other shares for some sources or derived sets, in place of the mix's own.
        exclude: Languages that a task does not go into.
        skip: Sources that go into no language: they only feed derived tasks.
    """

    mode: Literal["fanout", "one_each"] = "fanout"
    seed: int = 0
    by_source: dict[str, Shares] = Field({})
    exclude: dict[Task, Languages] = Field({})
    skip: Names = ()

    @model_validator(mode="after")
    def _sound(self) -> Mix:
        if self.mode == "fanout":
            for shares in (self, *self.by_source.values()):
                for key in ("weights", "exponent", "floor", "english_share"):
                    if getattr(shares, key) != Shares.model_fields[key].default:
                        msg = f"'{key}' shares rows out, which mode fanout does not: use mode one_each"
                        raise ValueError(msg)
        return self

    def shares(self, name: str) -> Shares:
        """How the rows of a source are shared out."""
        return self.by_source.get(name, self)


def _check_weights(table: dict[str, float], where: str) -> None:
    for code, weight in table.items():
        languages_of([code])
        if not math.isfinite(weight) or weight < 0:
            msg = f"{where}: the weight of {code} is {weight}: expected a number, 0 or more"
            raise ValueError(msg)


class Splits(Section):
    """Which rows are held out. Recorded with the assignment: a row never changes its split.

    Attributes:
        validation: Share of the rows.
        test: Share of the rows.
        by: Rows that show the same picture stay together, or each row is drawn for itself.
        seed: Decides the draws.
    """

    validation: float = Field(0.0, ge=0, lt=1)
    test: float = Field(0.0, ge=0, lt=1)
    by: Literal["image_id", "source_id"] = "image_id"
    seed: int = 0

    @model_validator(mode="after")
    def _some_left(self) -> Splits:
        if self.validation + self.test >= 1:
            msg = "validation and test leave no rows to train on"
            raise ValueError(msg)
        return self

    @property
    def shares(self) -> dict[str, float]:
        """Shares of the splits that are held out."""
        found = {"validation": self.validation, "test": self.test}
        return {name: share for name, share in found.items() if share > 0}
