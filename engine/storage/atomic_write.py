"""Writing files so that a kill at any moment leaves the old file or the new one, never half of one."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

# The names of files that are being written (`_aside`).
TEMPORARY = re.compile(r"\..+\.\d+-[0-9a-f]{8}\.tmp")

# Columns of units, memories and scores of which hardly two values are the same.
UNIQUE = frozenset({"key", "request", "text", "translation", "logprob"})
DIGESTS = frozenset({"key"})  # LZ4 leaves them as long as they are
# Those with few different values: a dictionary leaves a few bits a row, and to compress these costs more than they do.
FEW = frozenset(
    {"unit", "batch", "translator", "source_lang", "target_lang", "failure", "attempt", "settings", "source_tokens",
     "target_tokens", "hit_limit", "origin", "scorer", "fingerprint"}
)  # fmt: skip


def sync(path: Path) -> None:
    """Force a file, or the entries of a folder, to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _aside(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A path to write to, aside; what was written there is moved into place when the context ends without an error."""
    aside = _aside(path)
    try:
        yield aside
        sync(aside)
        aside.replace(path)
        sync(path.parent)
    finally:
        aside.unlink(missing_ok=True)


def write_bytes(path: Path, data: bytes) -> None:
    """Write a whole file aside, then move it into place."""
    with whole_file(path) as aside:
        aside.write_bytes(data)


def write_json(path: Path, value: Any) -> None:
    """Write a value as JSON with sorted keys, two spaces and a final line feed."""
    write_bytes(path, json_bytes(value))


def json_bytes(value: Any) -> bytes:
    """The bytes of `write_json`: the same for equal values."""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)


def write_table(path: Path, table: pa.Table) -> None:
    """Write a Parquet file that is not published (zstd), aside and then into place."""
    with whole_file(path) as aside:
        pq.write_table(table, aside, compression=_compression(table.schema), use_dictionary=_repeating(table.schema))


def write_passing_table(path: Path, table: pa.Table, *, row_group_rows: int) -> None:
    """Write a Parquet file that is hardly read again: in half the time of `write_table`, with twice the room."""
    shorter = [name for name in _compression(table.schema) if name not in DIGESTS]
    with whole_file(path) as aside:
        pq.write_table(
            table, aside, compression=dict.fromkeys(shorter, "lz4"), row_group_size=row_group_rows,
            use_dictionary=_repeating(table.schema), write_statistics=False,
        )  # fmt: skip


def put_if_absent(path: Path, data: bytes) -> bool:
    """Write a whole file under a name that nobody has yet.

    Returns:
        False where the name was taken in the meantime; then nothing was written.
    """
    aside = _aside(path)
    try:
        aside.write_bytes(data)
        sync(aside)
        try:
            os.link(aside, path)  # fails where the name exists: put-if-absent
        except FileExistsError:
            return False
        sync(path.parent)
        return True
    finally:
        aside.unlink(missing_ok=True)


def table_bytes(table: pa.Table, *, row_group_rows: int = 1_000_000) -> bytes:
    """A Parquet file that is not published (zstd, with checksums of its pages)."""
    sink = pa.BufferOutputStream()  # of Arrow: a Python file is called for each page
    pq.write_table(
        table, sink, compression=_compression(table.schema), row_group_size=row_group_rows, write_page_checksum=True,
        use_dictionary=_repeating(table.schema),
    )  # fmt: skip
    data: bytes = sink.getvalue().to_pybytes()
    return data


def _repeating(schema: pa.Schema) -> list[str]:
    """The columns whose values repeat. A dictionary of others takes longer to write than they do, and more room."""
    return [field.name for field in schema if field.name not in UNIQUE and not pa.types.is_list(field.type)]


def _compression(schema: pa.Schema) -> dict[str, str]:
    """How the columns are compressed, by their names in the file."""
    return {path: "zstd" for field in schema if field.name not in FEW for path in _paths(field)}


def _paths(field: pa.Field) -> Iterator[str]:
    """The columns that a Parquet file has of a field, by their names in it."""
    if pa.types.is_list(field.type):
        yield from (f"{field.name}.list.{path}" for path in _paths(field.type.value_field.with_name("element")))
    elif pa.types.is_struct(field.type):
        yield from (f"{field.name}.{path}" for part in field.type for path in _paths(part))
    else:
        yield field.name
