"""The files beside the shards: lock, calibration, manifest and card, all made from the same few facts.

Guarantees: a build and a refilter write the same bytes for the same shards and facts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import yaml

from engine.publish.card import CardFacts, card
from engine.store.files import write_bytes
from engine.store.manifest import LOCK_FILE, write_manifest
from engine.store.shards import Shard
from filters.policy import Policy

CALIBRATION = "calibration.yaml"


def describe(
    root: Path,
    shards: Mapping[str, Sequence[Shard]],
    facts: Mapping[str, Any],
    lock: Mapping[str, Any],
    policy: Policy,
    schema: pa.Schema,
) -> None:
    """Write ``recipe.lock.yaml``, ``calibration.yaml`` where there is one, ``manifest.json`` and ``README.md``.

    Args:
        root: The folder that the files are written into.
        shards: Shards by language.
        facts: What the dataset was made from, but for the filter.
        lock: The resolved recipe.
        policy: What decided.
        schema: The record schema.
    """
    write_bytes(root / LOCK_FILE, yaml.safe_dump(lock, allow_unicode=True, width=100).encode())
    if policy.calibration is not None:
        write_bytes(root / CALIBRATION, yaml.safe_dump(policy.calibration.content, allow_unicode=True).encode())
    facts = {**facts, "filter": policy.fingerprint()}
    write_manifest(root, shards, facts)
    engines = facts["translators"].values()
    licenses = {engine["license"] for engine in engines}
    page = card(
        CardFacts(
            name=lock["name"],
            description=lock["description"],
            shards={lang: list(parts) for lang, parts in shards.items()},
            schema=schema,
            sources=facts["sources"],
            model=", ".join(dict.fromkeys(engine["model"] for engine in engines)),
            model_license=licenses.pop() if len(licenses) == 1 else "other",
            images=facts["images"],
            unreliable=policy.unreliable,
        )
    )
    write_bytes(root / "README.md", page.encode())
