"""Looking at what was published: every file's checksum, and a row of each config as its users open it."""

from __future__ import annotations

from collections.abc import Callable

from datasets import load_dataset
from huggingface_hub.utils.sha import git_hash

from glotmill.engine.dataset.contents import LocalDataset, is_ours
from glotmill.engine.dataset.pages import CARD, read_card
from glotmill.engine.publish.hub_repository import HubRepository
from glotmill.schemas.errors import PublishError


def verify_hub(
    local: LocalDataset, hub: HubRepository, oid: str, *, rows: bool, advance: Callable[[int], None]
) -> None:
    """Find a commit to hold this dataset, whole and nothing else of its kind.

    Args:
        local: What was published.
        hub: The repository.
        oid: The commit.
        rows: Whether to open a row of each config, too.
        advance: Is called with the number of files that were compared.

    Raises:
        PublishError: It does not; the message names the file or the config.
    """
    there = hub.files(oid)
    for path, said in local.contents.shards.items():
        found = there.get(path)
        if found is None or (found.sha256, found.size) != (said.sha256, said.size):
            raise _wrong(hub, oid, f"{path} is not the shard that was sent")
        advance(1)
    for name, data in local.contents.small.items():
        if name not in there or there[name].blob != git_hash(data):
            raise _wrong(hub, oid, f"{name} is not what was sent")
        advance(1)
    known = {*local.contents.shards, *local.contents.small}
    stray = sorted(path for path in there if is_ours(path) and path not in known)
    if stray:
        raise _wrong(hub, oid, f"{stray[0]} belongs to no version of this dataset")
    if rows:
        for config in config_names(local):
            _open_row(hub, oid, config)


def config_names(local: LocalDataset) -> list[str]:
    """The configs of a dataset's card."""
    metadata, _ = read_card(local.contents.small[CARD], str(local.root / CARD))
    return [config["config_name"] for config in metadata["configs"]]


def _open_row(hub: HubRepository, oid: str, config: str) -> None:
    with hub.refusing(f"opening a row of the config {config}"):
        loaded = load_dataset(hub.place.repo, config, revision=oid, streaming=True, token=hub.token)
        for split, rows in loaded.items():
            if next(iter(rows), None) is None:
                raise _wrong(hub, oid, f"the config {config} has no row in its split {split}")


def _wrong(hub: HubRepository, oid: str, what: str) -> PublishError:
    return PublishError(f"{hub.place}: the commit {oid} was made, but {what}; publish again")
