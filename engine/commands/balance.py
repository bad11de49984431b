"""The two balances, checked on the files that are about to be committed.

Guarantees: no commit goes through unless, for each source, rows read = samples + rejected rows, and, for each
language, samples assigned + records withdrawn = records kept + dropped + failed, both counted in the files themselves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from glotmill.engine.dataset.shards import WITHDRAWN, Shard
from glotmill.engine.samples.ingest import REJECTED, SourceCount
from glotmill.engine.samples.sample_files import sample_tables
from glotmill.schemas.errors import ConservationError


def check_sources(samples: Path, counts: Mapping[str, SourceCount]) -> None:
    """The first balance: file rows = samples + rejected.

    Args:
        samples: The staged folder of samples.
        counts: What was read of each source.

    Raises:
        ConservationError: It does not come out.
    """
    rejected = pl.scan_parquet(samples / REJECTED, glob=False).group_by("source").len().collect()
    refused = dict(rejected.iter_rows())
    for name, count in counts.items():
        held = pq.read_metadata(samples / f"{name}.parquet").num_rows
        if count.read != held + refused.get(name, 0):
            msg = f"source {name}: {count.read} rows read, but {held} samples + {refused.get(name, 0)} rejected"
            raise ConservationError(msg)


def check_languages(samples: list[Path], file: Callable[[str], Path], shards: Mapping[str, Sequence[Shard]]) -> None:
    """The second balance: samples assigned + records withdrawn = kept + dropped + failed.

    Args:
        samples: The staged files of samples.
        file: From a shard's path to its file, staged or as it stays.
        shards: The dataset's shards by language.

    Raises:
        ConservationError: It does not come out.
    """
    assigned = count_assigned(samples)
    for lang in assigned.keys() | shards.keys():
        parts = shards.get(lang, ())
        counted = sum(part.kept + sum(part.dropped.values()) + sum(part.failed.values()) for part in parts)
        withdrawn = sum(part.reasons(WITHDRAWN) for part in parts)
        held = _count_rows([file(part.path) for part in parts])
        if not assigned.get(lang, 0) + withdrawn == counted == held:
            msg = (
                f"{lang}: {assigned.get(lang, 0)} samples assigned and {withdrawn} records withdrawn, but {counted} "
                f"records kept, dropped and failed and {held} in its files"
            )
            raise ConservationError(msg)


def _count_rows(shards: list[Path]) -> int:
    """How many rows the footers of some files state."""
    if not shards:
        return 0
    rows = pl.scan_parquet(shards, glob=False, missing_columns="insert", extra_columns="ignore")
    return int(rows.select(pl.len()).collect().item())


def count_assigned(samples: list[Path]) -> dict[str, int]:
    """How many samples of these files are assigned to each language."""
    total: Counter[str] = Counter()
    for table in sample_tables(samples, ["langs"]):
        langs = pl.Series(table.column(0)).explode().drop_nulls()
        total.update(dict(langs.value_counts().iter_rows()))
    return dict(total)
