"""``glotmill score``: what people and programs are told."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl

PAIRS = "A brown dog runs over the green grass.\tEin brauner Hund läuft über das grüne Gras.\nA dog.\tA dog.\nA dog.\n"


def test_people_see_the_balance_and_what_was_left_out(glotmill, tmp_path: Path):
    (tmp_path / "pairs.tsv").write_text(PAIRS)
    code, out, err = glotmill("score", "pairs.tsv", "--lang", "deu_Latn", "--out", "scored.parquet")
    assert code == 0
    assert "3 pairs = 1 kept + 1 dropped + 1 failed" in out
    assert "failed: wrong_columns 1" in out
    assert "left out: round_trip: it needs an engine: give --model" in out
    assert out.endswith("scores: scored.parquet\n")
    assert "score: 3 pairs" in err
    assert pl.read_parquet(tmp_path / "scored.parquet")["keep"].to_list() == [True, False, False]


def test_programs_get_one_object_and_the_embedded_model_judges_too(glotmill, tmp_path: Path):
    (tmp_path / "pairs.tsv").write_text(PAIRS)
    code, out, _ = glotmill(
        "score", "pairs.tsv", "--lang", "deu_Latn", "--model", "embedded", "--out", "s.parquet", "--json"
    )
    assert code == 0
    found = json.loads(out)
    assert found["rows"] == 3 == found["kept"] + sum(found["dropped"].values()) + sum(found["failed"].values())
    assert (found["left_out"], found["failed"], found["out"]) == ({}, {"wrong_columns": 1}, "s.parquet")
    rows = pl.read_parquet(tmp_path / "s.parquet")
    assert rows["score_adequacy_score"][0] is not None
    assert rows["score_round_trip_chrf"][0] > 30


def test_an_unusable_file_is_one_line_and_exit_2(refuses, tmp_path: Path):
    (tmp_path / "pairs.tsv").write_text(PAIRS)
    assert "no column lang: give --lang" in refuses("score", "pairs.tsv", "--out", "s.parquet")
    assert "no such file" in refuses("score", "none.tsv", "--lang", "deu_Latn", "--out", "s.parquet")
