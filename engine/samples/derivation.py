"""Derive: rows of other tasks out of the samples of a source, each by the id of the sample it comes from.

Guarantees: a derived row's identity depends on its parent's and on the name of the derivation alone; what it says
belongs to that parent (nothing is joined by position); the parents stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq

from glotmill.engine.samples import tasks
from glotmill.engine.samples.hard_negatives import hard_negatives
from glotmill.engine.samples.sample_files import read_columns, sample_rows, write_rows
from glotmill.engine.samples.tasks import DerivationContext, Maker
from glotmill.engine.text.answers import LabelTable
from glotmill.recipes.sections.derive import Captions, Derived, Matching
from glotmill.schemas.keys import ranks
from glotmill.schemas.sample import IMAGE_MARKER


@dataclass(frozen=True, slots=True)
class DeriveCount:
    """What one derivation gave: rows that it looked at, and rows that it made."""

    looked_at: int
    rows: int


def derive_samples(
    folder: Path, derived: Mapping[str, Derived], languages: tuple[str, ...], labels: LabelTable
) -> dict[str, DeriveCount]:
    """Write ``<name>.parquet`` for each derivation.

    Args:
        folder: The folder of the samples, with those of the sources in it.
        derived: Derivations by name.
        languages: The recipe's languages.
        labels: Names of things.
    """
    counts = {}
    for name, spec in derived.items():
        files = [folder / f"{source}.parquet" for source in spec.sources]
        making = DerivationContext(name, spec, languages, labels)
        if isinstance(spec, Matching):
            making.negatives = hard_negatives(_caption_table(files, name, spec), spec)
        made = write_rows(folder / f"{name}.parquet", _chosen(files, making))
        counts[name] = DeriveCount(sum(pq.read_metadata(file).num_rows for file in files), made)
    return counts


def _chosen(files: list[Path], making: DerivationContext) -> Iterator[dict[str, Any]]:
    """All rows that can be made, or so many as are asked for: the first by rank, in the order of their parents."""
    if making.spec.rows is None:
        return _made(files, making)
    ids = pl.Series([row["source_id"] for row in _made(files, making)], dtype=pl.String)
    chosen = set(ids.gather(ranks(making.spec.seed, ids).arg_sort()[: making.spec.rows]))
    return (row for row in _made(files, making) if row["source_id"] in chosen)


def _made(files: list[Path], making: DerivationContext) -> Iterator[dict[str, Any]]:
    if isinstance(making.spec, Captions):
        return tasks.captions(sample_rows(files), making)
    maker: Maker = tasks.MAKERS[making.spec.kind]
    return (made for row in sample_rows(files) for made in maker(row, making))


def _caption_table(files: list[Path], name: str, spec: Matching) -> pl.DataFrame:
    """The captions of the files, and which of them are to be shown with another image's."""
    content = pl.col("source_messages").list.last().struct.field("content")
    frame = read_columns(
        files,
        "source_id",
        "task",
        content.alias("text"),
        pl.col("image_keys").list.first().alias("image"),
        pl.col("source_messages").list.first().struct.field("content").str.strip_chars().alias("user"),
    ).filter((pl.col("task") == "caption") & pl.col("image").is_not_null() & (pl.col("user") == IMAGE_MARKER))
    negative = [tasks.is_negative(name, spec.seed, spec.negative_share, source_id) for source_id in frame["source_id"]]
    return frame.select("source_id", "image", "text", negative=pl.Series(negative, dtype=pl.Boolean))
