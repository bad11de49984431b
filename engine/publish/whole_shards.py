"""Whole shards of a pulled dataset, downloaded when a command reads them.

Guarantees: a shard counts once its bytes are those that the manifest names; a kill leaves it whole or absent.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from glotmill.engine.dataset.commit import build_lock
from glotmill.engine.dataset.contents import Contents, LocalDataset
from glotmill.engine.dataset.shards import Shard
from glotmill.engine.publish.addresses import FolderPlace, HubPlace
from glotmill.engine.publish.origin import Origin, open_origin
from glotmill.engine.publish.pull_record import Pulled
from glotmill.engine.runs.progress import ProgressReport
from glotmill.engine.storage.atomic_write import whole_file
from glotmill.schemas.errors import InputError
from glotmill.schemas.keys import file_sha256

UNTRUSTED = "do not trust this dataset; take another version, or publish it again"


def bring(folder: Path, shards: Iterable[Shard], progress: ProgressReport) -> None:
    """Make shards that a command reads whole be here; those of a pulled folder are fetched from where it came from.

    Raises:
        InputError: One is missing in a folder that was not pulled.
        PublishError: The target holds other bytes than the manifest says.
    """
    missing = [shard.path for shard in shards if not (folder / "dataset" / shard.path).is_file()]
    if missing:
        with build_lock(folder):
            fetch_shards(folder, missing, progress)


def fetch_shards(folder: Path, paths: list[str], progress: ProgressReport) -> None:
    """Bring whole shards of a pulled dataset, which were left where it came from.

    Raises:
        InputError: The folder was not pulled, so what it lacks cannot be had; or the target holds other bytes than the
            manifest says.
    """
    pulled = Pulled.of(folder)
    if pulled is None:
        msg = f"{folder / 'dataset' / paths[0]}: the shard is missing; build again"
        raise InputError(msg)
    # The place was written by a pull, and is an address without a revision.
    hub = pulled.place.removeprefix("hf://datasets/")
    origin = open_origin(
        HubPlace(hub, pulled.revision) if hub != pulled.place else FolderPlace(pulled.place, pulled.revision)
    )
    contents = LocalDataset.open(folder).contents
    down = sum(contents.shards[path].size for path in paths)
    progress.say(f"down: {down:,} bytes ({len(paths):,} whole shards from {pulled.place}); up: nothing")
    fetch(origin, contents, paths, folder / "dataset", progress)


def fetch(origin: Origin, contents: Contents, paths: list[str], root: Path, progress: ProgressReport) -> None:
    """Download whole shards of a version, and check them."""
    total = sum(contents.shards[path].size for path in paths)
    if not paths:
        return
    with progress.stage("fetch", "bytes") as stage:
        for path in paths:
            said = contents.shards[path]
            with whole_file(root / path) as aside:
                origin.fetch(path, aside)
                if aside.stat().st_size != said.size or file_sha256(aside) != said.sha256:
                    msg = f"{origin.place}: {path} is not the file whose checksum the manifest names; {UNTRUSTED}"
                    raise InputError(msg)
            stage.advance(said.size, total=total)
