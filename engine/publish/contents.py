"""What a dataset consists of, as its manifest says, wherever the manifest is read from.

Guarantees: every path is one that a dataset has, so none leads out of its folder; a language's manifest is the one
whose checksum the root names; a manifest of another format is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from engine.publish.card_header import LICENSES
from engine.store.manifest import MANIFEST_VERSION
from schemas.errors import InputError
from schemas.keys import bytes_sha256, file_sha256

MANIFEST = "manifest.json"
LOCK = "recipe.lock.yaml"
# What stands beside the manifests, in every dataset.
PAGES = ("README.md", LICENSES, LOCK)
OWNED = ("data/", "images/", "manifests/")  # folders whose files are the dataset's, none of anybody else
PATH = re.compile(r"(data/\w+|images)/\w[\w.-]*\.parquet|manifests/\w+\.json")


@dataclass(frozen=True, slots=True)
class Stored:
    """One Parquet file as a manifest names it."""

    sha256: str
    size: int
    rows: int


@dataclass(frozen=True, slots=True)
class Contents:
    """A whole manifest.

    Attributes:
        manifest: The root.
        texts: ``manifest.json`` and the languages' manifests, byte for byte, by path.
        shards: The Parquet files by path.
        configs: The shards of each language, as the manifests describe them.
    """

    manifest: dict[str, Any]
    texts: dict[str, bytes]
    shards: dict[str, Stored]
    configs: dict[str, list[dict[str, Any]]]

    @property
    def sha256(self) -> str:
        """Of ``manifest.json``, and so of everything that it names."""
        return bytes_sha256(self.texts[MANIFEST])


def read_contents(read: Callable[[str], bytes], where: str) -> Contents:
    """Read a manifest and those that it names.

    Args:
        read: The bytes of a file by its path.
        where: What is read, for errors.

    Raises:
        InputError: A manifest is of another format, was changed, or names a path that no dataset has.
        FileNotFoundError: One is missing.
    """
    texts = {MANIFEST: read(MANIFEST)}
    manifest = _parsed(texts[MANIFEST], f"{where}: {MANIFEST}")
    if manifest.get("manifest_version") != MANIFEST_VERSION:
        found = manifest.get("manifest_version")
        msg = (
            f"{where}: {MANIFEST} is of format {found!r}, and this version of Glotmill reads {MANIFEST_VERSION}; "
            f"use the version that wrote it"
        )
        raise InputError(msg)
    entries = [*manifest.get("images", ())]
    configs = {}
    for lang, config in manifest["configs"].items():
        name = safe_path(config["manifest"], where)
        texts[name] = read(name)
        if bytes_sha256(texts[name]) != config["sha256"]:
            msg = f"{where}: {name} is not the file whose checksum {MANIFEST} names; build, or pull, again"
            raise InputError(msg)
        splits = _parsed(texts[name], f"{where}: {name}")["splits"]
        configs[lang] = [shard for shards in splits.values() for shard in shards]
        entries += configs[lang]
    shards = {safe_path(e["path"], where): Stored(e["sha256"], e["size"], e["rows"]) for e in entries}
    return Contents(manifest, texts, shards, configs)


def _parsed(data: bytes, where: str) -> dict[str, Any]:
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        msg = f"{where}: no JSON: {error}"
        raise InputError(msg) from None
    if not isinstance(value, dict):
        msg = f"{where}: expected a JSON object"
        raise InputError(msg)
    return value


def safe_path(path: str, where: str) -> str:
    """The path, if a dataset can have it.

    Raises:
        InputError: It could lead out of the dataset's folder, or to a file that is none of a dataset's.
    """
    if not PATH.fullmatch(path):
        msg = f"{where}: the manifest names {path!r}, which is no path of a dataset; nothing is read or written there"
        raise InputError(msg)
    return path


@dataclass(frozen=True, slots=True)
class LocalDataset:
    """A dataset on this machine, some of whose shards may be elsewhere (after a pull).

    Attributes:
        folder: The build's folder.
        root: The dataset's.
        contents: Its manifest.
        small: Everything that is no Parquet file, by path.
    """

    folder: Path
    root: Path
    contents: Contents
    small: Mapping[str, bytes]

    @classmethod
    def open(cls, folder: Path) -> LocalDataset:
        """Read a build's folder, or a dataset's.

        Raises:
            InputError: There is no dataset.
        """
        root = folder / "dataset" if (folder / "dataset").is_dir() else folder
        if not (root / MANIFEST).is_file():
            msg = f"{folder}: no dataset there (no {MANIFEST}); name the folder of a build, such as outputs/NAME"
            raise InputError(msg)
        try:
            contents = read_contents(lambda name: (root / name).read_bytes(), str(root))
            pages = {name: (root / name).read_bytes() for name in PAGES}
        except FileNotFoundError as error:
            msg = f"{root}: {Path(str(error.filename)).name} is missing; build, or pull, again"
            raise InputError(msg) from None
        return cls(folder, root, contents, contents.texts | pages)

    def check(self, path: str, schema: pa.Schema | None) -> pa.Schema:
        """Find a shard to be what the manifest says, and of the schema of those before.

        Args:
            path: The shard's.
            schema: That of the shards before it; None for the first of its kind.

        Returns:
            Its schema.

        Raises:
            InputError: It is missing or was changed.
        """
        said, file = self.contents.shards[path], self.root / path
        if not file.is_file():
            msg = f"{file}: the shard is missing, here and at the target; build, or pull, again"
            raise InputError(msg)
        if file.stat().st_size != said.size or file_sha256(file) != said.sha256:
            msg = f"{file}: not the bytes whose checksum the manifest names; build again"
            raise InputError(msg)
        with pq.ParquetFile(file) as opened:
            found, rows = opened.schema_arrow, opened.metadata.num_rows
        if rows != said.rows or rows == 0 or any(pa.types.is_null(field.type) for field in found):
            msg = f"{file}: {rows} rows where the manifest says {said.rows}, or a column without a type; build again"
            raise InputError(msg)
        if schema is not None and not found.equals(schema, check_metadata=False):
            msg = f"{file}: other columns than the shards before it; build again"
            raise InputError(msg)
        return found
