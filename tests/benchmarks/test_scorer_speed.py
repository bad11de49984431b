from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from benchmarks import scorer_speed
from benchmarks.scorer_speed import measure, row, through_fake
from benchmarks.scorer_times import digest, seconds
from glotmill.filters.contract import PAIR_SCHEMA
from glotmill.filters.scorers.structure import StructureScorer


def pairs(*targets: str) -> pa.Table:
    rows = [row("A dog runs.\n", target, "deu_Latn", "caption", "A dog") for target in targets]
    return pa.Table.from_pylist(rows, schema=PAIR_SCHEMA)


def test_a_tree_is_compared_with_another_by_scorer_and_size(monkeypatch: pytest.MonkeyPatch):
    def timed(tree: Path, _pairs: Path) -> dict[str, dict[str, object]]:
        slow = 3.0 if tree.name == "old" else 1.0
        return {"script": {"seconds": {"1": slow, "50": slow, "10000": 2 * slow}, "digest": "same"},
                "numbers": {"seconds": {"1": 1.0, "50": 1.0, "10000": 1.0}, "digest": tree.name}}  # fmt: skip

    monkeypatch.setattr(scorer_speed, "timed", timed)
    found = measure(pairs("Ein Hund."), {"this": Path("new"), "baseline": Path("old")}, 2)
    assert found["ratios"]["script"] == {"1": 3, "50": 3, "10000": 3}
    assert found["ratios"]["all"] == {"1": 2, "50": 2, "10000": 2.33}
    assert found["same_values"] == {"script": True, "numbers": False}


def test_a_call_is_timed_and_scores_that_differ_have_another_digest():
    same, other = pairs("Ein Hund läuft.\n", "Ja."), pairs("Ein Hund läuft.", "Ja.")
    assert 0 <= seconds(StructureScorer(), same, 1) < 1
    assert digest(StructureScorer(), same) == digest(StructureScorer(), pairs("Noch einer.\n", "Nein."))
    assert digest(StructureScorer(), same) != digest(StructureScorer(), other)


def test_texts_of_several_sentences_have_their_segments():
    short, long = (
        found for found in through_fake(["A dog.", "A dog. A cat."], "response") if found["lang"] == "deu_Latn"
    )
    assert short["segments"] is None
    assert [part["source"] for part in long["segments"]] == ["A dog.", "A cat."]
