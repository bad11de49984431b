"""Merging the many small files of a store into few large ones, as `commit_log` promises it.

Safe while builds read and write, and at any kill: a merged file counts from the moment it is there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import polars as pl

from glotmill.engine.memory.commit_log import COMPACTED, NumberedFiles
from glotmill.engine.memory.numbered_file import FILE, NumberedFile
from glotmill.engine.storage.atomic_write import table_bytes

COMPACT_ROWS = 1_000_000
ROW_GROUP_ROWS = 100_000


def compact(
    files: NumberedFiles, winners: Callable[[pl.LazyFrame], pl.LazyFrame], order: list[str]
) -> Iterator[NumberedFile]:
    """Merge neighbouring files into files of about `COMPACT_ROWS` rows.

    Args:
        files: The store's.
        winners: Keeps the winning rows of the merged files.
        order: Columns to sort by, those first that look-ups select on.

    Yields:
        Each new file, when those that it replaces are gone.

    Raises:
        StoreError: Another compaction is at work, or a file cannot be read.
    """
    for file in files.covered():  # left by a kill, or by a writer that came too late
        files.folder.delete(file.name)
    for group in _groups(files):
        merged = NumberedFile(group[0].first, group[-1].last)
        rows = files.read_whole(group, lambda rows: winners(rows).sort(order).drop(FILE))
        table = files.as_written(rows.to_arrow())
        files.folder.child(COMPACTED).put_if_absent(merged.name, b"")
        files.folder.put_if_absent(merged.name, table_bytes(table, row_group_rows=ROW_GROUP_ROWS))
        for file in group:
            files.folder.delete(file.name)
        yield merged


def _groups(files: NumberedFiles) -> list[list[NumberedFile]]:
    """Neighbours to merge: at least two, until they hold enough rows."""
    groups: list[list[NumberedFile]] = []
    group: list[NumberedFile] = []
    held = 0
    for file in files.live():
        rows = files.read_whole([file], lambda scanned: scanned.select(pl.len())).item()
        if rows >= COMPACT_ROWS:
            groups.append(group)
            group, held = [], 0
            continue
        group.append(file)
        held += rows
        if held >= COMPACT_ROWS:
            groups.append(group)
            group, held = [], 0
    return [group for group in [*groups, group] if len(group) > 1]
