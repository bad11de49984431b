"""The manifest: what a dataset consists of and what it was made from, in files that are the same for the same data.

Guarantees: no time, host, run, path or worker count is in it; keys are sorted; the root file names the checksum
of each language's file and of each file beside it, and the language's file that of each shard. What is read is refused
as a whole where it is damaged, newer than this version, or names a file outside its folder or a shard more than once.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow as pa

from glotmill.engine import __version__
from glotmill.engine.dataset.manifest_model import Facts, LanguageFile
from glotmill.engine.dataset.shards import SPLITS, WRITER, Shard
from glotmill.engine.storage.atomic_write import json_bytes, write_bytes
from glotmill.engine.storage.checked import checked, json_value
from glotmill.schemas.errors import InputError
from glotmill.schemas.keys import bytes_sha256, file_sha256
from glotmill.schemas.record import OLDEST_VERSION, SCHEMA_VERSION

MANIFEST_VERSION = 1
MANIFEST = "manifest.json"
LOCK_FILE = "recipe.lock.yaml"
QUALITY = "quality.json"  # the fit of the quality score
CHOICE = "choice.json"  # the fit that a build made to choose among several translations
AGAIN = "build it again with --compact, or take another copy of it"
PLACE = re.compile(r"(data/\w+|images)/\w[\w.-]*\.parquet|manifests/\w+\.json")


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
    return {**WRITER, "pyarrow": pa.__version__, "datasets": version("datasets")}  # it makes a footer's metadata


def write_manifest(
    root: Path,
    shards: Mapping[str, Sequence[Shard]],
    facts: Mapping[str, Any],
    pages: Iterable[str],
    schema_version: int = SCHEMA_VERSION,
) -> None:
    """Write ``manifest.json`` and ``manifests/<lang>.json`` beside a lock and pages that are there already.

    Args:
        root: The dataset's folder.
        shards: Shards by language; a language without rows has none and is left out.
        facts: What the dataset was made from: sources, translators, scorers, filter.
        pages: The other files beside it, whose checksums it notes under ``files``.
        schema_version: The version of the shards' record schema.
    """
    configs = {}
    for lang, parts in shards.items():
        if not parts:
            continue
        name = f"manifests/{lang}.json"
        splits: dict[str, list[dict[str, Any]]] = {}
        for shard in parts:
            splits.setdefault(shard.split, []).append(shard.as_json(schema_version))
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
        "schema_version": schema_version,
        "engine_version": __version__,
        "writer": writer_facts(),
        "recipe": {"path": LOCK_FILE, "sha256": file_sha256(root / LOCK_FILE)},
        "files": {name: file_sha256(root / name) for name in pages},
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
    return manifest_from(files_of(root), str(root))


Read = Callable[[str], bytes]  # the bytes of a file by its path in the dataset


def files_of(root: Path) -> Read:
    """Reads the files of a dataset's folder."""
    return lambda name: (root / name).read_bytes()


def manifest_from(read: Read, where: str) -> Manifest:
    """A dataset's manifest, checked, wherever its files are read from.

    Args:
        read: Reads its files.
        where: The dataset, for errors.

    Raises:
        InputError: As `read_manifest`.
    """
    facts = read_facts(read, where)
    return Manifest(facts, {lang: read_shards(read, where, facts, lang) for lang in facts["languages"]})


def read_facts(read: Read, where: str) -> dict[str, Any]:
    """The root file of a dataset's manifest, of a format that this version reads.

    Raises:
        InputError: There is none, it is of a newer format, or damaged.
    """
    facts = _read(read, MANIFEST, where, None)
    version, schema = facts.get("manifest_version"), facts.get("schema_version")
    if version != MANIFEST_VERSION or schema not in range(OLDEST_VERSION, SCHEMA_VERSION + 1):
        newer = any(
            isinstance(found, int) and found > known
            for found, known in ((version, MANIFEST_VERSION), (schema, SCHEMA_VERSION))
        )
        what = "a newer Glotmill made it; update Glotmill" if newer else "build it again from its recipe"
        msg = (
            f"{where}/{MANIFEST}: format {version} with records of schema {schema}; this version reads format "
            f"{MANIFEST_VERSION} and schema {OLDEST_VERSION} to {SCHEMA_VERSION}: {what}"
        )
        raise InputError(msg)
    checked(Facts, facts, f"{where}/{MANIFEST}", "a manifest of this version", AGAIN)
    if sorted(facts["languages"]) != sorted(facts["configs"]):
        msg = f"{where}/{MANIFEST}: its languages are not those of its configs; {AGAIN}"
        raise InputError(msg)
    if facts["schema_version"] > 1 and "files" not in facts:  # version 1 was written without them
        msg = f"{where}/{MANIFEST}: not a manifest of this version: files: this key is missing; {AGAIN}"
        raise InputError(msg)
    for path in (*(c["manifest"] for c in facts["configs"].values()), *(i["path"] for i in facts["images"])):
        inside(path, where)
    _once((item["path"] for item in facts["images"]), where)
    return facts


def page_checksums(facts: Mapping[str, Any]) -> dict[str, str]:
    """SHA-256 of the files beside the manifests by name; the lock's alone where older code wrote the manifest.

    Args:
        facts: The root file, checked.
    """
    return {LOCK_FILE: facts["recipe"]["sha256"], **facts.get("files", {})}


def read_shards(read: Read, where: str, facts: Mapping[str, Any], lang: str) -> list[Shard]:
    """The shards of a language, by split and number.

    Args:
        read: Reads the dataset's files.
        where: The dataset, for errors.
        facts: Its root file.
        lang: One of the languages that it names.

    Raises:
        InputError: The language's file is missing or edited, or names a place outside the folder, a shard of another
            language, or a shard more than once.
    """
    config = facts["configs"][lang]
    path = f"{where}/{config['manifest']}"
    entry = _read(read, inside(config["manifest"], where), where, config["sha256"])
    checked(LanguageFile, entry, path, "a language's manifest of this version", AGAIN)
    shards = []
    for split in SPLITS:
        for item in entry["splits"].get(split, ()):
            shard = Shard.from_json(item)
            if not inside(shard.path, where).startswith(f"data/{lang}/") or shard.split != split:
                msg = f"{path}: names {shard.path}, which is not of {lang} and {split}; do not trust it"
                raise InputError(msg)
            shards.append(shard)
    _once((shard.path for shard in shards), where)
    return shards


def _once(paths: Iterable[str], where: str) -> None:
    """Refuse a manifest whose rows would count more than once."""
    repeated = [path for path, count in Counter(paths).items() if count > 1]
    if repeated:
        msg = f"{where}: its manifest names {repeated[0]} more than once; do not trust this dataset"
        raise InputError(msg)


def inside(name: str, where: str) -> str:
    """A file's place that a manifest names, which is one that a dataset has and so inside its folder.

    Raises:
        InputError: It is not.
    """
    if not PLACE.fullmatch(name):
        msg = f"{where}/{MANIFEST}: names the file {name!r}, which is not inside its folder; do not trust this dataset"
        raise InputError(msg)
    return name


def _read(read: Callable[[str], bytes], name: str, where: str, sha256: str | None) -> dict[str, Any]:
    path = f"{where}/{name}"
    try:
        data = read(name)
    except OSError as error:
        msg = f"{path}: cannot be read: {error.strerror}; expected the manifest of a dataset that Glotmill built"
        raise InputError(msg) from None
    content = json_value(data, path, "the manifest of a dataset that Glotmill built", AGAIN)
    if sha256 is not None and bytes_sha256(data) != sha256:
        msg = f"{path}: its checksum is not the one in {MANIFEST}: it was edited; {AGAIN}"
        raise InputError(msg)
    if not isinstance(content, dict):
        msg = f"{path}: expected a JSON object, found {type(content).__name__}; {AGAIN}"
        raise InputError(msg)
    return content
