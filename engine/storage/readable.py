"""Parquet files of a build or of a published folder: what is wrong with one that cannot be used, in one line.

Guarantees: a file that is missing, damaged, or has a column of another type than its kind has is one `InputError`
that names it; an error that no file explains is passed on as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from glotmill.schemas.errors import InputError, one_line, shortened

_LAYOUT = re.compile(r"large_|_view")
_LISTED = re.compile(r"list<\w+:")
# How the readers say that a file is damaged; Polars panics on some.
DAMAGED = (pa.ArrowException, pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, UnicodeDecodeError)
NOT_TEXT = "its name or metadata is not UTF-8"
MEND = "put it back, or build with --compact"


def check_types(found: pa.Schema, expected: Iterable[pa.Field], where: str | Path, what: str, mend: str = MEND) -> None:
    """Refuse a table that lacks a column of its kind, or has one of another type.

    Args:
        found: Its schema.
        expected: The columns that its kind has; others may stand beside.
        where: The file, for errors.
        what: What it should be, such as ``a shard of records``.
        mend: What the user can do.

    Raises:
        InputError: Naming the file and the column.
    """
    for field in found:
        if not _in_utf8(field):
            msg = f"{where}: not {what}: column {field.name}: {NOT_TEXT}; {mend}"
            raise InputError(msg)
    for field in expected:
        place = found.get_all_field_indices(field.name)
        has = "no such column" if not place else "more than one" if len(place) > 1 else found.field(place[0]).type
        if has != field.type and _plain(has) != _plain(field.type):
            msg = (
                f"{where}: not {what}: column {field.name}: expected {shortened(str(field.type))}, "
                f"found {shortened(str(has))}; {mend}"
            )
            raise InputError(msg)


def _in_utf8(field: pa.Field) -> bool:
    """Whether the name and metadata of a column, and of what is in it, are text; Polars panics where they are not."""
    try:
        str(field.name)  # decoded when it is looked at
        for key, value in (field.metadata or {}).items():
            key.decode(), value.decode()
    except UnicodeDecodeError:
        return False
    return all(_in_utf8(field.type.field(number)) for number in range(field.type.num_fields))


def _plain(kind: pa.DataType | str) -> str:
    """A type in words, without what says only how a library lays it out in memory, or calls the items of a list."""
    return _LISTED.sub("list<item:", _LAYOUT.sub("", str(kind)))


def schema_of(path: Path, what: str, mend: str = MEND) -> pa.Schema:
    """The schema of a Parquet file.

    Raises:
        InputError: It cannot be read.
    """
    with reading(path, what=what, mend=mend):
        return pq.read_schema(path)


@contextmanager
def reading(*files: Path, what: str, mend: str = MEND) -> Iterator[None]:
    """Name the damaged one of the files that are read meanwhile.

    Args:
        files: What is read.
        what: What they should be.
        mend: What the user can do.

    Raises:
        InputError: One of the files is missing or damaged.
    """
    try:
        yield
    except DAMAGED as error:
        for path in files:
            why = unreadable(path)
            if why is not None:
                msg = f"{path}: {why}; expected {what}; {mend}"
                raise InputError(msg) from error
        raise


def unreadable(path: Path) -> str | None:
    """Why nothing can read a Parquet file whole; None where it can be read."""
    if not path.is_file():
        return "it is not a file" if path.exists() else "it is not there"
    try:
        with pq.ParquetFile(path) as file:
            if not all(map(_in_utf8, file.schema_arrow)):
                return NOT_TEXT
            for batch in file.iter_batches(use_threads=False):
                batch.validate(full=True)
                pl.DataFrame(batch.slice(0, 1))
        pl.scan_parquet(path, glob=False).select(pl.all().len()).collect(engine="streaming")
    except DAMAGED as error:
        return f"cannot be read: {shortened(one_line(error))}"
    return None
