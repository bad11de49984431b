from __future__ import annotations

from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest

from glotmill.engine.memory.entries import MEMORY_SCHEMA
from glotmill.engine.memory.overview import compact_memory, memory_stats, verify_memory
from glotmill.engine.memory.translations import Memory
from glotmill.engine.storage.folder import Folder
from glotmill.schemas.keys import memory_key


def entry(request: str, text: str | None, lang: str = "deu_Latn", **changes) -> dict:
    row = {
        "key": memory_key("t", "eng_Latn", lang, request), "translator": "t", "source_lang": "eng_Latn",
        "target_lang": lang, "request": request, "text": text, "failure": None if text else "failed:looped",
        "attempt": 1, "settings": "first", "hit_limit": False, "origin": "machine",
    }  # fmt: skip
    return {**row, **changes}


def commit(folder: Folder, *rows: dict) -> None:
    Memory(folder).commit(pa.Table.from_pylist(list(rows), schema=MEMORY_SCHEMA))


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    folder = Folder(tmp_path)
    commit(folder, entry("a dog", "ein Hund"), entry("a cat", None))
    commit(folder, entry("a dog", "un chien", "fra_Latn"), entry("a dog", "zwei"))
    return folder


def test_stats_count_each_key_once_however_often_it_was_committed(folder: Folder):
    stats = memory_stats(folder)
    assert stats.directions == [
        {"source_lang": "eng_Latn", "target_lang": "deu_Latn", "texts": 1, "failures": 1, "corrections": 0},
        {"source_lang": "eng_Latn", "target_lang": "fra_Latn", "texts": 1, "failures": 0, "corrections": 0},
    ]
    assert (stats.stores["translations"].files, stats.stores["translations"].rows) == (2, 4)
    assert stats.translators == {"t": 3}


def test_stats_of_an_empty_memory_are_zeros(tmp_path: Path):
    stats = memory_stats(Folder(tmp_path / "none"))
    assert stats.directions == []
    assert {size.rows for size in stats.stores.values()} == {0}
    assert not (tmp_path / "none").exists()


def test_a_sound_memory_has_no_problem_before_and_after_compaction(folder: Folder):
    checked: list[int] = []
    assert list(verify_memory(folder, checked.append)) == []
    assert sum(checked) == 4
    assert [store for store, _ in compact_memory(folder)] == ["translations"]
    assert list(verify_memory(folder, checked.append)) == []
    assert sum(checked) == 4 + 3


def test_a_key_that_is_not_its_contents_is_found(folder: Folder):
    commit(folder, entry("a car", "ein Auto", key="0" * 32))
    (problem,) = verify_memory(folder, lambda _: None)
    assert "00000003.parquet: 1 entries have another key than their content" in problem


def test_an_entry_that_is_neither_text_nor_failure_is_found(folder: Folder):
    frame = pl.DataFrame([entry("a car", None)]).with_columns(failure=pl.lit(None, pl.String))
    table = pa.Table.from_pylist(frame.to_dicts(), schema=MEMORY_SCHEMA)
    Memory(folder).translations.add(table)
    (problem,) = verify_memory(folder, lambda _: None)
    assert "is neither text nor failure" in problem


def test_an_unreadable_file_is_named_and_stays(folder: Folder):
    translations = Memory(folder).translations.folder
    translations.overwrite("00000001.parquet", b"rubbish")
    (problem,) = verify_memory(folder, lambda _: None)
    assert problem.startswith(translations.location("00000001.parquet"))
    assert translations.read("00000001.parquet") == b"rubbish"


@pytest.mark.parametrize("name", ["key", "source_lang", "target_lang", "request"])
def test_entries_that_lack_what_identifies_them_are_counted(folder: Folder, name: str):
    frame = pl.DataFrame([entry("a car", "ein Auto"), entry("a cat", "eine Katze")]).with_columns(
        pl.lit(None, pl.String).alias(name)
    )
    Memory(folder).translations.add(pa.Table.from_pylist(frame.to_dicts(), schema=MEMORY_SCHEMA))
    (problem,) = verify_memory(folder, lambda _: None)
    assert problem.endswith("2 entries lack their key, their languages or their request")
