"""Finding the dataset that a command is to look at, and what lies in it that its manifest does not name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from glotmill.engine.dataset import image_shards
from glotmill.engine.dataset.commit import INTENT, build_lock, recover
from glotmill.engine.dataset.manifest import MANIFEST, has_manifest
from glotmill.engine.dataset.shards import Shard
from glotmill.schemas.errors import InputError


def dataset_folder(folder: Path) -> Path:
    """The dataset in a folder; a commit that a kill interrupted is finished first.

    Args:
        folder: A build's folder, or the folder of a dataset, such as a copy of its ``dataset/``.

    Raises:
        InputError: There is no dataset of ours.
        GlotmillError: A commit has to be finished, but another command holds the build.
    """
    if (folder / INTENT).exists():
        with build_lock(folder):
            recover(folder)
    for root in (folder, folder / "dataset"):
        if has_manifest(root):
            return root
    msg = (
        f"{folder}: no dataset there: expected {MANIFEST} in it, or in its dataset/; name the folder of a finished "
        f"build, such as outputs/NAME"
    )
    raise InputError(msg)


def unnamed_files(dataset: Path, facts: Mapping[str, Any], shards: Mapping[str, Sequence[Shard]]) -> list[str]:
    """Files in the folders that only a manifest fills, of which this one says nothing; sorted.

    Args:
        dataset: The dataset's folder.
        facts: Its manifest's root file.
        shards: Its shards by language; the files of a language that is missing here count as named.
    """
    named = {shard.path for parts in shards.values() for shard in parts}
    named |= {item["path"] for item in facts.get("images", ())}
    named |= {config["manifest"] for config in facts["configs"].values()}
    unread = tuple(f"data/{lang}/" for lang in facts["languages"] if lang not in shards)
    found = (
        path.relative_to(dataset).as_posix()
        for folder in ("data", "manifests", image_shards.CONFIG)
        for path in sorted((dataset / folder).rglob("*"))
        if path.is_symlink() or path.is_file()
    )
    return [name for name in found if name not in named and not name.startswith(unread)]
