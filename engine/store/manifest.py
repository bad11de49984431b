"""The manifest: what a dataset consists of and what it was made from, in files that are the same for the same data.

Guarantees: no time, host, run, path or worker count is in it; keys are sorted; the root file names the checksum
of each language's file, and that each shard's.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa

from engine import __version__
from engine.store.files import json_bytes, write_bytes
from engine.store.shards import WRITER, Shard
from schemas.keys import bytes_sha256
from schemas.record import SCHEMA_VERSION

MANIFEST_VERSION = 1


def write_manifest(root: Path, shards: dict[str, list[Shard]], facts: dict[str, Any]) -> None:
    """Write ``manifest.json`` and ``manifests/<lang>.json``.

    Args:
        root: The dataset's folder.
        shards: Shards by language; a language without rows has none and is left out.
        facts: What the dataset was made from: sources, translators, scorers, policy, recipe.
    """
    configs = {}
    for lang, parts in shards.items():
        if not parts:
            continue
        name = f"manifests/{lang}.json"
        splits: dict[str, list[dict[str, Any]]] = {}
        for shard in parts:
            splits.setdefault(shard.split, []).append(shard.as_json())
        data = json_bytes({"config": lang, "splits": splits})
        write_bytes(root / name, data)
        configs[lang] = {
            "manifest": name,
            "sha256": bytes_sha256(data),
            "rows": sum(shard.rows for shard in parts),
            "kept": sum(shard.kept for shard in parts),
        }
    content = {
        "manifest_version": MANIFEST_VERSION,
        "schema_version": SCHEMA_VERSION,
        "engine_version": __version__,
        "writer": {**WRITER, "pyarrow": pa.__version__},
        "configs": configs,
        **facts,
    }
    write_bytes(root / "manifest.json", json_bytes(content))
