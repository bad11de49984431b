"""The translation memory: every translation ever committed, by content key, shared by all builds.

Guarantees: files are numbered and only ever added, each put under a number that was free, so builds that share
a memory never overwrite each other; a committed entry is never asked again. Of several entries of one key the
winner is the same for every reader and for ever: corrections by people, then texts before failures, then the
lowest file number. A build composes from what it reads back, never from what it just made.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pyarrow as pa

from engine.store.files import write_table_if_absent
from schemas.errors import StoreError

MEMORY_SCHEMA = pa.schema(
    [
        pa.field("key", pa.string()),  # schemas.keys.memory_keys
        pa.field("translator", pa.string()),  # fingerprint
        pa.field("source_lang", pa.string()),
        pa.field("target_lang", pa.string()),
        pa.field("request", pa.string()),  # every byte that the engine was shown
        pa.field("text", pa.string()),  # null in a failed entry
        pa.field("failure", pa.string()),  # `failed:<reason>`, null in a text entry
        pa.field("attempt", pa.int32()),  # from 1
        pa.field("settings", pa.string()),  # rung of the retry ladder that gave the result
        pa.field("logprob", pa.float32()),
        pa.field("source_tokens", pa.int32()),
        pa.field("target_tokens", pa.int32()),
        pa.field("hit_limit", pa.bool_()),
        pa.field("origin", pa.string()),  # `machine` or `human`
    ]
)
FAILED = "failed:"
DIGITS = 8


class Memory:
    """A translation memory in a folder. Making one creates nothing."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "translations"

    def files(self) -> list[Path]:
        """The memory's files, lowest number first."""
        return sorted(self.folder.glob("[0-9]*.parquet"))

    def commit(self, entries: pa.Table) -> Path:
        """Add entries as one new file.

        Args:
            entries: A table of `MEMORY_SCHEMA`.

        Raises:
            StoreError: The entries break the schema or contradict themselves.
        """
        _check(entries)
        files = self.files()
        number = int(files[-1].stem) + 1 if files else 1
        while True:
            path = self.folder / f"{number:0{DIGITS}}.parquet"
            if write_table_if_absent(path, entries):
                return path
            number += 1

    def lookup(self, keys: pl.Series) -> pl.DataFrame:
        """The winning entry of each key that the memory has.

        Args:
            keys: Memory keys.

        Returns:
            Rows of `MEMORY_SCHEMA`, one a key found, in no particular order.
        """
        files = self.files()
        if not files:
            return pl.DataFrame(pa.Table.from_pylist([], schema=MEMORY_SCHEMA))
        wanted = pl.LazyFrame({"key": keys.unique()})
        entries = pl.scan_parquet(files, glob=False, include_file_paths="file")
        try:
            found = entries.join(wanted, on="key", how="semi").collect(engine="streaming")
        except (pl.exceptions.PolarsError, OSError) as error:
            broken = ", ".join(str(path) for path in files if not _readable(path)) or str(self.folder)
            reason = " ".join(str(error).split())
            msg = f"cannot read {broken}: {reason}; move it away, and what it held is translated again"
            raise StoreError(msg) from None
        order = [pl.col("origin") != "human", pl.col("failure").is_not_null(), pl.col("file")]
        return found.sort(order, maintain_order=True).unique("key", keep="first").drop("file")


def _readable(path: Path) -> bool:
    try:
        pl.read_parquet_schema(path)
    except (pl.exceptions.PolarsError, OSError):
        return False
    return True


def _check(entries: pa.Table) -> None:
    if not entries.schema.equals(MEMORY_SCHEMA):
        msg = f"memory entries have another schema: {entries.schema}"
        raise StoreError(msg)
    frame = pl.DataFrame(entries)
    both = frame.filter(pl.col("text").is_null() == pl.col("failure").is_null())
    empty = frame.filter(pl.col("text").str.strip_chars() == "")
    unnamed = frame.filter(~pl.col("failure").str.starts_with(FAILED))
    for wrong, rule in (
        (both, "is neither text nor failure"),
        (empty, "is empty"),
        (unnamed, "has no reason"),
    ):
        if wrong.height:
            msg = f"memory entry {wrong['key'][0]} {rule}"
            raise StoreError(msg)
