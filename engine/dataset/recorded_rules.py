"""What a dataset recorded of its own scores and rules, whichever version of Glotmill made it.

Guarantees: a dataset is judged by the thresholds and rules that it was made with; a rule that came later, or a default
that moved, changes no verdict by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from glotmill.filters.policy import Policy, make_policy
from glotmill.filters.registry import SCORERS, metrics_of
from glotmill.filters.rules import RULES, Action
from glotmill.schemas.record import Metric


def scorers_of(lock: Mapping[str, Any]) -> list[str]:
    """The scorers of a dataset's lock that this version knows, in the order of the registry."""
    return [name for name in SCORERS if name in lock["score"]["scorers"]]


def recorded_metrics(lock: Mapping[str, Any], facts: Mapping[str, Any]) -> list[Metric]:
    """The metrics whose columns a dataset has, in their order.

    Args:
        lock: Its resolved recipe.
        facts: The root file of its manifest; that of a dataset without a row names no column.
    """
    metrics = metrics_of(scorers_of(lock))
    columns = facts["scores"]
    return [metric for metric in metrics if metric.score_column in columns] if columns else metrics


def recorded_policy(section: Mapping[str, Any], lock: Mapping[str, Any], facts: Mapping[str, Any]) -> Policy:
    """The policy of a ``filter`` section on a dataset; what the section does not state is as the dataset recorded it.

    Args:
        section: The section, which may state other values than the dataset's own.
        lock: The dataset's resolved recipe.
        facts: The root file of its manifest.

    Raises:
        InputError: The section names a scorer, parameter or rule that is not known, or an impossible value.
    """
    policy = make_policy(section, scorers_of(lock), metrics=recorded_metrics(lock, facts))
    stated = {f"{scorer}.{key}" for scorer, values in section.items() for key in values}
    actions, parameters = facts["filter"]["actions"], facts["filter"]["parameters"]
    running: dict[str, Action] = {}
    thresholds: dict[str, float] = {}
    for rule in policy.all_rules():
        names = [f"{rule.scorer}.{parameter.name}" for parameter in rule.parameters]
        if rule.code not in actions and not stated.intersection([rule.code, *names]):
            continue  # it came after the dataset
        stands = rule.code in stated
        running[rule.code] = policy.actions[rule.code] if stands else actions.get(rule.code, rule.action)
        for name in names:
            today = policy.parameters[name]
            thresholds[name] = today if name in stated else parameters.get(name, today)
    return replace(policy, parameters=thresholds, actions=running)


def unjudged(lock: Mapping[str, Any], facts: Mapping[str, Any]) -> list[str]:
    """The codes of the rules that read scores which came after the dataset, in the order of the rules.

    Args:
        lock: The dataset's resolved recipe.
        facts: The root file of its manifest.
    """
    columns = {metric.score_column for metric in recorded_metrics(lock, facts)} | {"lang", "task"}
    return [rule.code for rule in RULES if rule.scorer in scorers_of(lock) and not rule.columns <= columns]


def with_columns(policy: Policy, lock: Mapping[str, Any], facts: Mapping[str, Any]) -> Policy:
    """The policy of those rules that a dataset of an older schema has the columns for; the manifest lists these.

    Args:
        policy: The rules of a recipe, with the defaults of today.
        lock: The dataset's resolved recipe.
        facts: The root file of its manifest.
    """
    absent = set(unjudged(lock, facts))
    rules = [rule for rule in policy.all_rules() if rule.code not in absent]
    names = [f"{rule.scorer}.{parameter.name}" for rule in rules for parameter in rule.parameters]
    return replace(
        policy,
        parameters={name: policy.parameters[name] for name in names},
        actions={rule.code: policy.actions[rule.code] for rule in rules},
    )
