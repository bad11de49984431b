from __future__ import annotations

import pyarrow as pa
import pytest

from glotmill.filters.contract import PAIR_SCHEMA
from glotmill.filters.scorers.structure import StructureScorer


def scored(source: str, target: str) -> dict:
    columns = StructureScorer().score(pa.Table.from_pylist([{"source": source, "target": target}], schema=PAIR_SCHEMA))
    return {name: values[0].as_py() for name, values in columns.items()}


@pytest.mark.parametrize(
    ("source", "target", "count"),
    [
        ("See https://a.org/x now", "Siehe https://a.org/x jetzt", 0), ("See https://a.org/x", "Siehe dort", 1),
        ("Mail a@b.org", "Mail an c@d.org", 2), ("<b>dog</b>", "<b>Hund</b>", 0), ("<b>dog</b>", "Hund", 2),
        ("at [0.1, 0.25]", "bei [0.1, 0.52]", 2), ("{name} runs", "{Name} rennt", 2), ("`x = 1` is code", "Code", 1),
        ("a < b and c > d", "a < b und c > d", 0),
    ],
)  # fmt: skip
def test_what_must_be_carried_over_is_counted_where_it_differs(source: str, target: str, count: int):
    assert scored(source, target)["verbatim"] == count


def test_lines_and_list_items_are_counted():
    source, target = "# Dogs\n- one\n- two", "# Hunde\n- eins und zwei"
    assert (scored(source, target)["lines"], scored(source, target)["items"]) == (1, 1)
    assert (scored(source, source)["lines"], scored(source, source)["items"]) == (0, 0)


def test_entities_and_misread_bytes_are_counted_beyond_the_sources():
    assert scored("a cup & dish", "Tasse &amp; Teller")["encoding"] == 1
    assert scored("green", "grÃ¼n")["encoding"] == 1
    assert scored("a &amp; b", "a &amp; b")["encoding"] == 0
    assert scored("green", "grün, São Paulo, Ãgua")["encoding"] == 0
