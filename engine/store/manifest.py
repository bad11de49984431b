"""The manifest: what a dataset consists of and what it was made from, in files that are the same for the same data.

Guarantees: no time, host, run, path or worker count is in it; keys are sorted; the root file names the checksum
of each language's file, and that each shard's. What is read is refused as a whole where it is damaged, newer than
this version, or names a file outside its folder.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import orjson
import pyarrow as pa

from engine import __version__
from engine.store.files import json_bytes, write_bytes
from engine.store.shards import SPLITS, WRITER, Shard
from schemas.errors import InputError
from schemas.keys import bytes_sha256
from schemas.record import SCHEMA_VERSION

MANIFEST_VERSION = 1
MANIFEST = "manifest.json"
LOCK_FILE = "recipe.lock.yaml"


@dataclass(frozen=True, slots=True)
class Manifest:
    """A dataset's manifest.

    Attributes:
        facts: The root file: versions, writer, sources, translators, scorers, filter.
        shards: Shards by language, in the recipe's order; those of a language by split and number.
    """

    facts: dict[str, Any]
    shards: dict[str, list[Shard]]

    def all_shards(self) -> list[Shard]:
        """The shards of all languages."""
        return [shard for parts in self.shards.values() for shard in parts]


def writer_facts() -> dict[str, Any]:
    """What decides a shard's bytes beside its records."""
    return {**WRITER, "pyarrow": pa.__version__}


def write_manifest(root: Path, shards: Mapping[str, Sequence[Shard]], facts: Mapping[str, Any]) -> None:
    """Write ``manifest.json`` and ``manifests/<lang>.json`` beside a lock that is there already.

    Args:
        root: The dataset's folder.
        shards: Shards by language; a language without rows has none and is left out.
        facts: What the dataset was made from: sources, translators, scorers, filter.
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
        **facts,
        "manifest_version": MANIFEST_VERSION,
        "schema_version": SCHEMA_VERSION,
        "engine_version": __version__,
        "writer": writer_facts(),
        "recipe": {"path": LOCK_FILE, "sha256": bytes_sha256((root / LOCK_FILE).read_bytes())},
        "languages": list(configs),
        "configs": configs,
    }
    write_bytes(root / MANIFEST, json_bytes(content))


def has_manifest(root: Path) -> bool:
    """Whether a folder holds a dataset of ours."""
    return (root / MANIFEST).is_file()


def read_manifest(root: Path) -> Manifest:
    """The manifest of a dataset's folder, checked.

    Raises:
        InputError: There is none, it is of a newer format, damaged, or names a place outside the folder.
    """
    facts = _read(root / MANIFEST, None)
    version = facts.get("manifest_version")
    if version != MANIFEST_VERSION or facts.get("schema_version") != SCHEMA_VERSION:
        newer = isinstance(version, int) and version > MANIFEST_VERSION
        what = "a newer Glotmill made it; update Glotmill" if newer else "build it again from its recipe"
        msg = (
            f"{root / MANIFEST}: format {version} with records of schema {facts.get('schema_version')}; this version "
            f"reads format {MANIFEST_VERSION} and schema {SCHEMA_VERSION}: {what}"
        )
        raise InputError(msg)
    shards = {}
    try:
        for lang in facts["languages"]:
            config = facts["configs"][lang]
            name = inside(config["manifest"], root)
            entry = _read(root / name, config["sha256"])
            shards[lang] = [Shard(**item) for split in SPLITS for item in entry["splits"].get(split, ())]
        for parts in shards.values():
            for shard in parts:
                inside(shard.path, root)
    except (KeyError, TypeError, AttributeError) as error:
        msg = f"{root / MANIFEST}: not a manifest of this version: {type(error).__name__} {error}; build it again"
        raise InputError(msg) from None
    return Manifest(facts, shards)


def inside(name: str, root: Path) -> str:
    """A file's place that a manifest names, which cannot lie outside of its folder.

    Raises:
        InputError: It can.
    """
    path = PurePosixPath(name)
    if path.is_absolute() or not path.parts or ".." in path.parts or "\\" in name:
        msg = f"{root / MANIFEST}: names the file {name!r}, which is not inside its folder; do not trust this dataset"
        raise InputError(msg)
    return name


def _read(path: Path, sha256: str | None) -> dict[str, Any]:
    try:
        data = path.read_bytes()
        content = orjson.loads(data)
    except OSError as error:
        msg = f"{path}: cannot be read: {error.strerror}; expected the manifest of a dataset that Glotmill built"
        raise InputError(msg) from None
    except orjson.JSONDecodeError as error:
        msg = f"{path}: not JSON: {error}; build the dataset again"
        raise InputError(msg) from None
    if sha256 is not None and bytes_sha256(data) != sha256:
        msg = f"{path}: its checksum is not the one in {MANIFEST}: it was edited; build the dataset again"
        raise InputError(msg)
    if not isinstance(content, dict):
        msg = f"{path}: expected a JSON object, found {type(content).__name__}; build the dataset again"
        raise InputError(msg)
    return content
