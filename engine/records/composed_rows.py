"""What composing makes: records without scores and verdict, and the pairs that scorers judge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from glotmill.filters.contract import PAIR_SCHEMA
from glotmill.schemas.record import HEAD_FIELDS, TARGET_FIELDS

FAILURE = pa.field("failure", pa.string())
COMPOSED_SCHEMA = pa.schema([*HEAD_FIELDS, *TARGET_FIELDS, FAILURE])
TURN_SCHEMA = pa.schema([pa.field("row", pa.int64()), pa.field("turn", pa.int32()), *PAIR_SCHEMA])
# Columns that a record takes from its sample as they are.
UNCHANGED = [field.name for field in HEAD_FIELDS if field.name not in ("record_id", "lang", "lang_bcp47")]


@dataclass(frozen=True, slots=True)
class ComposedRows:
    """Records without scores and verdict.

    Attributes:
        records: A table of `COMPOSED_SCHEMA`; ``failure`` is the reason of a failed row.
        turns: A table of `TURN_SCHEMA`: the translated turns by row position.
    """

    records: pa.Table
    turns: pa.Table

    def apart(self, heights: Sequence[int]) -> list[Self]:
        """The rows as parts of so many records each, in order; `together` puts them together again."""
        starts = np.cumsum([0, *heights])
        rows = self.turns["row"].to_numpy()
        cuts = np.searchsorted(rows, starts).tolist()
        found = []
        for start, height, first, end in zip(starts.tolist(), heights, cuts, cuts[1:], strict=False):
            row = pa.array(rows[first:end] - start)
            turns = self.turns.slice(first, end - first).set_column(0, TURN_SCHEMA.field("row"), row)
            found.append(type(self)(self.records.slice(start, height), turns))
        return found


NOTHING = ComposedRows(COMPOSED_SCHEMA.empty_table(), TURN_SCHEMA.empty_table())


def together(parts: Sequence[ComposedRows]) -> ComposedRows:
    """Parts of a shard, or several shards, as one."""
    if len(parts) == 1:
        return parts[0]
    offsets = np.cumsum([0, *(part.records.num_rows for part in parts)])
    turns = [
        part.turns.set_column(0, TURN_SCHEMA.field("row"), pc.add(part.turns["row"], int(offset)))
        for part, offset in zip(parts, offsets[:-1], strict=True)
    ]
    return ComposedRows(pa.concat_tables([part.records for part in parts]), pa.concat_tables(turns))


def merged(one: ComposedRows, other: ComposedRows, rows: np.ndarray[tuple[int], np.dtype[np.int64]]) -> ComposedRows:
    """Two parts as one, in the order of the rows that they are made from.

    Args:
        one: A part.
        other: The rest.
        rows: Where the records of both stand, those of the first before those of the second.
    """
    both = together([one, other])
    order = pa.array(np.argsort(rows))
    place = pa.array(rows[both.turns["row"].to_numpy()])
    turns = both.turns.set_column(0, TURN_SCHEMA.field("row"), place)
    turns = turns.take(pc.sort_indices(turns, [("row", "ascending"), ("turn", "ascending")]))
    return ComposedRows(both.records.take(order).combine_chunks(), turns.combine_chunks())
