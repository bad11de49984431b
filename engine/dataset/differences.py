"""Why a shard is rebuilt, in words: the first thing in which two manifests differ.

Guarantees: a threshold, rule, scorer, model or writer setting that changed is named as the recipe names it, with its
old and its new value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

ABSENT = "none"
# Where a manifest says what decides a stage, and how a recipe calls the place.
SECTIONS: dict[str, dict[str, str]] = {
    "translate": {"translators": "translate", "routes": "routing", "text": "text"},
    "score": {"scorers": "score", "skip_rejected": "score.skip_rejected", "filter": "filter"},
    "verdict": {"filter": "filter"},
    "pack": {"writer": "writer"},
}
# Facts that are lists of things with a name of their own.
NAMED = {"sources": "name", "against": "name", "images": "path"}


def difference(stage: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> str | None:
    """The first thing in which what decides a stage differs, in words; None where nothing does.

    Args:
        stage: ``translate``, ``score``, ``verdict`` or ``pack``.
        old: Facts of a manifest.
        new: Facts of the other.
    """
    found = (
        words
        for section, name in SECTIONS[stage].items()
        for words in differences(section, name, old.get(section), new.get(section))
    )
    return next(found, None)


def differences(section: str, name: str, old: Any, new: Any) -> Iterator[str]:
    """Everything in which one fact of two manifests differs, in words.

    Args:
        section: The fact's key in a manifest.
        name: How a recipe calls the place.
        old: Its value in a manifest.
        new: Its value in the other.
    """
    before, after = _unkeyed(section, old), _unkeyed(section, new)
    if section == "scorers" and isinstance(before, dict) and isinstance(after, dict):
        listed = [f"+ {key}" for key in after if key not in before] + [f"- {key}" for key in before if key not in after]
        if listed:
            yield f"score.scorers {' '.join(listed)}"
        both = before.keys() & after.keys()
        before, after = ({key: side[key] for key in both} for side in (before, after))
    flat_old, flat_new = dict(_flat(before)), dict(_flat(after))
    for key in sorted(flat_old.keys() | flat_new.keys()):
        if flat_old.get(key, ABSENT) != flat_new.get(key, ABSENT):
            yield f"{_named(name, key)} {_shown(flat_old.get(key))} → {_shown(flat_new.get(key))}"


def _unkeyed(section: str, value: Any) -> Any:
    """A fact under names that stay: translators without their fingerprints, named things by their names.

    A translator that chooses among several translations has another beside it, which is itself as it translates back:
    of that one only what is another stays.
    """
    if section in NAMED and isinstance(value, list):
        return {item[NAMED[section]]: item for item in value}
    if section == "translators" and isinstance(value, dict) and len(value) == 1:
        return next(iter(value.values()))
    if section == "translators" and isinstance(value, dict):
        choosing, others = ([one for one in value.values() if ("hypotheses" in one) is so] for so in (True, False))
        if len(choosing) == len(others) == 1:
            way_back = {key: found for key, found in others[0].items() if choosing[0].get(key) != found}
            return {**choosing[0], **({"back": way_back} if way_back else {})}
    return value


def _flat(value: Any, path: str = "") -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        return [item for key, inner in value.items() for item in _flat(inner, f"{path}.{key}" if path else str(key))]
    return [(path, value)]


def _named(section: str, key: str) -> str:
    part, _, rest = key.partition(".")
    if section == "filter" and part == "parameters":
        return f"filter.{rest}"
    if section == "filter" and part == "actions":
        return f"filter.{rest}.action"
    if section == "filter" and part == "rules":
        return f"filter.{rest}"
    return f"{section}.{key}" if key else section


def _shown(value: Any) -> str:
    if value is None:
        return ABSENT
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
