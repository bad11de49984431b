"""Derive: rows of other tasks out of the samples of a source, each by the id of the sample it comes from.

Guarantees: a derived row's identity depends on its parent's and on the name of the derivation alone; what it says
belongs to that parent (nothing is joined by position); the parents stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq

from glotmill.engine.samples.sample_files import sample_rows, write_rows
from glotmill.engine.samples.tasks.contract import DerivationContext
from glotmill.engine.samples.tasks.registry import provider_of, task_of
from glotmill.engine.text.answers import LabelTable
from glotmill.recipes.sections.derive import Derivation
from glotmill.schemas.errors import InputError
from glotmill.schemas.keys import ranks


@dataclass(frozen=True, slots=True)
class DeriveCount:
    """What one derivation gave: rows that it looked at, and rows that it made."""

    looked_at: int
    rows: int


def derive_samples(
    folder: Path, derived: Mapping[str, Derivation], languages: tuple[str, ...], labels: LabelTable
) -> dict[str, DeriveCount]:
    """Write ``<name>.parquet`` for each derivation.

    Args:
        folder: The folder of the samples, with those of the sources in it.
        derived: Derivations by name.
        languages: The recipe's languages.
        labels: Names of things.

    Raises:
        InputError: A library is missing, or rows of a plug-in break the contract of a derived task.
    """
    counts = {}
    for name, spec in derived.items():
        files = [folder / f"{source}.parquet" for source in spec.sources]
        making: DerivationContext[Any] = DerivationContext(name, spec, languages, labels)
        if prepare := task_of(spec).prepare:
            making = replace(making, prepared=prepare(files, making))
        made = write_rows(folder / f"{name}.parquet", _chosen(files, making))
        if provider_of(spec):
            _check_ids(folder / f"{name}.parquet", name)
        counts[name] = DeriveCount(sum(pq.read_metadata(file).num_rows for file in files), made)
    return counts


def _chosen(files: list[Path], making: DerivationContext[Any]) -> Iterator[dict[str, Any]]:
    """All rows that can be made, or as many as the recipe says: the first by rank, in the order of their parents."""
    if making.spec.rows is None:
        return _made(files, making)
    ids = pl.Series([row["source_id"] for row in _made(files, making)], dtype=pl.String)
    chosen = set(ids.gather(ranks(making.spec.seed, ids).arg_sort()[: making.spec.rows]))
    return (row for row in _made(files, making) if row["source_id"] in chosen)


def _check_ids(path: Path, name: str) -> None:
    """Refuse rows of a plug-in's task that share an id: records could not be distinguished."""
    ids = pl.read_parquet(path, columns=["source_id"], glob=False)["source_id"]
    if more := len(ids) - ids.n_unique():
        msg = (
            f"derive.{name}: {more} of {len(ids)} rows have another row's id; "
            "its plug-in must give each row of a parent a part of its own"
        )
        raise InputError(msg)


def _made(files: list[Path], making: DerivationContext[Any]) -> Iterator[dict[str, Any]]:
    return task_of(making.spec).make(sample_rows(files), making)
