"""What a publication changes at its target: the local manifest against the files that are there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from huggingface_hub.utils.sha import git_hash

from glotmill.engine.dataset.contents import LocalDataset, is_ours
from glotmill.engine.dataset.manifest import MANIFEST
from glotmill.schemas.errors import InputError


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file at the target: the SHA-256 of its bytes where the target knows it, else git's id of the blob."""

    size: int
    sha256: str | None
    blob: str | None


@dataclass(frozen=True, slots=True)
class PublishPlan:
    """The changes, paths sorted.

    Attributes:
        base: The commit or version that it starts from; None where there is none yet.
        upload: Shards to send.
        pages: Card, licenses, recipe and manifests to send.
        delete: Files of an older version.
        unchanged: Shards that are there already.
        bytes_up: Bytes of what is sent, before the Hub's storage leaves out the chunks that it knows.
    """

    base: str | None
    upload: list[str]
    pages: list[str]
    delete: list[str]
    unchanged: int
    bytes_up: int

    @property
    def empty(self) -> bool:
        """Whether the target is what it should be."""
        return not (self.upload or self.pages or self.delete)

    def as_json(self) -> dict[str, Any]:
        """The plan for ``--json``."""
        return asdict(self)

    def line(self) -> str:
        """The plan in one line."""
        return (
            f"{len(self.upload):,} shards to send, {self.unchanged:,} unchanged, {len(self.pages):,} other files, "
            f"{len(self.delete):,} to delete; up: at most {self.bytes_up:,} bytes, down: the file list and the manifest"
        )


def make_plan(local: LocalDataset, there: Mapping[str, RemoteFile], base: str | None, where: str) -> PublishPlan:
    """Compare.

    Raises:
        InputError: The target holds data that Glotmill did not publish.
    """
    foreign = sorted(path for path in there if path.startswith(("data/", "images/")))
    if foreign and MANIFEST not in there:
        msg = f"{where}: it holds {foreign[0]} but no {MANIFEST}, so Glotmill did not publish it; name another target"
        raise InputError(msg)
    shards, small = local.contents.shards, local.contents.small
    upload = sorted(path for path, said in shards.items() if path not in there or there[path].sha256 != said.sha256)
    pages = sorted(name for name, data in small.items() if name not in there or not _same(there[name], data))
    ours = {*shards, *small}
    return PublishPlan(
        base=base,
        upload=upload,
        pages=pages,
        delete=sorted(path for path in there if is_ours(path) and path not in ours),
        unchanged=len(shards) - len(upload),
        bytes_up=sum(shards[path].size for path in upload) + sum(len(small[name]) for name in pages),
    )


def _same(there: RemoteFile, data: bytes) -> bool:
    return there.blob == git_hash(data)
