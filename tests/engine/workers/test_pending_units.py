"""The line of units that wait for a worker."""

from __future__ import annotations

import pyarrow as pa

from glotmill.engine.workers.pending_units import PendingUnits
from glotmill.engine.workers.units import Unit


def test_units_that_came_back_go_first_and_the_line_is_read_no_further_than_asked():
    read = []

    def units():
        for number in range(5):
            read.append(number)
            yield Unit(number, pa.table({"text": ["a"]}))

    line = PendingUnits(units())
    assert line.has(2)
    assert read == [0, 1]
    first = line.next()
    assert first is not None
    line.back(first)
    assert line.has(5)
    assert not line.has(6)
    assert [case.unit.number for case in iter(line.next, None)] == [0, 1, 2, 3, 4]
    assert not line.has(1)
