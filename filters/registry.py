"""Which scorers there are, by the name that recipes use: ours, and those of other packages."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from glotmill.filters.contract import Scorer
from glotmill.filters.rules import Rule
from glotmill.recipes.families import Settings
from glotmill.recipes.sections.scorers import Score
from glotmill.schemas.errors import InputError
from glotmill.schemas.languages import nearest
from glotmill.schemas.members import Members
from glotmill.schemas.record import Label, Metric

# In order of cost, which is the order of columns and of rules; those of other packages follow by name.
MEMBERS: Members[type] = Members(
    "glotmill.filters.scorers",
    "glotmill.scorers",
    type,
    "scorer",
    order=(
        "integrity", "structure", "numbers", "lexical", "punctuation", "script", "language_id", "fan_in", "negation",
        "nmt", "round_trip", "cross_entropy", "adequacy", "quality", "embedding", "image_text", "llm_judge",
    ),
)  # fmt: skip
SCORERS: dict[str, type[Scorer]] = MEMBERS.of_ours()
DEFAULT = tuple(name for name, scorer in SCORERS.items() if scorer.by_default)


def scorer_class(name: str) -> type[Scorer]:
    """The scorer of a name.

    Raises:
        InputError: There is none, two packages offer it, or it does not keep to the contract.
    """
    if name in SCORERS:
        return SCORERS[name]
    found = MEMBERS.get(name)
    problem = _problem(name, found)
    if problem:
        msg = f"scorer '{name}' of {MEMBERS.origin(name)}: {problem}"
        raise InputError(msg)
    return found


def _problem(name: str, found: type) -> str | None:
    """Where a scorer of another package does not keep to the contract."""
    if not issubclass(found, Scorer):
        return f"expected a subclass of {Scorer.__module__}.Scorer, found {found.__name__}"
    if found.name != name:
        return f"its class states the name '{found.name}'"
    parts: list[Metric | Label | Rule] = [*found.metrics, *found.labels, *found.rules]
    if {part.scorer for part in parts} != {name}:
        return f"expected metrics, and labels and rules if any, of the scorer '{name}'"
    if found.labels and found.inputs:
        return "it has labels, which are not stored, and inputs, whose values are; expected only one of them"
    shared = {metric.name for metric in found.metrics} & {label.name for label in found.labels}
    if shared:
        return f"a metric and a label of it are both called '{min(shared)}'"
    columns = {metric.score_column for metric in found.metrics}
    others = sorted(column for rule in found.rules for column in rule.columns - columns)
    return f"its rules read {others[0]}, which is not a score of it" if others else None


SETTINGS = Settings(Score, MEMBERS, scorer_class, listed="scorers")  # the keys of scorers in a recipe


def in_order(names: Collection[str]) -> list[str]:
    """These names in the order of cost; no other is imported.

    Raises:
        InputError: There is no scorer of a name, or two packages offer it.
    """
    known = MEMBERS.names()
    for name in names:
        if name not in known:
            msg = f"unknown scorer '{name}', expected one of {', '.join(nearest(name, known) or known)}"
            raise InputError(msg)
    MEMBERS.refuse_clashes(names)
    return [name for name in known if name in names]


def metrics_of(names: Collection[str]) -> list[Metric]:
    """The metrics of the scorers of these names, in the order of a record's columns.

    Raises:
        InputError: There is no scorer of a name.
    """
    return [metric for name in in_order(names) for metric in scorer_class(name).metrics]


def labels_of(names: Collection[str]) -> list[Label]:
    """The labels of the scorers of these names, in the order of a record's columns.

    Raises:
        InputError: There is no scorer of a name.
    """
    return [label for name in in_order(names) for label in scorer_class(name).labels]


def rules_of(names: Collection[str]) -> tuple[Rule, ...]:
    """The rules of the scorers of these names, in the order of cost.

    Raises:
        InputError: There is no scorer of a name.
    """
    return tuple(rule for name in in_order(names) for rule in scorer_class(name).rules)


def make_scorers(names: Iterable[str], stated: Mapping[str, Any] | None = None) -> list[Scorer]:
    """The scorers of these names in the order of cost, whatever the order of the names.

    Args:
        names: Their names, as ``score.scorers`` has them.
        stated: What each is made from, by name: `Score.settings`. One that is not in it has the default of its setting.

    Raises:
        InputError: A name is unknown, or is stated twice; a model cannot be had; two scorers share a column.
    """
    names = list(names)
    for name in names:
        if names.count(name) > 1:
            msg = f"score.scorers: '{name}' is named twice"
            raise InputError(msg)
    try:
        ordered = in_order(names)
        found = {name: scorer_class(name) for name in ordered}
    except InputError as error:
        msg = f"score.scorers: {error}"
        raise InputError(msg) from None
    columns: dict[str, str] = {}
    for name, scorer in found.items():
        own = [*(metric.turn_column for metric in scorer.metrics), *(label.turn_column for label in scorer.labels)]
        for column in own:
            other = columns.setdefault(column, name)
            if other != name:
                msg = f"score.scorers: {other} and {name} both have {column}; take one of them out"
                raise InputError(msg)
    defaults = {name: scorer.setting.default for name, scorer in found.items() if scorer.setting}
    known = defaults | dict(stated or {})
    return [_made(name, scorer, known.get(name)) for name, scorer in found.items()]


def _made(name: str, scorer: type[Scorer], stated: Any) -> Scorer:
    made = scorer.make(stated)
    if name not in SCORERS:
        made.provider = MEMBERS.provider(name)
    return made
