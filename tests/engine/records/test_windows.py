"""Windows hold every record once, whatever the layout, and follow from it alone."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glotmill.engine.records import windows
from glotmill.engine.records.layout import SampleRows, ShardPlan
from glotmill.engine.records.windows import cut_windows
from glotmill.schemas.sample import SAMPLE_SCHEMA

CHUNK, FEWEST = 5, 12


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(windows, "CHUNK_ROWS", CHUNK)
    monkeypatch.setattr(windows, "FEWEST_RECORDS", FEWEST)


def plans(sizes: dict[str, list[int]]) -> dict[str, list[ShardPlan]]:
    """Shards of so many records; the samples of a language stand one behind the other."""
    found: dict[str, list[ShardPlan]] = {}
    for lang, rows in sizes.items():
        start = 0
        for number, count in enumerate(rows):
            places = pl.Series("place", range(start, start + count), dtype=pl.UInt32)
            found.setdefault(lang, []).append(ShardPlan(f"data/{lang}/train-{number:05}.parquet", places, "", None))
            start += count
    return found


def rows_of(tables: Iterable[pa.Table]) -> list[dict]:
    return [row for table in tables for row in table.to_pylist()]


@given(st.dictionaries(st.sampled_from(["deu_Latn", "fra_Latn", "ces_Latn"]), st.lists(st.integers(0, 23), max_size=4)))
def test_every_record_is_in_one_window_and_a_shards_records_are_in_order(sizes):
    laid = plans(sizes)
    cut = cut_windows(laid)
    for shards in laid.values():
        for plan in shards:
            own = [piece for window in cut for piece in window.pieces if piece.plan.path == plan.path]
            assert [place for piece in own for place in piece.places] == plan.present.to_list()
            assert all(piece.start % CHUNK == 0 for piece in own)
            assert [piece.last for piece in own] == [False] * (len(own) - 1) + [True]
    assert [window.number for window in cut] == list(range(len(cut)))


def test_windows_have_their_share_of_records_and_languages_take_turns():
    cut = cut_windows(plans({"deu_Latn": [40, 3], "fra_Latn": [40]}))
    assert [window.records for window in cut[:6]] == [10] * 6
    assert [piece.lang for piece in cut[0].pieces] == ["deu_Latn", "fra_Latn"]


def test_the_last_windows_are_small_and_languages_end_one_after_the_other():
    cut = cut_windows(plans({"deu_Latn": [40, 3], "fra_Latn": [40]}))[6:]
    assert [[(piece.lang, piece.records) for piece in window.pieces] for window in cut] == [
        [("deu_Latn", 5)], [("deu_Latn", 5)], [("deu_Latn", 3)], [("fra_Latn", 5)], [("fra_Latn", 5)]
    ]  # fmt: skip


def test_languages_share_windows_but_for_a_quarter_of_a_small_build(monkeypatch):
    monkeypatch.setattr(windows, "FEWEST_RECORDS", 30)
    first, *rest = cut_windows(plans({"deu_Latn": [25], "fra_Latn": [25]}))
    assert [(piece.lang, piece.records) for piece in first.pieces] == [("deu_Latn", 15), ("fra_Latn", 15)]
    assert [[(piece.lang, piece.records) for piece in window.pieces] for window in rest] == [
        [("deu_Latn", 5), ("fra_Latn", 5)], [("deu_Latn", 5)], [("fra_Latn", 5)]
    ]  # fmt: skip


def test_windows_of_a_large_build_grow_smaller_towards_its_end(monkeypatch):
    monkeypatch.setattr(windows, "FEWEST_RECORDS", 100)
    sizes = [window.records for window in cut_windows(plans({"deu_Latn": [2000]}))]
    assert sizes[:16] == [100] * 16
    assert sizes[16:] == sorted(sizes[16:], reverse=True)
    assert sizes[-1] <= 50


def test_a_build_without_records_has_one_window():
    assert [window.records for window in cut_windows({})] == [0]


def test_a_windows_samples_have_its_languages_and_no_others(tmp_path: Path):
    rows = [{"source_id": f"s{n}", "task": "caption", "langs": ["deu_Latn", "fra_Latn"]} for n in range(40)]
    pq.write_table(pa.Table.from_pylist(rows, schema=SAMPLE_SCHEMA), tmp_path / "s.parquet", row_group_size=7)
    samples = SampleRows([tmp_path / "s.parquet"])
    cut = cut_windows(plans({"deu_Latn": [40], "fra_Latn": [28]}))
    held = [rows_of(window.samples(samples)) for window in cut]
    first = [(row["source_id"], row["langs"]) for row in held[0]]
    assert first == [(f"s{n}", ["deu_Latn", "fra_Latn"]) for n in range(5)]
    assert sum(len(row["langs"]) for window in held for row in window) == 68
    french = [row["source_id"] for window in cut for row in rows_of(window.samples(samples, "fra_Latn"))]
    assert french == [f"s{n}" for n in range(28)]
