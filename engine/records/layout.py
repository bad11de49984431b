"""Layout: which record stands where. Decided once, when a record first enters, and kept for as long as its shard.

Guarantees: a published shard keeps its rows and their order: a sample that changed is composed again in its place, one
that is gone leaves its record behind as withdrawn, and new samples go into new shards, in the order of the samples.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from glotmill.engine.dataset.shards import SPLITS, Shard
from glotmill.engine.samples.sample_files import sample_tables
from glotmill.engine.storage.readable import reading
from glotmill.schemas.errors import InputError
from glotmill.schemas.sample import SAMPLE_SCHEMA

DECIDED = ("langs", "split", "only")  # columns of a sample that are in no record
CHUNK_ROWS = 10_000  # samples that are composed at a time; the digest of a shard's entries depends on it
SMALL_ROWS = 40  # of a shard that is composed row by row; columns are sooner composed by themselves
IDENTITY = ["source_id", "task"]
INDEX_SCHEMA = pa.schema(
    [
        pa.field("place", pa.uint32()),
        pa.field("source_id", pa.string()),
        pa.field("task", pa.string()),
        pa.field("langs", pa.list_(pa.string())),
        pa.field("split", pa.string()),
        pa.field("source_hash", pa.string()),
        pa.field("digest", pa.string()),
    ]
)
STANDING = [name for name in INDEX_SCHEMA.names if name not in ("langs", "source_hash")]  # all that a new record needs


@dataclass(frozen=True, slots=True)
class ShardPlan:
    """A shard that is, or is to be.

    Attributes:
        path: Its place in the dataset.
        places: Where the sample of each record stands; null where it is withdrawn.
        digest: Digest of its samples, in order.
        old: The shard as it is published; None for a new one.
        changed: Records of a published shard whose sample says something else now.
    """

    path: str
    places: pl.Series
    digest: str
    old: Shard | None
    changed: int = 0

    @property
    def present(self) -> pl.Series:
        """The places of its samples, in order."""
        return self.places.drop_nulls() if self.places.null_count() else self.places

    @property
    def small(self) -> bool:
        """Whether shards like it are composed together, as each by itself would take longer than its records do."""
        return 0 < len(self.present) <= min(SMALL_ROWS, CHUNK_ROWS)

    @property
    def withdrawn(self) -> int:
        """Records without a sample."""
        return self.places.null_count()


class Samples(Protocol):
    """The samples of a build, or some of them."""

    def tables(self, places: pl.Series) -> Iterator[pa.Table]:
        """The samples at some places, in the order of these, `CHUNK_ROWS` at a time."""


class SampleRows:
    """The rows of all samples by their places, read from their files.

    Args:
        files: All sample files of a build.
    """

    def __init__(self, files: Sequence[Path]) -> None:
        self._files = list(files)
        self._groups: list[tuple[Path, int]] = []
        self._footers: dict[Path, pq.FileMetaData] = {}
        starts = [0]
        for path in files:
            meta = self._footer(path)
            for group in range(meta.num_row_groups):
                self._groups.append((path, group))
                starts.append(starts[-1] + meta.row_group(group).num_rows)
        self._bounds = np.array(starts[:-1], dtype=np.int64)  # first place of each row group
        self._held: tuple[int, pa.Table] | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_held": None, "_footers": {}}

    def groups(self) -> Iterator[pa.Table]:
        """All row groups, in order."""
        return sample_tables(self._files)

    def tables(self, places: pl.Series) -> Iterator[pa.Table]:
        """The samples at some places, in the order of these, `CHUNK_ROWS` at a time."""
        wanted = places.to_numpy()
        for start in range(0, len(wanted), CHUNK_ROWS):
            chunk = wanted[start : start + CHUNK_ROWS]
            group = np.searchsorted(self._bounds, chunk, side="right") - 1
            order = np.argsort(group, kind="stable")
            parts = []
            for number in np.unique(group):
                first = self._bounds[number]
                parts.append(self._group(int(number)).take(pa.array(chunk[group == number] - first)))
            table = pa.concat_tables(parts)
            yield table if len(parts) == 1 else table.take(pa.array(np.argsort(order)))

    def _group(self, number: int) -> pa.Table:
        held = self._held  # windows read in threads of their own
        if held is None or held[0] != number:
            path, group = self._groups[number]
            held = self._held = number, pq.ParquetFile(path, metadata=self._footer(path)).read_row_group(group)
        return held[1]

    def _footer(self, path: Path) -> pq.FileMetaData:
        """A file's footer, read once: it grows with the file, and so does the time to read it."""
        if path not in self._footers:
            self._footers[path] = pq.read_metadata(path)
        return self._footers[path]


class SampleIndex:
    """Where every sample stands, and a digest of what it says: a file, of which a language is read at a time.

    Args:
        files: All sample files of a build.
        place: Where the index is written.

    Attributes:
        rows: Reads the samples.
    """

    def __init__(self, files: Sequence[Path], place: Path) -> None:
        self.rows = SampleRows(files)
        self._place = place
        first = 0
        place.parent.mkdir(parents=True, exist_ok=True)
        with pq.ParquetWriter(place, INDEX_SCHEMA, compression="zstd", compression_level=1) as writer:
            for table in self.rows.groups():
                found = _indexed(pl.DataFrame(table)).with_row_index("place", first)
                writer.write_table(found.select(INDEX_SCHEMA.names).to_arrow().cast(INDEX_SCHEMA))
                first += found.height

    def of_language(self, lang: str, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        """Columns of `INDEX_SCHEMA` of a language's samples, in order, a few thousand at a time."""
        yield pl.DataFrame(INDEX_SCHEMA.empty_table()).select(columns)
        for table in sample_tables([self._place], [*columns, "langs"]):
            yield pl.DataFrame(table).filter(pl.col("langs").list.contains(lang)).select(columns)


def _indexed(rows: pl.DataFrame) -> pl.DataFrame:
    content = [name for name in SAMPLE_SCHEMA.names if name not in DECIDED]
    texts = rows.select(pl.struct(content).struct.json_encode()).to_series()
    digests = [hashlib.sha256(text.encode()).hexdigest()[:16] for text in texts]
    return rows.with_columns(digest=pl.Series(digests, dtype=pl.String))


def lay_out(index: SampleIndex, lang: str, old: Sequence[Shard], dataset: Path, shard_rows: int) -> list[ShardPlan]:
    """The shards of one language, published ones first, by split.

    Args:
        index: The samples.
        lang: The language.
        old: Its published shards.
        dataset: The folder they lie in.
        shard_rows: Rows of a new shard.

    Raises:
        InputError: A published record would move into another split.
    """
    if not old:
        return _in_order(_new_shards(lang, index.of_language(lang, STANDING), {}, shard_rows))
    samples = pl.concat(index.of_language(lang, [*STANDING, "source_hash"]))
    plans: list[ShardPlan] = []
    placed: list[pl.DataFrame] = []
    for shard in old:
        own = _published(samples, lang, shard, dataset)
        changed = own.filter(pl.col("source_hash") != pl.col("source_hash_now")).height
        plans.append(_plan(shard.path, own, shard, changed))
        placed.append(own.select(IDENTITY))
    new = samples.join(pl.concat(placed), on=IDENTITY, how="anti", maintain_order="left")
    return _in_order([*plans, *_new_shards(lang, [new], Counter(shard.split for shard in old), shard_rows)])


def _in_order(plans: Iterable[ShardPlan]) -> list[ShardPlan]:
    return sorted(plans, key=lambda plan: (SPLITS.index(_split(plan.path)), plan.path))


def _new_shards(
    lang: str, samples: Iterable[pl.DataFrame], first: Mapping[str, int], shard_rows: int
) -> Iterator[ShardPlan]:
    """The new shards of a language, whose samples come a portion at a time: their ids would take much memory."""
    numbers = Counter(first)
    growing = {split: _Growing() for split in SPLITS}
    for table in samples:
        for split in SPLITS:
            rows = table.filter(pl.col("split") == split)
            while rows.height:
                taken = rows.head(shard_rows - growing[split].rows)
                growing[split].add(taken)
                rows = rows.slice(taken.height)
                if growing[split].rows == shard_rows:
                    yield growing[split].plan(f"data/{lang}/{split}-{numbers[split]:05}.parquet")
                    numbers[split] += 1
                    growing[split] = _Growing()
    for split, rest in growing.items():
        if rest.rows:
            yield rest.plan(f"data/{lang}/{split}-{numbers[split]:05}.parquet")


def check_splits(index: SampleIndex, published: Mapping[str, Sequence[Shard]], dataset: Path) -> None:
    """Find out, before anything is translated, that `lay_out` would refuse.

    Args:
        index: The samples.
        published: Published shards by language.
        dataset: The folder they lie in.

    Raises:
        InputError: A published record would move into another split.
    """
    for lang, shards in published.items():
        samples = pl.concat(index.of_language(lang, [*STANDING, "source_hash"]))
        for shard in shards:
            _published(samples, lang, shard, dataset)


def _published(samples: pl.DataFrame, lang: str, shard: Shard, dataset: Path) -> pl.DataFrame:
    """The records of a published shard beside their samples of today, which may be gone."""
    with reading(dataset / shard.path, what="a shard of the dataset's records"):
        rows = pl.read_parquet(dataset / shard.path, columns=[*IDENTITY, "source_hash"], glob=False)
    own = rows.join(samples, on=IDENTITY, how="left", maintain_order="left", suffix="_now")
    moved = own.filter(pl.col("split") != shard.split).height
    if moved:
        msg = (
            f"splits: {moved:,} published rows of {lang} would leave the split {shard.split}; published rows stay "
            f"where they are: keep the splits, or lay out all shards again with build --compact"
        )
        raise InputError(msg)
    return own


class _Growing:
    """A shard whose samples come one portion after the other."""

    def __init__(self) -> None:
        self.rows = 0
        self._places: list[pl.Series] = []
        self._state = hashlib.sha256()

    def add(self, samples: pl.DataFrame) -> None:
        """Its next samples: columns place, source_id, task and digest, null where a sample is gone."""
        self.rows += samples.height
        self._places.append(samples["place"])
        line = pl.format("{} {} {}\n", *IDENTITY, pl.col("digest").fill_null("None"))
        self._state.update("".join(samples.select(line).to_series()).encode())

    def plan(self, path: str, old: Shard | None = None, changed: int = 0) -> ShardPlan:
        """What it is."""
        return ShardPlan(path, pl.concat(self._places, rechunk=True), self._state.hexdigest()[:32], old, changed)


def _plan(path: str, rows: pl.DataFrame, old: Shard, changed: int) -> ShardPlan:
    whole = _Growing()
    whole.add(rows)
    return whole.plan(path, old, changed)


def _split(path: str) -> str:
    return Path(path).name.rpartition("-")[0]
