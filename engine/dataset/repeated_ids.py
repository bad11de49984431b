"""Record ids that occur more than once in a dataset, found with eight bytes a row in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import polars as pl


def read_ids(path: Path) -> pl.Series:
    """The record ids of a Parquet file, in order."""
    return pl.read_parquet(path, columns=["record_id"], glob=False)["record_id"]


def repeated_ids(hashes: Mapping[str, pl.Series], read: Callable[[str], pl.Series]) -> Iterator[tuple[str, str]]:
    """Find repeated record ids.

    Args:
        hashes: Hashes (UInt64) of the ids of each shard, by the shard's path.
        read: The ids of a shard themselves; called only where two hashes are equal.

    Yields:
        (path of a shard, what is wrong in words).
    """
    everything = pl.concat([pl.Series("id", [], dtype=pl.UInt64), *hashes.values()])
    equal = everything.filter(everything.is_duplicated()).unique()
    if not equal.len():
        return
    seen: dict[str, str] = {}
    for path, own in hashes.items():
        if not own.is_in(equal.implode()).any():
            continue
        ids = read(path)
        repeated: dict[str, str] = {}
        for record_id in ids.filter(ids.hash().is_in(equal.implode())):
            if record_id in seen:
                repeated.setdefault(record_id, seen[record_id])
            seen.setdefault(record_id, path)
        for record_id, other in list(repeated.items())[:1]:
            yield path, f"{len(repeated):,} record ids occur more than once, such as {record_id} in {other}"
