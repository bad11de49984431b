"""The rules of a dataset under another recipe or some overrides, of which only the filter may be another."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from glotmill.engine.commands.load_recipe import FAMILIES, load_recipe
from glotmill.engine.dataset.differences import difference
from glotmill.engine.dataset.lock import WHAT, read_lock
from glotmill.engine.dataset.manifest import AGAIN, LOCK_FILE, Manifest
from glotmill.engine.dataset.recorded_rules import (
    check_scorers,
    recorded_fit,
    recorded_metrics,
    recorded_policy,
    scorers_of,
    with_columns,
)
from glotmill.engine.dataset.write_metadata import CALIBRATION
from glotmill.filters.calibration import read_calibration
from glotmill.filters.policy import Policy, make_policy
from glotmill.filters.registry import in_order
from glotmill.recipes.from_mapping import MAPPING
from glotmill.recipes.load import Overrides, completed, override_all
from glotmill.recipes.section import FilterValue
from glotmill.schemas.errors import InputError
from glotmill.schemas.record import SCHEMA_VERSION

ALLOWED = ("filter", "calibration")
Filter = dict[str, dict[str, FilterValue]]


def new_rules(
    dataset: Path, manifest: Manifest, recipe: str | Mapping[str, Any] | None, overrides: Overrides
) -> tuple[dict[str, Any], Policy]:
    """(lock, policy) of a dataset under a recipe or some overrides.

    Raises:
        InputError: Something else than the filter would change, or the filter is not usable.
    """
    lock = read_lock(dataset, manifest.facts)
    new = lock
    calibration = dataset / CALIBRATION if lock.get("calibration") else None
    for item in overrides:
        key = item.partition("=")[0]
        if not key.startswith("filter.") and key != "calibration":
            msg = f"--set {item}: refilter changes filter.… and calibration only; anything else needs glotmill build"
            raise InputError(msg)
    facts = manifest.facts
    try:
        recorded_policy(lock["filter"], lock, facts)
    except InputError as error:
        msg = f"{dataset / LOCK_FILE}: not {WHAT}: {error}; {AGAIN}"
        raise InputError(msg) from None
    if recipe is not None:
        loaded = load_recipe(recipe, overrides)
        # The default scorers, as the build found them to suit its engine; stated ones in the order of the registry.
        stated = loaded.score.scorers
        named = lock["score"]["scorers"] if stated is None else in_order(stated)
        loaded = loaded.with_scorers(named)
        new, calibration = loaded.lock(), loaded.calibration
        _refuse_others(recipe if isinstance(recipe, str) else MAPPING, completed(lock, FAMILIES), new)
        check_scorers(lock)
        policy = make_policy(new["filter"], scorers_of(lock), metrics=recorded_metrics(lock, facts))
        if facts["schema_version"] < SCHEMA_VERSION:
            policy = with_columns(policy, lock, facts)
    else:
        content = {"filter": lock["filter"]}
        override_all(content, overrides)
        new = {**lock, "filter": _checked(content["filter"])}
        if "calibration" in content:
            named = content["calibration"]
            calibration = Path(named) if isinstance(named, str) else None
            new["calibration"] = calibration.name if calibration else None
        policy = recorded_policy(new["filter"], lock, facts)
    if facts["filter"].get("fit") is not None:
        policy = policy.fitted(recorded_fit(dataset, facts["filter"]["fit"]))
    if calibration is not None:
        policy = policy.calibrated(read_calibration(calibration, policy.parameters))
    changed = difference("verdict", manifest.facts, {"filter": policy.fingerprint()})
    if lock["score"]["skip_rejected"] and changed:
        msg = (
            f"refilter: the dataset was built with score.skip_rejected, so its rules decided what was scored "
            f"({changed}); use glotmill build, which scores what was spared"
        )
        raise InputError(msg)
    return new, policy


def _refuse_others(recipe: str, lock: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    """Refuse a recipe that differs from the dataset's in more than its filter."""
    plain = yaml.safe_load(yaml.safe_dump(dict(new)))  # as the lock was written: tuples are lists
    for key in sorted(lock.keys() | plain.keys()):
        if key not in ALLOWED and lock.get(key) != plain.get(key):
            msg = f"refilter --recipe {recipe}: '{key}' differs from the dataset's recipe; use glotmill build for that"
            raise InputError(msg)


def _checked(section: Any) -> Filter:
    try:
        return TypeAdapter(Filter).validate_python(section)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        key = ".".join(str(part) for part in problem["loc"][:2])
        msg = f"--set filter.{key}: {problem['msg']}; expected a number, or {{action: reject | warn | off}}"
        raise InputError(msg) from None
