"""Rows read from a file of a dataset's records, checked before anything relies on them.

Guarantees: a reader that checks its rows meets no null where a record has none, and no list of another length than its
turns, whoever wrote the file.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pyarrow as pa

from glotmill.engine.storage.readable import MEND
from glotmill.schemas.errors import InputError
from glotmill.schemas.record_rules import broken_rule

RECORDS = "a shard of the dataset's records"


def check_values(rows: pl.DataFrame | pa.Table, path: Path) -> None:
    """Refuse rows of a shard that break a rule of records, as far as their columns tell.

    Raises:
        InputError: Naming the file, the column and the row.
    """
    broken = broken_rule(pl.DataFrame(rows))
    if broken is not None:
        msg = f"{path}: not {RECORDS}: {broken}; {MEND}"
        raise InputError(msg)
