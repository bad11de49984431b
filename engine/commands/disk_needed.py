"""How much disk a build takes while it works, estimated before it begins.

The figures are those of captions (`python -m benchmarks.windows --samples 1000000`), as multiples of what a sample
takes in its file before compression. They are estimates: other texts and scorers take more or less.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow.parquet as pq

from glotmill.engine.commands.open_windows import open_at_once
from glotmill.engine.records.layout import CHUNK_ROWS, ShardPlan
from glotmill.engine.records.windows import Window
from glotmill.schemas.errors import InputError

DATASET = 0.5  # a record in its shard
PARTS = 2.2  # a record in a part of a shard
LISTS = 2.9  # the requests of a record with their keys, and its translations, while its window is open
UNITS = 0.6  # the same in the lists of units, which stay
MEMORY = 0.3  # the entries and forced scores of a record


@dataclass(frozen=True, slots=True)
class DiskNeed:
    """Bytes, estimated.

    Attributes:
        dataset: The shards that are written; those that they replace lie beside them until the commit.
        parts: Parts of the shards that are not yet whole, of each language one.
        lists: What the run notes of requests and units.
        memory: What the memory grows by.
    """

    dataset: int
    parts: int
    lists: int
    memory: int

    @property
    def total(self) -> int:
        """All of it."""
        return self.dataset + self.parts + self.lists + self.memory

    def as_json(self) -> dict[str, int]:
        """For ``--json``."""
        return {**asdict(self), "total": self.total}

    def line(self) -> str:
        """In words."""
        parts = ", ".join(f"{name} {in_units(size)}" for name, size in asdict(self).items())
        return f"disk: about {in_units(self.total)} while it builds ({parts}); an estimate"


def is_new(plan: ShardPlan) -> bool:
    """Whether a shard is written in any case."""
    return plan.old is None


def disk_needed(
    files: Sequence[Path], windows: Sequence[Window], written: Callable[[ShardPlan], bool] = is_new
) -> DiskNeed:
    """What a build takes beside what is there already, its staged samples included.

    Args:
        files: The samples.
        windows: All windows.
        written: Whether a shard will be written.
    """
    each = _sample_bytes(files)
    plans = {piece.plan.path: (piece.lang, piece.plan) for window in windows for piece in window.pieces}
    records = 0
    largest: dict[str, int] = {}
    for lang, plan in plans.values():
        if written(plan):
            records += len(plan.places)
            if plan.old is None and len(plan.places) > CHUNK_ROWS:
                largest[lang] = max(largest.get(lang, 0), len(plan.places))
    held = sorted((window.records for window in windows), reverse=True)[: open_at_once(windows, 0)]
    lists = LISTS * min(sum(held), records) + UNITS * records
    sizes = DATASET * records, PARTS * sum(largest.values()), lists, MEMORY * records
    return DiskNeed(*(round(size * each) for size in sizes))


def check_disk(need: DiskNeed, folder: Path, memory: Path | None) -> None:
    """Refuse a build that its disk has no room for.

    Args:
        need: What it takes.
        folder: The build's folder.
        memory: The memory's folder; None where it is not on a disk of this machine.

    Raises:
        InputError: The disk has less room.
    """
    shared = memory is not None and _device(memory) == _device(folder)
    total = need.total if shared else need.total - need.memory
    free = shutil.disk_usage(folder).free
    if total > free:
        msg = (
            f"{folder}: the disk has {in_units(free)} free, and the build is estimated to take {in_units(total)} "
            f"while it works; make room, or name a folder on another disk with --out"
        )
        raise InputError(msg)


def in_units(size: float) -> str:
    """Bytes in words."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:,.0f} {unit}"
        size /= 1000
    return f"{size:,.1f} TB"


def _sample_bytes(files: Sequence[Path]) -> float:
    """What a sample takes before compression."""
    rows = size = 0
    for path in files:
        meta = pq.read_metadata(path)
        rows += meta.num_rows
        size += sum(meta.row_group(group).total_byte_size for group in range(meta.num_row_groups))
    return size / max(rows, 1)


def _device(path: Path) -> int:
    """The disk that a path is on, or will be."""
    there = next(place for place in (path.absolute(), *path.absolute().parents) if place.exists())
    return there.stat().st_dev
