from __future__ import annotations

import pyarrow as pa
import pytest

from glotmill.filters.contract import PAIR_SCHEMA
from glotmill.filters.scorers.negation import NegationScorer


def scored(source: str, target: str, back: str | None, lang: str = "deu_Latn") -> tuple:
    pair = {"source": source, "target": target, "back": back, "lang": lang}
    columns = NegationScorer().score(pa.Table.from_pylist([pair], schema=PAIR_SCHEMA))
    return tuple(columns[name][0].as_py() for name in ("lost", "gained"))


@pytest.mark.parametrize(
    ("source", "target", "back", "lang", "expected"),
    [
        ("A man without a hat.", "Ein Mann ohne Hut.", "A man without a hat.", "deu_Latn", (0, 0)),
        ("A man without a hat.", "Ein Mann mit Hut.", "A man with a hat.", "deu_Latn", (1, 0)),
        ("A man without a hat.", "Ein Mann mit bloßem Kopf.", "A man without a hat.", "deu_Latn", (0, 0)),
        ("A man with a hat.", "Ein Mann ohne Hut.", "A man without a hat.", "deu_Latn", (0, 1)),
        ("A man with a hat.", "Ein Mann ohne Hut.", "A man with a hat.", "deu_Latn", (0, 0)),
        ("It isn't red.", "Si nyekundu.", "It is red.", "swh_Latn", (1, 0)),
        ("It isn't red.", "Si nyekundu.", None, "swh_Latn", (None, None)),
        ("Is it not red?", "不是红色的吗？", None, "zho_Hans", (0, 0)),
        ("Is it not red?", "是红色的吗？", None, "zho_Hans", (1, 0)),
        ("A shirtless man.", "Muž bez trička.", "A shirtless man.", "ces_Latn", (0, 0)),
        ("The knot.", "Der Knoten.", "The knot.", "deu_Latn", (0, 0)),
    ],
)
def test_a_change_must_show_wherever_it_can_be_looked_for(source, target, back, lang, expected):
    assert scored(source, target, back, lang) == expected
