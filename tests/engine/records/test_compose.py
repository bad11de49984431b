from __future__ import annotations

import pyarrow as pa

from glotmill.engine.records.composed_rows import COMPOSED_SCHEMA, TURN_SCHEMA, ComposedRows, together


def part(records: int, *rows: int) -> ComposedRows:
    return ComposedRows(
        pa.Table.from_pylist([{"lang": "deu_Latn"}] * records, schema=COMPOSED_SCHEMA),
        pa.Table.from_pylist([{"row": row, "turn": 1} for row in rows], schema=TURN_SCHEMA),
    )


def test_turns_of_later_parts_belong_to_the_records_of_those_parts():
    whole = together([part(3, 0, 2), part(1), part(2, 0, 1, 1)])
    assert whole.records.num_rows == 6
    assert whole.turns["row"].to_pylist() == [0, 2, 4, 5, 5]
    assert whole.turns.schema == TURN_SCHEMA
