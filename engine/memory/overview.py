"""Looking into a memory: what it holds, and whether it is what it claims to be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import polars as pl
import pyarrow as pa

from glotmill.engine.memory.commit_log import UNREADABLE, NumberedFiles
from glotmill.engine.memory.entries import DIRECTION, HUMAN, Direction, check_entries
from glotmill.engine.memory.numbered_file import NumberedFile
from glotmill.engine.memory.scores import ScoreStore
from glotmill.engine.memory.translations import Memory
from glotmill.engine.storage.folder import Folder
from glotmill.schemas.errors import InputError, StoreError
from glotmill.schemas.keys import memory_keys

COUNTED = {
    "source_lang": pl.String, "target_lang": pl.String, "translator": pl.String, "keys": pl.Int64, "texts": pl.Int64,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class StoreSize:
    """Files, bytes and rows of one store; rows count every commit, winners or not."""

    files: int
    bytes: int
    rows: int


@dataclass(frozen=True, slots=True)
class MemoryStats:
    """What a memory holds.

    Attributes:
        stores: Size by store: translations, corrections, scores.
        directions: Different keys by direction: source_lang, target_lang, texts, failures, corrections.
        translators: Different keys by translator fingerprint.
        unreadable: Files that were set aside.
    """

    stores: dict[str, StoreSize]
    directions: list[dict[str, Any]]
    translators: dict[str, int]
    unreadable: list[str]


def stores(folder: Folder) -> dict[str, NumberedFiles]:
    """The stores of a memory's folder by name."""
    memory = Memory(folder)
    return {
        "translations": memory.translations,
        "corrections": memory.corrections,
        "scores": ScoreStore(folder).files,
    }


def memory_stats(folder: Folder) -> MemoryStats:
    """Count what a memory holds, with the keys of one direction in memory at a time."""
    held = stores(folder)
    counted = [
        held["translations"].select(partial(_counted, direction=direction)) for direction in Memory(folder).directions()
    ]
    keys = pl.concat([pl.DataFrame(schema=COUNTED), *counted])
    corrected = held["corrections"].select(
        lambda rows: rows.group_by(DIRECTION).agg(corrections=pl.col("request").n_unique())
    )
    by_direction = (
        keys.group_by(DIRECTION)
        .agg(texts=pl.col("texts").sum(), failures=(pl.col("keys") - pl.col("texts")).sum())
        .join(corrected, on=DIRECTION, how="full", coalesce=True)
        .fill_null(0)
        .sort(DIRECTION)
    )
    translators = keys.group_by("translator").agg(pl.col("keys").sum()).sort("translator")
    unreadable = [
        files.folder.child(UNREADABLE).location(name)
        for files in held.values()
        for name in files.folder.child(UNREADABLE).names()
    ]
    return MemoryStats(
        stores={name: _size(files) for name, files in held.items()},
        directions=by_direction.to_dicts(),
        translators=dict(translators.iter_rows()),
        unreadable=unreadable,
    )


def _counted(rows: pl.LazyFrame, direction: Direction) -> pl.LazyFrame:
    """Different keys of a direction by engine, and those of them that have a text."""
    states = (
        rows.filter(direction.rows())
        .group_by(*DIRECTION, "translator", "key")
        .agg(text=pl.col("failure").is_null().any())
    )
    return (
        states.group_by(*DIRECTION, "translator")
        .agg(keys=pl.len().cast(pl.Int64), texts=pl.col("text").sum().cast(pl.Int64))
        .select(COUNTED.keys())
    )


def _size(files: NumberedFiles) -> StoreSize:
    live = files.live()
    rows = files.select(lambda frame: frame.select(pl.len())).item() if live else 0
    return StoreSize(len(live), sum(files.folder.size(file.name) for file in live), rows)


def verify_memory(folder: Folder, advance: Callable[[int], None]) -> Iterator[str]:
    """Read every file whole: page checksums, schema, rules of an entry, and recomputed keys.

    Args:
        folder: The memory's folder.
        advance: Is called with the number of rows that were checked.

    Yields:
        What is wrong, one line each.
    """
    for name, files in stores(folder).items():
        for file in files.live():
            place = files.folder.location(file.name)
            try:
                table = files.parsed(file, files.folder.read(file.name))
            except FileNotFoundError:  # compacted meanwhile
                continue
            except InputError as error:
                table = str(error)
            if isinstance(table, str):
                yield f"{place}: {table}"
                continue
            if name != "scores":
                yield from (f"{place}: {wrong}" for wrong in _wrong_entries(table))
            advance(table.num_rows)


def _wrong_entries(table: pa.Table) -> Iterator[str]:
    try:
        check_entries(table)
    except StoreError as error:
        yield str(error)
    frame = pl.DataFrame(table)
    if lacking := frame.filter(pl.any_horizontal(pl.col("key", *DIRECTION, "request").is_null())).height:
        yield f"{lacking} entries lack their key, their languages or their request"
        return
    for (translator, source, target), rows in frame.group_by(["translator", *DIRECTION], maintain_order=True):
        keys = memory_keys(str(translator or HUMAN), str(source), str(target), rows["request"])
        wrong = rows.filter(pl.col("key") != keys)
        if wrong.height:
            yield f"{wrong.height} entries have another key than their content, such as {wrong['key'][0]}"


def compact_memory(folder: Folder) -> Iterator[tuple[str, NumberedFile]]:
    """Merge the small files of a memory; what any look-up finds stays the same.

    Yields:
        (store, new file), as they are made.
    """
    yield from (("translations", file) for file in Memory(folder).compact())
    yield from (("scores", file) for file in ScoreStore(folder).compact())
