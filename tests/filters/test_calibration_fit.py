from __future__ import annotations

import polars as pl
import pyarrow as pa
import pytest

from glotmill.filters.calibration_fit import Settings, calibrate
from glotmill.filters.contract import PAIR_SCHEMA
from glotmill.filters.registry import make_scorers

WORDS = ["dog", "cat", "train", "river", "woman", "child", "bread", "tower", "green", "yellow", "sleeps", "dances"]
SCORERS = make_scorers(["lexical", "nmt", "round_trip"])


def turns(lang: str = "deu_Latn", rows: int = 60, good: bool = True) -> tuple[pl.DataFrame, pa.Table]:
    """Sentences of their own, translated back word for word or not at all."""
    texts = [f"The {WORDS[i % 12]} and the {WORDS[i // 12]} number {i * 7919} here" for i in range(rows)]
    backs = texts if good else ["Quite another text that nobody wrote"] * rows
    pairs = [{"source": t, "target": f"{lang} {t}", "back": b, "lang": lang, "field_type": "caption"}
             for t, b in zip(texts, backs, strict=True)]  # fmt: skip
    table = pa.Table.from_pylist(pairs, schema=PAIR_SCHEMA)
    chrf = SCORERS[-1].score(table)["chrf"]
    frame = pl.DataFrame({"lang": [lang] * rows, "field_type": "caption", "letters": 25.0,
                          "turn_round_trip_chrf": pl.Series(chrf),
                          "turn_nmt_logprob": [-i / rows for i in range(rows)]})  # fmt: skip
    return frame, table


def both(*parts: tuple[pl.DataFrame, pa.Table]) -> tuple[pl.DataFrame, pa.Table]:
    return pl.concat([frame for frame, _ in parts]), pa.concat_tables([table for _, table in parts])


def test_by_noise_a_threshold_lies_between_shuffled_and_real_pairs():
    content = calibrate(*turns(), SCORERS, Settings(min_rows=20))
    cell = content["thresholds"]["round_trip.min_chrf"]["deu_Latn"]["caption"]
    assert 30 < cell["20-39"] < 99
    assert content["lost"]["round_trip.min_chrf"] == {"deu_Latn": 0.0}
    assert content["unreliable"] == {}


def test_the_engines_own_score_is_cut_by_quantile():
    content = calibrate(*turns(), SCORERS, Settings(min_rows=20, quantile=0.1))
    assert content["lost"]["nmt.min_logprob"]["deu_Latn"] == pytest.approx(0.1, abs=0.02)
    lost = calibrate(*turns(), SCORERS, Settings(mode="quantile", min_rows=20, quantile=0.1))["lost"]
    assert set(lost) == {"nmt.min_logprob", "round_trip.min_chrf"}


def test_a_language_no_better_than_shuffled_pairs_is_unreliable_and_loses_no_reliable_one():
    content = calibrate(*both(turns(), turns("ces_Latn", good=False)), SCORERS, Settings(min_rows=20))
    assert content["unreliable"] == {"ces_Latn": ["round_trip.chrf"]}


def test_cells_of_few_rows_have_no_threshold_of_their_own_but_their_script_has():
    content = calibrate(*both(turns(rows=30), turns("fra_Latn", rows=30)), SCORERS, Settings(min_rows=50))
    assert set(content["thresholds"]["round_trip.min_chrf"]) == {"Latn", "all"}


def test_the_same_build_and_seed_give_the_same_file():
    assert calibrate(*turns(), SCORERS, Settings(min_rows=20)) == calibrate(*turns(), SCORERS, Settings(min_rows=20))
