"""Bringing a published dataset to this machine as far as a new decision needs it.

Guarantees: manifests, card, recipe lock and the columns that rules read come at once, whole shards only when they are
asked for; every file is checked against the manifest before it counts, and no record comes twice; a kill leaves the old
folder or the new one, and the same command goes on.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from glotmill.engine.dataset.commit import INTENT, LOCK, STAGING, build_lock, commit, recover, staging
from glotmill.engine.dataset.contents import Contents, read_contents
from glotmill.engine.dataset.lock import lock_from
from glotmill.engine.dataset.manifest import LOCK_FILE
from glotmill.engine.dataset.pages import CARD, check_pages, not_checked
from glotmill.engine.dataset.recorded_rules import columns_schema
from glotmill.engine.dataset.repeated_ids import read_ids, repeated_ids
from glotmill.engine.dataset.shards import Shard, ids_sha256
from glotmill.engine.dataset.sound_rows import RECORDS
from glotmill.engine.publish.hub_repository import REFUSALS
from glotmill.engine.publish.origin import Origin
from glotmill.engine.publish.pull_record import (
    COLUMNS,
    PREFIXES,
    SCORES,
    Pulled,
    PulledColumns,
    columns_of,
    pulled_fields,
)
from glotmill.engine.publish.whole_shards import UNTRUSTED, fetch
from glotmill.engine.runs.progress import ProgressReport
from glotmill.engine.storage.atomic_write import TEMPORARY, write_bytes, write_table
from glotmill.engine.storage.output_path import check_new_folder
from glotmill.engine.storage.readable import check_types
from glotmill.engine.text.notebook import NotebookResult
from glotmill.schemas.errors import InputError, PublishError, one_line
from glotmill.schemas.keys import file_sha256

FOOTER_BYTES = 65_536  # what is read of the end of a shard to find its footer


@dataclass(frozen=True, slots=True)
class PullOutcome(NotebookResult):
    """What a pull brought.

    Attributes:
        folder: Where it is.
        place: Where it came from.
        revision: The commit or version.
        shards: Shards of the dataset.
        whole: Of those, how many are here whole.
        bytes_down: Bytes of what came, as the footers state them.
        bytes_of_shards: Bytes of all shards.
    """

    folder: str
    place: str
    revision: str
    shards: int
    whole: int
    bytes_down: int
    bytes_of_shards: int


def pull(origin: Origin, folder: Path, progress: ProgressReport, *, everything: bool) -> PullOutcome:
    """Bring a dataset into a folder, or bring a folder that was pulled from the same place up to date.

    Args:
        origin: The version.
        folder: A new folder, or one that an earlier pull made.
        progress: Shows how it gets on.
        everything: Bring all shards whole.

    Raises:
        InputError: There is no dataset of Glotmill there, it holds other bytes than its manifest says, or the folder
            holds something else.
        PublishError: The target does not answer.
    """
    _check_folder(folder, origin.place)
    contents = _contents(origin, progress)
    records = contents.manifest.all_shards()
    facts = contents.manifest.facts
    lock_from(contents.small[LOCK_FILE], f"{origin.place}/{LOCK_FILE}", facts)
    schema = columns_schema(facts)
    footers = {shard.path: _footer(origin, shard.path) for shard in records}
    columns_down = sum(_columns_size(footers[shard.path]) + min(shard.size, FOOTER_BYTES) for shard in records)
    here = _here(folder, contents)
    missing = [path for path in contents.shards if path not in here] if everything else []
    down = sum(len(data) for data in contents.small.values()) + columns_down
    down += sum(contents.shards[path].size for path in missing)
    progress.say(
        f"down: {down:,} bytes (of {len(records):,} shards the score columns; they are {contents.size:,}); up: nothing"
    )
    with build_lock(folder):
        recover(folder)
        with staging(folder) as staged:
            for name, data in contents.small.items():
                write_bytes(staged / "dataset" / name, data)
            for path in here:
                target = staged / "dataset" / path
                target.parent.mkdir(parents=True, exist_ok=True)
                os.link(folder / "dataset" / path, target)
            columns, hashes = {}, {}
            with progress.stage("pull", "shards") as stage:
                for shard in records:
                    columns[shard.path], hashes[shard.path] = _pull_columns(
                        origin, shard, footers[shard.path], schema, staged
                    )
                    stage.advance(1, total=len(records))
            for path, what in repeated_ids(hashes, lambda path: read_ids(staged / columns_of(path))):
                msg = f"{origin.place}: {path}: {what}; do not trust this dataset"
                raise InputError(msg)
            fetch(origin, contents, missing, staged / "dataset", progress)
            Pulled(origin.place, origin.revision, contents.sha256, columns).write(staged)
            commit(folder, ("dataset", SCORES))
    whole = len(here) + len(missing)
    return PullOutcome(str(folder), origin.place, origin.revision, len(contents.shards), whole, down, contents.size)


def _contents(origin: Origin, progress: ProgressReport) -> Contents:
    """What the dataset consists of, its small files checked.

    A card that was edited at the Hub is replaced by the published one: people do edit cards there, and what comes here
    is the dataset as its manifest describes it.

    Raises:
        InputError: There is no dataset, or its manifest is damaged.
        InputError: Another file was changed, or the published card is nowhere.
    """
    contents = read_contents(origin.read, origin.place)
    manifest = contents.manifest.facts
    found = check_pages(manifest, contents.small, origin.place)
    published = origin.published_card(contents.sha256) if CARD in found.wrong else None
    if published is not None:
        revision, card = published
        contents = replace(contents, small={**contents.small, CARD: card})
        found = check_pages(manifest, contents.small, origin.place)
        if CARD not in found.wrong:
            progress.say(f"{origin.place}: {CARD} was edited there; the one that was published comes ({revision})")
    for name, what in found.wrong.items():
        msg = f"{origin.place}: {name}: {what}; pull another version, or publish the dataset again"
        raise InputError(msg)
    if found.unchecked and not origin.checks_files:
        progress.say(f"{origin.place}: {not_checked(found.unchecked)}")
    return contents


def _check_folder(folder: Path, place: str) -> None:
    """Refuse a folder that no pull made; what a pull that was killed left in it is no reason to."""
    check_new_folder(folder)
    if (folder / INTENT).exists():
        with build_lock(folder):
            recover(folder)
    pulled = Pulled.of(folder)
    if pulled is None and folder.exists() and any(not _is_left_over(entry.name) for entry in folder.iterdir()):
        msg = f"{folder}: it is not empty, and no pull made it; name a new folder"
        raise InputError(msg)
    if pulled is not None and pulled.place != place:
        msg = f"{folder}: it was pulled from {pulled.place}; name a new folder"
        raise InputError(msg)


def _is_left_over(name: str) -> bool:
    return name in (LOCK, STAGING) or TEMPORARY.fullmatch(name) is not None


def _here(folder: Path, contents: Contents) -> list[str]:
    """The shards that are here whole and unchanged."""
    root = folder / "dataset"
    return [
        path
        for path, said in contents.shards.items()
        if (root / path).is_file()
        and (root / path).stat().st_size == said.size
        and file_sha256(root / path) == said.sha256
    ]


def _wanted(names: list[str]) -> list[str]:
    return [name for name in names if name in COLUMNS or name.startswith(PREFIXES)]


def _footer(origin: Origin, path: str) -> pq.FileMetaData:
    with _readable(origin, path), origin.open(path) as file:
        return pq.read_metadata(file)


def _columns_size(footer: pq.FileMetaData) -> int:
    """Compressed bytes of the columns that are pulled of a shard."""
    return sum(
        column.total_compressed_size
        for group in map(footer.row_group, range(footer.num_row_groups))
        for column in map(group.column, range(group.num_columns))
        if _wanted([column.path_in_schema.partition(".")[0]])
    )


def _pull_columns(
    origin: Origin, shard: Shard, footer: pq.FileMetaData, schema: pa.Schema, staged: Path
) -> tuple[PulledColumns, pl.Series]:
    """Write the columns of a shard that rules read.

    Returns:
        (the file, hashes of its record ids).

    Raises:
        InputError: Its rows or columns are not those that the manifest describes.
    """
    path = shard.path
    with _readable(origin, path), origin.open(path) as file:
        opened = pq.ParquetFile(file, metadata=footer, pre_buffer=True)
        names = opened.schema_arrow.names
        check_types(opened.schema_arrow, pulled_fields(schema), f"{origin.place}: {path}", RECORDS, UNTRUSTED)
        table = opened.read(columns=_wanted(names))
    ids, kept = pl.Series(table["record_id"]), int(pl.Series(table["keep"]).sum())
    if (ids_sha256(ids.to_list()), kept) != (shard.ids_sha256, shard.kept):
        msg = f"{origin.place}: {path} does not hold the rows that the manifest describes; {UNTRUSTED}"
        raise InputError(msg)
    write_table(staged / columns_of(path), table)
    return PulledColumns(file_sha256(staged / columns_of(path)), shard.sha256), ids.hash()


@contextmanager
def _readable(origin: Origin, path: str) -> Iterator[None]:
    """Make one line of what a network or a damaged file raises.

    Raises:
        InputError: The file is damaged, or not there.
        PublishError: The network or the target failed.
    """
    try:
        yield
    except (pa.ArrowException, UnicodeDecodeError, FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        msg = f"{origin.place}: {path}: cannot be read: {one_line(error)}; {UNTRUSTED}"
        raise InputError(msg) from None
    except REFUSALS as error:
        # Arrow's error of a damaged footer has no number; a link may lead to itself.
        if type(error) is OSError and error.errno in (None, errno.ELOOP):
            msg = f"{origin.place}: {path}: cannot be read: {one_line(error)}; {UNTRUSTED}"
            raise InputError(msg) from None
        msg = f"{origin.place}: reading {path}: {one_line(error)}"
        raise PublishError(msg) from None
