"""What a dataset recorded of its own scores and rules, whichever version of Glotmill made it.

Guarantees: a dataset is judged by the thresholds and rules that it was made with; a rule that came later, or a default
that moved, changes no verdict by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from glotmill.engine.dataset.manifest import AGAIN, CHOICE, QUALITY, Manifest, page_checksums
from glotmill.engine.dataset.sound_footers import SoundFooter, check_footer
from glotmill.filters.policy import Policy, make_policy
from glotmill.filters.quality_fit import QualityFit, read_fit
from glotmill.filters.registry import MEMBERS, in_order, labels_of, metrics_of, rules_of
from glotmill.filters.rules import Action
from glotmill.schemas.errors import InputError
from glotmill.schemas.record import Label, Metric, record_schema


def scorers_of(lock: Mapping[str, Any]) -> list[str]:
    """The scorers of a dataset's lock that are installed here, in the order of cost."""
    known = MEMBERS.names()
    return in_order([name for name in lock["score"]["scorers"] if name in known])


def check_scorers(lock: Mapping[str, Any]) -> None:
    """Refuse to judge a dataset by fewer rules than it was made with.

    Raises:
        InputError: One of its scorers is not installed here.
    """
    known = MEMBERS.names()
    for name in lock["score"]["scorers"]:
        if name not in known:
            msg = f"the dataset was scored by '{name}', which no package here offers; install the one that does"
            raise InputError(msg)


def recorded_metrics(lock: Mapping[str, Any], facts: Mapping[str, Any]) -> list[Metric]:
    """The metrics whose columns a dataset has, in their order.

    Args:
        lock: Its resolved recipe.
        facts: The root file of its manifest; that of a dataset without a row names no column.
    """
    metrics = metrics_of(scorers_of(lock))
    columns = facts["scores"]
    return [metric for metric in metrics if metric.score_column in columns] if columns else metrics


def recorded_labels(lock: Mapping[str, Any], facts: Mapping[str, Any]) -> list[Label]:
    """The labels whose columns a dataset has, in their order; the arguments are those of `recorded_metrics`."""
    columns = facts.get("score_labels", {})
    return [label for label in labels_of(scorers_of(lock)) if label.column in columns]


def recorded_schema(lock: Mapping[str, Any], facts: Mapping[str, Any]) -> pa.Schema:
    """The schema of a dataset's records.

    Args:
        lock: Its resolved recipe.
        facts: The root file of its manifest.
    """
    labels = recorded_labels(lock, facts)
    return record_schema(recorded_metrics(lock, facts), facts["schema_version"], labels=labels)


def columns_schema(facts: Mapping[str, Any]) -> pa.Schema:
    """The same from the manifest alone, for whoever only reads."""
    return recorded_schema({"score": facts}, facts)


def check_shards(dataset: Path, manifest: Manifest) -> None:
    """Refuse a dataset with a shard, among those that are here, of other columns or rows than its manifest says.

    Only footers are read, unless one has no statistics.

    Raises:
        InputError: Naming the shard.
    """
    schema = columns_schema(manifest.facts)
    right: SoundFooter | None = None
    for shard in manifest.all_shards():
        path = dataset / shard.path
        if path.exists():
            right = check_footer(path, shard, schema, right)


def recorded_policy(section: Mapping[str, Any], lock: Mapping[str, Any], facts: Mapping[str, Any]) -> Policy:
    """The policy of a ``filter`` section on a dataset; what the section does not state is as the dataset recorded it.

    Args:
        section: The section, which may state other values than the dataset's own.
        lock: The dataset's resolved recipe.
        facts: The root file of its manifest.

    Raises:
        InputError: The section names a scorer, parameter or rule that is not known, or an impossible value; a scorer
            of the dataset is not installed.
    """
    check_scorers(lock)
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


def recorded_fit(dataset: Path, noted: str) -> QualityFit:
    """The fit that a dataset holds.

    Args:
        dataset: The dataset's folder.
        noted: The fit's digest, by the manifest.

    Raises:
        InputError: The file is missing, or not the one that the manifest names.
    """
    fit = read_fit("dataset", dataset / QUALITY)
    if fit.digest != noted:
        msg = f"{dataset / QUALITY}: it is not the fit that the manifest names; {AGAIN}"
        raise InputError(msg)
    return fit


def recorded_choice(dataset: Path, facts: Mapping[str, Any]) -> QualityFit | None:
    """The fit that a dataset's build made to choose among several translations; None where it made none.

    Args:
        dataset: The dataset's folder.
        facts: The root file of its manifest.

    Raises:
        InputError: The file is missing, or not the one that an engine of the manifest chose by.
    """
    if CHOICE not in page_checksums(facts):
        return None
    fit = read_fit("dataset", dataset / CHOICE)
    if not any(one.get("choose") == {"quality": fit.digest} for one in facts["translators"].values()):
        msg = f"{dataset / CHOICE}: it is not the fit that the manifest names; {AGAIN}"
        raise InputError(msg)
    return fit


def unjudged(lock: Mapping[str, Any], facts: Mapping[str, Any]) -> list[str]:
    """The codes of the rules that read scores which came after the dataset, in the order of the rules.

    Args:
        lock: The dataset's resolved recipe.
        facts: The root file of its manifest.
    """
    columns = {metric.score_column for metric in recorded_metrics(lock, facts)} | {"lang", "task"}
    return [rule.code for rule in rules_of(scorers_of(lock)) if not rule.columns <= columns]


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
