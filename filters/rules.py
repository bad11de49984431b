"""The rules: each a reason code, parameters, and one Polars expression over stored scores.

Guarantees: deciding loads no model and reads no text; a null score never rejects; all failing rules of a row are
named, in the order of this table, so the first is the one that counts. `RULES` is the one registry from which
recipes are checked and docs are made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import polars as pl

from filters.language_id import has_labels, weak_languages
from schemas.errors import InputError
from schemas.languages import nearest, registry

Action = Literal["reject", "warn", "off"]
ACTIONS: tuple[Action, ...] = ("reject", "warn", "off")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A threshold of a rule: ``filter.<scorer>.<name>`` in a recipe."""

    name: str
    default: float
    low: float
    high: float
    description: str


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
    """

    scorer: str
    name: str
    description: str
    parameters: tuple[Parameter, ...]
    fails: Callable[[Mapping[str, float]], pl.Expr]
    action: Action = "reject"

    @property
    def code(self) -> str:
        """The reason code."""
        return f"{self.scorer}.{self.name}"


def _mass_fails(p: Mapping[str, float]) -> pl.Expr:
    weak = weak_languages()
    own = pl.col("lang").replace_strict(weak, default=p["min_mass"], return_dtype=pl.Float64)
    return pl.col("score_language_id_mass") < own


def _english_fails(p: Mapping[str, float]) -> pl.Expr:
    # Where the model has no labels for a language, or weak ones, English is what it can still tell. Tok Pisin
    # is English to it.
    unlabelled = {code for code, entry in registry().items() if not has_labels(entry)}
    told = sorted((unlabelled | set(weak_languages())) - {"tpi_Latn"})
    return pl.col("lang").is_in(told) & (pl.col("score_language_id_english") >= p["max_english"])


# In order of cost; thresholds of language_id from the calibration named in filters/language_id.py.
RULES: tuple[Rule, ...] = (
    Rule("integrity", "empty", "the translation of some text is empty", (),
         lambda _: pl.col("score_integrity_empty") > 0),
    Rule("integrity", "hit_limit", "the translation was cut off at the length limit", (),
         lambda _: pl.col("score_integrity_hit_limit") > 0),
    Rule("integrity", "broken_chars", "replacement, unknown-piece or control characters",
         (Parameter("max_broken_chars", 0, 0, 1e6, "such characters allowed in a turn"),),
         lambda p: pl.col("score_integrity_broken_chars") > p["max_broken_chars"]),
    Rule("numbers", "extra", "figures that the source has not",
         (Parameter("max_extra", 0, 0, 1e6, "such figures allowed in a turn"),),
         lambda p: pl.col("score_numbers_extra") > p["max_extra"]),
    Rule("numbers", "missing", "figures of two digits and more were lost",
         (Parameter("max_missing", 0, 0, 1e6, "such figures allowed in a turn"),),
         lambda p: pl.col("score_numbers_missing") > p["max_missing"], action="warn"),
    Rule("language_id", "mass", "another language, 20 letters and more",
         (Parameter("min_mass", 0.10, 0, 1, "least probability of the language and those it is confused with; "
                    "languages the model is weak on use the 1 % quantile of their good text"),),
         _mass_fails),
    Rule("language_id", "short_margin", "English rather than the language, 10 to 19 letters",
         (Parameter("min_short_margin", -2.0, -20, 20, "least ln(mass) - ln(English)"),),
         lambda p: pl.col("score_language_id_short_margin") < p["min_short_margin"]),
    Rule("language_id", "english", "English, for languages that the model does not know or is weak on",
         (Parameter("max_english", 0.8, 0, 1, "probability of English that rejects"),),
         _english_fails),
    Rule("round_trip", "chrf", "the back-translation is too far from the source",
         (Parameter("min_chrf", 30.0, 0, 100, "least chrF of the back-translation against the source"),),
         lambda p: pl.col("score_round_trip_chrf") < p["min_chrf"]),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules of one build with their thresholds and actions.

    Attributes:
        parameters: Threshold by ``<scorer>.<parameter>``.
        actions: Action by reason code.
    """

    parameters: dict[str, float]
    actions: dict[str, Action]

    def rules(self) -> list[Rule]:
        """The rules that run, in order."""
        return [rule for rule in RULES if self.actions.get(rule.code, "off") != "off"]

    def failing(self, action: Action = "reject") -> pl.Expr:
        """A list-of-strings expression: the codes of all rules with this action that a row fails."""
        codes = [
            pl.when(rule.fails({p.name: self.parameters[f"{rule.scorer}.{p.name}"] for p in rule.parameters}))
            .then(pl.lit(rule.code))
            .otherwise(None)
            for rule in self.rules()
            if self.actions[rule.code] == action
        ]
        if not codes:
            return pl.lit([], dtype=pl.List(pl.String))
        return pl.concat_list(codes).list.drop_nulls()


def make_policy(section: Mapping[str, Mapping[str, object]], scorers: list[str]) -> Policy:
    """The policy of a recipe's ``filter`` section for the scorers that run.

    Raises:
        InputError: A scorer, parameter, rule or value is not known or not possible.
    """
    rules = [rule for rule in RULES if rule.scorer in scorers]
    parameters = {f"{r.scorer}.{p.name}": p.default for r in rules for p in r.parameters}
    actions: dict[str, Action] = {rule.code: rule.action for rule in rules}
    bounds = {f"{r.scorer}.{p.name}": p for r in rules for p in r.parameters}
    for scorer, values in section.items():
        if scorer not in scorers and any(rule.scorer == scorer for rule in RULES):
            msg = f"filter.{scorer}: the scorer does not run: add it to score.scorers, or take the section out"
            raise InputError(msg)
        if scorer not in scorers:
            raise _unknown(f"filter.{scorer}", "scorer", scorer, scorers)
        for key, value in values.items():
            full = f"{scorer}.{key}"
            if full in parameters:
                parameters[full] = _threshold(bounds[full], f"filter.{full}", value)
            elif full in actions:
                actions[full] = _action(f"filter.{full}", value)
            else:
                known = [name.partition(".")[2] for name in (*parameters, *actions) if name.startswith(f"{scorer}.")]
                raise _unknown(f"filter.{full}", "parameter or rule", key, known)
    return Policy(parameters, actions)


def _unknown(key: str, kind: str, word: str, known: list[str]) -> InputError:
    found = nearest(word, known)
    hint = f"did you mean '{found[0]}'?" if found else f"known: {', '.join(known) or 'none'}"
    return InputError(f"{key}: unknown {kind} '{word}'; {hint}")


def _threshold(parameter: Parameter, key: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not parameter.low <= value <= parameter.high:
        msg = f"{key}: expected a number from {parameter.low:g} to {parameter.high:g}, found {value!r}"
        raise InputError(msg)
    return float(value)


def _action(key: str, value: object) -> Action:
    if isinstance(value, Mapping) and set(value) == {"action"} and value["action"] in ACTIONS:
        action: Action = value["action"]
        return action
    msg = f"{key}: expected {{action: {' | '.join(ACTIONS)}}}, found {value!r}"
    raise InputError(msg)
