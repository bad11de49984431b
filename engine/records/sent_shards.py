"""Shards made by a machine that has none of the build's files: their samples are sent there, their files come back.

Guarantees: the files that come back are those that `glotmill.engine.records.build_shards.build_group` writes here; the
memory's entries come by reference.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
import pyarrow as pa

from glotmill.engine.records.build_shards import BuiltShard, ShardWork, build_group
from glotmill.engine.records.layout import CHUNK_ROWS, Samples
from glotmill.engine.records.windows import Piece
from glotmill.engine.storage.atomic_write import write_bytes
from glotmill.engine.workers.stage_tasks import Steps

Group = tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class SentSamples:
    """Some samples of a build.

    Attributes:
        places: Where they stand among all samples, in order.
        rows: The samples.
    """

    places: pl.Series
    rows: pa.Table

    @classmethod
    def of(cls, samples: Samples, group: Group) -> SentSamples:
        """The samples of a group."""
        places = pl.concat([piece.places for piece in group]).unique().sort()
        return cls(places, pa.concat_tables(samples.tables(places)))

    def tables(self, places: pl.Series) -> Iterator[pa.Table]:
        """The samples at some places, as `glotmill.engine.records.layout.SampleRows.tables` gives them."""
        rows = np.searchsorted(self.places.to_numpy(), places.to_numpy())
        for start in range(0, len(rows), CHUNK_ROWS):
            yield self.rows.take(pa.array(rows[start : start + CHUNK_ROWS])).combine_chunks()


@dataclass(frozen=True, slots=True)
class SentShards:
    """What comes back.

    Attributes:
        built: The shards that are whole.
        shards: Their files by their place in the dataset.
        parts: Files of parts by their place among the parts.
    """

    built: list[BuiltShard]
    shards: dict[str, bytes]
    parts: dict[str, bytes]


def is_new(group: Group) -> bool:
    """Whether a group needs nothing of the dataset that is published."""
    return all(piece.plan.old is None and piece.records for piece in group)


def read_samples(work: ShardWork, group: Group) -> SentSamples:
    """What a group is made from, beside the memory's entries."""
    return SentSamples.of(work.packer.samples, group)


def build_elsewhere(work: ShardWork, group: Group, samples: SentSamples) -> SentShards:
    """Make a group's shards, or a part of one, in a folder of this machine that is removed."""
    with TemporaryDirectory(prefix="glotmill-") as name:
        shards, parts = Path(name) / "shards", Path(name) / "parts"
        packer = replace(work.packer, root=shards, parts=parts, samples=samples)
        built = build_group(replace(work, packer=packer), group)
        return SentShards(built, _files(shards), _files(parts))


def keep_files(work: ShardWork, group: Group, sent: SentShards) -> list[BuiltShard]:  # noqa: ARG001  it is the sent one
    """Write what came back into the staging folder."""
    for root, files in ((work.packer.root, sent.shards), (work.packer.parts, sent.parts)):
        for name, data in files.items():
            write_bytes(root / name, data)
    return sent.built


def _files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


BUILD_GROUP = Steps(build_group, is_new, read_samples, build_elsewhere, keep_files)
