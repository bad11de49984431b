from __future__ import annotations

import polars as pl

from glotmill.filters.features.length import deviations, length_table
from glotmill.schemas.languages import registry


def judged(source: str, target: str, lang: str = "deu_Latn", kind: str | None = "caption") -> dict:
    columns = [pl.Series([value], dtype=pl.String) for value in (source, target, lang, kind)]
    return deviations(*columns).row(0, named=True)


def test_the_table_is_of_languages_and_its_spreads_are_positive():
    table = length_table()
    assert set(table["lang"]) <= set(registry())
    assert table.filter((pl.col("spread") <= 0) | (pl.col("short_spread") < 0)).height == 0
    assert table.select(pl.struct("lang", "field_type").is_duplicated().any()).item() is False


def test_the_same_excess_is_stranger_in_a_long_text():
    short, long = judged("a" * 20, "b" * 40), judged("a" * 200, "b" * 400)
    assert long["z"] / long["excess"] > 1.5 * short["z"] / short["excess"] > 0


def test_what_is_not_in_the_table_has_a_ratio_and_no_deviation():
    for lang, kind in (("swh_Latn", "caption"), ("deu_Latn", None), ("deu_Latn", "answer")):
        found = judged("a" * 20, "b" * 40, lang, kind)
        assert found["logratio"] > 0
        assert (found["excess"], found["z"]) == (None, None)
