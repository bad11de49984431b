"""The files beside the shards: lock, calibration, card and manifest, all made from the same few facts.

Guarantees: a build and a refilter write the same bytes for the same shards and facts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import yaml

from glotmill.engine.dataset.card.card_files import write_card
from glotmill.engine.dataset.card.card_header import LICENSES, CardFacts
from glotmill.engine.dataset.manifest import CHOICE, LOCK_FILE, QUALITY, write_manifest
from glotmill.engine.dataset.shards import Shard
from glotmill.engine.storage.atomic_write import write_bytes
from glotmill.filters.policy import Policy
from glotmill.filters.quality_fit import QualityFit
from glotmill.schemas.record import schema_version

CALIBRATION = "calibration.yaml"


def describe(
    root: Path,
    shards: Mapping[str, Sequence[Shard]],
    facts: Mapping[str, Any],
    lock: Mapping[str, Any],
    policy: Policy,
    schema: pa.Schema,
    choice: QualityFit | None = None,
) -> None:
    """Write the recipe's lock, a calibration and fits where there are such, the card and the manifest.

    Args:
        root: The folder that the files are written into.
        shards: Shards by language.
        facts: What the dataset was made from and what its rows are like, but for the filter.
        lock: The resolved recipe.
        policy: What decided.
        schema: The record schema.
        choice: What the build fitted to choose among several translations.
    """
    shards = {lang: shards.get(lang, []) for lang in lock["languages"]}  # a language without rows is listed, too
    facts = {**facts, "filter": policy.fingerprint()}
    write_bytes(root / LOCK_FILE, yaml.safe_dump(lock, allow_unicode=True, width=100).encode())
    write_card(root, CardFacts(facts, lock["description"], shards, schema, policy.unreliable, policy.fit))
    pages = ["README.md", LICENSES]
    if policy.calibration is not None:
        write_bytes(root / CALIBRATION, yaml.safe_dump(policy.calibration.content, allow_unicode=True).encode())
        pages.append(CALIBRATION)
    if policy.fit is not None:
        write_bytes(root / QUALITY, policy.fit.data)
        pages.append(QUALITY)
    if choice is not None:
        write_bytes(root / CHOICE, choice.data)
        pages.append(CHOICE)
    write_manifest(
        root, shards, facts, pages, schema_version(schema)
    )  # the last one: it notes the checksums of the others
