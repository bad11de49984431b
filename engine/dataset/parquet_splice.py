"""Some columns of a Parquet file exchanged for others: the chunks of all other columns are copied as they are.

Guarantees: the new file has, byte for byte, what the writer would have made of all its columns, as long as old and new
columns are of the same writer with the same settings; nothing but the footer is decoded; a file whose footer cannot be
read, whose parts do not fit together, or with parts that are not copied here (bloom filters, encryption) is refused.

A chunk holds no position in the file: only the footer and the offset indexes do, and they are rewritten. Layout and
field numbers: Apache Parquet, parquet-format, parquet.thrift and README ("File format").
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from thrift.Thrift import TType

from glotmill.engine.storage.readable import MEND
from glotmill.engine.storage.thrift import Struct, read_struct, write_struct
from glotmill.schemas.errors import InputError, one_line

MAGIC = b"PAR1"
TAIL = 8  # the footer's length in four bytes, and the magic
BLOCK = 1 << 22
# Fields of FileMetaData, RowGroup, ColumnChunk, ColumnMetaData, OffsetIndex and PageLocation.
ROW_GROUPS = 4
COLUMNS, GROUP_BYTES, GROUP_ROWS, GROUP_OFFSET, GROUP_COMPRESSED = 1, 2, 3, 5, 6
META, OFFSET_INDEX, OFFSET_INDEX_SIZE, COLUMN_INDEX, COLUMN_INDEX_SIZE = 3, 4, 5, 6, 7
PATH, UNCOMPRESSED, COMPRESSED, DATA_PAGE, DICTIONARY_PAGE = 3, 6, 7, 9, 11
LOCATIONS = 1
LOCATION_OFFSET = 1
# Fields that name places which are not copied: encrypted columns; an index page, a bloom filter.
FOREIGN, FOREIGN_META = frozenset({8, 9}), frozenset({10, 14})


@dataclass(frozen=True, slots=True)
class _Parquet:
    """An open file and its footer."""

    name: str
    file: BinaryIO
    footer: Struct

    @classmethod
    def of(cls, name: str, file: BinaryIO) -> _Parquet:
        """Read a file's footer."""
        end = file.seek(0, 2)
        file.seek(max(end - TAIL, 0))
        tail = file.read(TAIL)
        size = int.from_bytes(tail[:4], "little")
        if tail[4:] != MAGIC or size + TAIL > end:
            raise _unfit(name, "not a Parquet file")
        file.seek(end - TAIL - size)
        return cls(name, file, read_struct(file.read(size)))

    def groups(self) -> list[Struct]:
        """Its row groups."""
        found: list[Struct] = self.footer[ROW_GROUPS][1][1]
        return found

    def blocks(self, at: int, size: int) -> Iterator[bytes]:
        """Some of its bytes, a block at a time."""
        if at < 0 or size < 0:
            raise _unfit(self.name, "damaged footer")
        self.file.seek(at)
        while size:
            block = self.file.read(min(size, BLOCK))
            if not block:
                raise _unfit(self.name, "truncated file")
            yield block
            size -= len(block)

    def part(self, at: int, size: int) -> bytes:
        """Some of its bytes."""
        return b"".join(self.blocks(at, size))


def _unfit(name: str | Path, why: str) -> InputError:
    return InputError(f"{name}: {why}; {MEND}")


class _Output:
    """A file that is written, with its position and checksum."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._sha256 = hashlib.sha256()
        self.at = 0

    def write(self, data: bytes) -> None:
        self._file.write(data)
        self._sha256.update(data)
        self.at += len(data)

    def sha256(self) -> str:
        return self._sha256.hexdigest()


def splice(source: Path, changed: BinaryIO, target: Path) -> str:
    """Write a Parquet file with some columns taken from another.

    Args:
        source: The old file.
        changed: A Parquet file of the new columns, with the row groups of the old one.
        target: The file to write.

    Returns:
        The new file's sha256.

    Raises:
        InputError: The two do not fit together, or one of them cannot be read.
    """
    with source.open("rb") as old_file, target.open("wb") as new_file:
        out = _Output(new_file)
        try:
            old, new = _Parquet.of(str(source), old_file), _Parquet.of(f"{source}: new columns", changed)
            _splice(old, new, out)
        except (ValueError, KeyError, TypeError, IndexError) as error:  # of a footer that says what it should not
            raise _unfit(source, f"its footer cannot be read ({type(error).__name__}: {one_line(error)})") from None
    return out.sha256()


def _splice(old: _Parquet, new: _Parquet, out: _Output) -> None:
    out.write(MAGIC)
    chunks = []
    for group, chosen in _chosen(old, new):
        start = out.at
        for chunk, place in chosen:
            chunks.append((chunk, place, _copy_chunk(chunk, place, out)))
        _total(group, [chunk for chunk, _ in chosen], start)
    for chunk, place, _ in chunks:
        if COLUMN_INDEX in chunk:  # there is none of a chunk with an extreme longer than 4 kB, or of NaN alone
            data = place.part(chunk[COLUMN_INDEX][1], chunk[COLUMN_INDEX_SIZE][1])
            _put(chunk, COLUMN_INDEX, out.at)
            out.write(data)
    for chunk, place, moved in chunks:
        _copy_offset_index(chunk, place, moved, out)
    footer = write_struct(old.footer)
    out.write(footer + len(footer).to_bytes(4, "little") + MAGIC)


def _chosen(old: _Parquet, new: _Parquet) -> Iterator[tuple[Struct, list[tuple[Struct, _Parquet]]]]:
    """For each row group of the old file: it with its new chunks, and where each chunk's bytes are."""
    if len(old.groups()) != len(new.groups()):
        raise _unfit(old.name, f"{len(old.groups())} row groups, {len(new.groups())} of the new columns")
    for group, other in zip(old.groups(), new.groups(), strict=True):
        if group[GROUP_ROWS] != other[GROUP_ROWS]:
            raise _unfit(
                old.name, f"a row group of {group[GROUP_ROWS][1]} rows, {other[GROUP_ROWS][1]} of the new columns"
            )
        fresh = {_path(chunk): chunk for chunk in other[COLUMNS][1][1]}
        kept: list[Struct] = group[COLUMNS][1][1]
        if lacking := fresh.keys() - {_path(chunk) for chunk in kept}:
            raise _unfit(old.name, f"has no column {b'.'.join(min(lacking)).decode()}")
        chosen = [(fresh[_path(c)], new) if _path(c) in fresh else (c, old) for c in kept]
        group[COLUMNS][1][1][:] = [chunk for chunk, _ in chosen]
        yield group, chosen


def _path(chunk: Struct) -> tuple[bytes, ...]:
    return tuple(chunk[META][1][PATH][1][1])


def _put(struct: Struct, number: int, value: Any) -> None:
    struct[number] = (struct[number][0], value)


def _copy_chunk(chunk: Struct, place: _Parquet, out: _Output) -> int:
    """Copy a chunk and correct where its pages are; how far it moved."""
    meta: Struct = chunk[META][1]
    if chunk.keys() & FOREIGN or meta.keys() & FOREIGN_META:
        raise _unfit(place.name, "has an encrypted column, an index page or a bloom filter, which are not copied")
    start = meta[DICTIONARY_PAGE if DICTIONARY_PAGE in meta else DATA_PAGE][1]
    moved = out.at - int(start)
    for block in place.blocks(start, meta[COMPRESSED][1]):
        out.write(block)
    for number in (DICTIONARY_PAGE, DATA_PAGE):
        if number in meta:
            _put(meta, number, meta[number][1] + moved)
    return moved


def _total(group: Struct, chunks: list[Struct], start: int) -> None:
    """Correct what a row group says of its size and place."""
    metas = [chunk[META][1] for chunk in chunks]
    _put(group, GROUP_BYTES, sum(meta[UNCOMPRESSED][1] for meta in metas))
    _put(group, GROUP_OFFSET, start)
    _put(group, GROUP_COMPRESSED, sum(meta[COMPRESSED][1] for meta in metas))


def _copy_offset_index(chunk: Struct, place: _Parquet, moved: int, out: _Output) -> None:
    """Copy the index of a chunk's pages, which tells where in the file they are."""
    index = read_struct(place.part(chunk[OFFSET_INDEX][1], chunk[OFFSET_INDEX_SIZE][1]))
    for location in index[LOCATIONS][1][1]:
        location[LOCATION_OFFSET] = (TType.I64, location[LOCATION_OFFSET][1] + moved)
    data = write_struct(index)
    _put(chunk, OFFSET_INDEX, out.at)
    _put(chunk, OFFSET_INDEX_SIZE, len(data))
    out.write(data)
