"""What a rule is: a reason code, parameters, and one Polars expression over stored scores.

Guarantees: a rule loads no model and reads no text; a null score never rejects. The rules of a scorer are in its
class; `glotmill.filters.registry` has them all, and `glotmill.filters.policy` puts a recipe's thresholds into them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import polars as pl

Action = Literal["reject", "warn", "off"]
ACTIONS: tuple[Action, ...] = ("reject", "warn", "off")
Thresholds = Mapping[str, float | pl.Expr]  # an expression where a calibration has one for each language


@dataclass(frozen=True, slots=True)
class Parameter:
    """A threshold of a rule: ``filter.<scorer>.<name>`` in a recipe."""

    name: str
    default: float
    low: float
    high: float
    description: str


@dataclass(frozen=True, slots=True)
class OfEngine:
    """A threshold that depends on how well the engine knows a build's texts.

    Attributes:
        metric: Of which a low value fails.
        parameter: The threshold.
        margin: How much lower than an engine's worst translations people's translations of such texts may score: an
            engine finds its own words more probable than theirs. In units of the metric.
        highest: What no build's own threshold is above. The parameter's default holds where no build has looked at
            its own translations; it is lower, as it was measured in no domain and must reject good text of none.
    """

    metric: str
    parameter: str
    margin: float
    highest: float


@dataclass(frozen=True, slots=True)
class Rule:
    """One reason to reject a row.

    Attributes:
        scorer: The scorer whose columns it reads.
        name: Unique within the scorer; ``filter.<scorer>.<name>.action`` switches the rule.
        description: What it rejects.
        parameters: Its thresholds.
        fails: From the parameters' values to an expression that is true for a row to reject.
        action: What the rule does unless a recipe says otherwise.
        graded: The metric and the parameter that a calibration fits, where the score has no natural threshold.
        share: The parameter that is a share of each language's rows: the build's fit says which threshold that is.
        own: The parameter that no language's own threshold exceeds, and these thresholds by language.
        of_engine: The threshold that depends on the engine; a build's fit may lower it.
    """

    scorer: str
    name: str
    description: str
    parameters: tuple[Parameter, ...]
    fails: Callable[[Thresholds], pl.Expr]
    action: Action = "reject"
    graded: tuple[str, str] | None = None
    share: str | None = None
    own: tuple[str, Callable[[], Mapping[str, float]]] | None = None
    of_engine: OfEngine | None = None

    @property
    def code(self) -> str:
        """The reason code."""
        return f"{self.scorer}.{self.name}"

    @property
    def columns(self) -> frozenset[str]:
        """The score columns that the rule reads."""
        return frozenset(self.fails({p.name: p.default for p in self.parameters}).meta.root_names()) - {"lang"}

    def threshold(self, name: str, value: float) -> float | pl.Expr:
        """The threshold of each row for a parameter's value: that value, or its language's own where that is lower."""
        if self.own is None or self.own[0] != name:
            return value
        own = self.own[1]()
        return pl.col("lang").replace_strict(
            {code: min(least, value) for code, least in own.items()}, default=value, return_dtype=pl.Float64
        )


def in_latin_script() -> pl.Expr:
    """Whether a row's language is written in Latin script."""
    return pl.col("lang").str.ends_with("_Latn")


def above(scorer: str, metric: str, name: str, default: float, high: float, text: str) -> tuple[
    tuple[Parameter, ...], Callable[[Thresholds], pl.Expr]]:  # fmt: skip
    """Parameters and expression of a rule that rejects above a threshold."""
    column = pl.col(f"score_{scorer}_{metric}")
    return (Parameter(name, default, 0, high, text),), lambda p: column > p[name]


def below(scorer: str, metric: str, name: str, default: float, bounds: tuple[float, float], text: str) -> tuple[
    tuple[Parameter, ...], Callable[[Thresholds], pl.Expr]]:  # fmt: skip
    """Parameters and expression of a rule that rejects below a threshold."""
    column = pl.col(f"score_{scorer}_{metric}")
    return (Parameter(name, default, *bounds, text),), lambda p: column < p[name]
