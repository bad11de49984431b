"""Assignment: gives every sample file its languages and splits, and records them for the builds to come.

Guarantees: a sample that says what it said in the build before keeps the revision at which it entered, so that rows
added to a source's file change no record of the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import orjson
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from glotmill.engine.samples.language_mix import HELD_ROWS, Assignment, MixCount, MixRule, assign_source
from glotmill.engine.samples.mix_rows import RowLanguages, mix_rows
from glotmill.engine.samples.picture_names import names_of_pictures
from glotmill.engine.samples.sample_files import read_columns, recorded_files, replace_columns, sample_tables
from glotmill.engine.samples.splits import SPLIT_ROWS, all_train, assign_splits
from glotmill.engine.samples.splits import identity as splits_identity
from glotmill.engine.storage.atomic_write import write_json
from glotmill.recipes.sections.mix import Splits
from glotmill.schemas.errors import InputError, one_line
from glotmill.schemas.sample import SAMPLE_SCHEMA

RECORD = "mix.json"
LISTED = 5  # languages that a line names
PICTURES = ("image_refs", "image_keys")
_RECORDED = ("split", "source_hash", "source", *PICTURES)
HELD_COLUMNS = {
    **HELD_ROWS,
    **pl.DataFrame(pa.schema([SAMPLE_SCHEMA.field(name) for name in _RECORDED]).empty_table()).schema,
}


@dataclass(frozen=True, slots=True)
class MixSummary:
    """What was given out.

    Attributes:
        mode: The mix's mode.
        sources: Targets and rows by source.
        splits: Samples by split.
    """

    mode: str
    sources: dict[str, MixCount]
    splits: dict[str, int]

    @property
    def moved(self) -> int:
        """Samples that lost a language which they had in the build before."""
        return sum(count.moved for count in self.sources.values())

    @property
    def unassigned(self) -> int:
        """Samples in no language."""
        return sum(count.unassigned for count in self.sources.values())

    @property
    def notes(self) -> list[str]:
        """A line for each source that cannot meet its targets, or is over its quotas, and why."""
        found = []
        for name, count in self.sources.items():
            if count.short:
                what = f"{name} is {_rows(count.short)} short of its targets, as too few rows may go into"
                found.append(f"{what} {_languages(count.short, count)}")
            if count.beyond:
                what = f"{name} is {_rows(count.beyond)} over its quotas in"
                why = "an earlier build put the rows there, and as long as the mix is the same no row moves"
                found.append(f"{what} {_languages(count.beyond, count)}: {why}; another mix.seed shares all out again")
        return found

    def targets(self) -> dict[str, int]:
        """Rows that each language should have, over all sources."""
        total: dict[str, int] = {}
        for count in self.sources.values():
            for code, rows in count.target.items():
                total[code] = total.get(code, 0) + rows
        return total


def _rows(found: dict[str, int]) -> str:
    total = sum(found.values())
    return f"{total:,} row{'s' if total > 1 else ''}"


def _languages(off: dict[str, int], count: MixCount) -> str:
    """The languages that are furthest off, with their rows and targets."""
    worst = sorted(off, key=lambda code: -off[code])
    listed = [f"{code} ({count.rows[code]:,} of {count.target[code]:,})" for code in worst[:LISTED]]
    more = len(worst) - LISTED
    if more > 0:
        listed.append(f"{more:,} more languages (--json lists them)")
    return ", ".join(listed)


@dataclass(frozen=True, slots=True)
class Held:
    """The record of the build before: its samples' languages, splits and pictures, and what they were decided by.

    ``quotas`` is None in records that do not have it yet.
    """

    rows: pl.DataFrame
    mix: str | None
    quotas: str | None
    splits: str | None

    def is_of(self, rule: MixRule) -> bool:
        """Whether languages were decided by this very mix."""
        return self.mix == rule.identity() and self.quotas in (None, rule.quota_identity())


def read_held(folder: Path, splits: Splits, *, published: bool) -> Held | None:
    """The record in a build's ``samples`` folder; None where there is none.

    Args:
        folder: The folder.
        splits: What is held out in the build to come.
        published: Whether there is a dataset, whose rows stay in their splits.

    Raises:
        InputError: There is one, and it is not readable.
    """
    files = recorded_files(folder)
    if not files:
        return None
    frames = []
    path = folder / RECORD
    try:
        record = orjson.loads(path.read_bytes()) if path.is_file() else {}
        decided_by = [record.get(key) for key in ("mix", "quotas", "splits")]
        for path in files:
            frames.append(_held_rows(path, splits, published=published))
        # A sample that is there twice had one assignment, the first, as everywhere.
        return Held(pl.concat(frames).unique("source_id", keep="first", maintain_order=True), *decided_by)
    except (OSError, ValueError, AttributeError, pl.exceptions.PolarsError) as error:
        msg = (
            f"{path}: not the record that a build wrote of its samples ({one_line(error)}); put the file back, or "
            f"remove {folder} and lay out all shards again with build --compact, which decides all of it again"
        )
        raise InputError(msg) from None


def _held_rows(path: Path, splits: Splits, *, published: bool) -> pl.DataFrame:
    """What counts of a sample file of the build before, which may be older than the keys of pictures."""
    scan = pl.scan_parquet(path, glob=False, missing_columns="insert", schema=HELD_COLUMNS, extra_columns="ignore")
    stays = pl.col("langs").list.len() > 0 if published else pl.lit(value=False)
    revision = pl.col("source").struct.field("revision")
    columns = (*HELD_ROWS, "split", "source_hash", *_pictures_of(splits))
    return _with_pictures(scan.select(*columns, revision=revision, stays=stays).collect())


def _pictures_of(splits: Splits) -> tuple[str, ...]:
    """The columns that say what pictures a sample has, where splits ask for it."""
    return PICTURES if splits.shares else ()


def _with_pictures(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with the names of their pictures, in place of the columns that say them."""
    known = set(PICTURES) <= set(rows.columns)
    names = names_of_pictures(rows) if known else pl.repeat(None, rows.height, dtype=pl.List(pl.String), eager=True)
    return rows.drop(PICTURES, strict=False).with_columns(pictures=names)


def assign_samples(
    files: Sequence[Path], rule: MixRule, splits: Splits, held: Held | None, *, record: Path
) -> MixSummary:
    """Write ``langs`` and ``split`` into the sample files, and ``mix.json`` beside them.

    Args:
        files: All sample files of the build.
        rule: The mix.
        splits: What is held out.
        held: The record of the build before.
        record: The folder of the samples.
    """
    given, split = decide(files, rule, splits, held)
    replace_columns(files, _Decided(given, split))
    found = summarise(rule, given, split)
    decided_by = {"mix": rule.identity(), "quotas": rule.quota_identity(), "splits": splits_identity(splits)}
    write_json(record / RECORD, {**decided_by, "sources": given.as_json()})
    return found


def keep_revisions(files: Sequence[Path], held: Held | None) -> None:
    """Give each sample that is as the build before recorded it the revision at which it entered.

    Args:
        files: All sample files, finished.
        held: The record of the build before.
    """
    if held is None:
        return
    rows = read_columns(files, "source_id", "source_hash", "source")
    same = held.rows.select("source_id", "source_hash", "revision").unique("source_id")
    entered = rows.join(same, on=["source_id", "source_hash"], how="left", maintain_order="left")
    revision = pl.coalesce("revision", pl.col("source").struct.field("revision"))
    replace_columns(files, entered.select(pl.col("source").struct.with_fields(revision.alias("revision"))))


def decide(files: Sequence[Path], rule: MixRule, splits: Splits, held: Held | None) -> tuple[Assignment, pl.Series]:
    """The languages and the split of every sample of the files, in order; nothing is written."""
    before = held.rows if held else None
    same_mix = held is not None and held.is_of(rule)
    languages, counts = [], {}
    for path in files:
        tables = map(pl.DataFrame, sample_tables([path], ["source_id", "task", "only"]))
        rows = mix_rows(tables, rule.mix.seed, rule.mix.exclude, partial(_ids, path))
        mine = None if before is None else before.select("source_id", "langs")
        given, counts[path.stem] = assign_source(path.stem, rows, rule, mine, same_mix=same_mix)
        languages.append(given)
    return Assignment(RowLanguages.together(languages), counts), _splits_of(files, splits, held)


def _ids(path: Path) -> pl.Series:
    return pl.read_parquet(path, columns=["source_id"], glob=False)["source_id"]


def _splits_of(files: Sequence[Path], splits: Splits, held: Held | None) -> pl.Series:
    if not splits.shares:
        return all_train(sum(pq.read_metadata(path).num_rows for path in files))
    parent = pl.col("derived_from").list.first().alias("parent")
    rows = _with_pictures(read_columns(files, "source_id", parent, *PICTURES))
    same_splits = held is not None and held.splits == splits_identity(splits)
    return assign_splits(rows.select(SPLIT_ROWS.keys()), splits, held.rows if held and same_splits else None)


class _Decided:
    """What was decided, as columns that are made a portion at a time: lists of all samples would take much memory."""

    columns: ClassVar[list[str]] = ["langs", "split"]

    def __init__(self, given: Assignment, split: pl.Series) -> None:
        self.height = len(split)
        self._given = given
        self._split = split

    def slice(self, offset: int, length: int, /) -> pl.DataFrame:
        """Those of some samples."""
        langs = self._given.languages.slice(offset, length)
        return pl.DataFrame({"langs": langs, "split": self._split.slice(offset, length).cast(pl.String)})


def summarise(rule: MixRule, given: Assignment, split: pl.Series) -> MixSummary:
    """The counts of an assignment."""
    splits: dict[str, Any] = dict(split.value_counts(sort=True).iter_rows())
    return MixSummary(rule.mix.mode, given.counts, splits)
