from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

from engine.store.memory import MEMORY_SCHEMA, Memory
from schemas.errors import StoreError


def entry(key: str, text: str | None, **changes: Any) -> dict[str, Any]:
    row = {
        "key": key, "translator": "t", "source_lang": "eng_Latn", "target_lang": "deu_Latn", "request": "A dog.",
        "text": text, "failure": None, "attempt": 1, "settings": "first", "logprob": -0.5, "source_tokens": 3,
        "target_tokens": 4, "hit_limit": False, "origin": "machine",
    }  # fmt: skip
    return {**row, **changes}


def table(*rows: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=MEMORY_SCHEMA)


def failed(key: str, reason: str = "failed:empty_output") -> dict[str, Any]:
    return entry(key, None, failure=reason)


def texts(memory: Memory, *keys: str) -> dict[str, str | None]:
    found = memory.lookup(pl.Series(keys))
    return dict(zip(found["key"], found["text"], strict=True))


def test_the_columns_of_an_entry_are_golden():
    assert MEMORY_SCHEMA.names == [
        "key", "translator", "source_lang", "target_lang", "request", "text", "failure", "attempt", "settings",
        "logprob", "source_tokens", "target_tokens", "hit_limit", "origin",
    ]  # fmt: skip


def test_a_memory_that_was_never_written_is_empty_and_leaves_no_folder(tmp_path: Path):
    memory = Memory(tmp_path / "memory")
    found = memory.lookup(pl.Series(["k"]))
    assert (found.height, found.columns) == (0, MEMORY_SCHEMA.names)
    assert not (tmp_path / "memory").exists()


def test_files_are_numbered_in_the_order_of_their_commits(tmp_path: Path):
    memory = Memory(tmp_path)
    names = [memory.commit(table(entry(str(i), "Hund"))).name for i in range(3)]
    assert names == ["00000001.parquet", "00000002.parquet", "00000003.parquet"]


def test_the_lowest_number_wins_a_key_for_ever(tmp_path: Path):
    memory = Memory(tmp_path)
    memory.commit(table(entry("k", "first")))
    memory.commit(table(entry("k", "second")))
    assert texts(memory, "k") == {"k": "first"}


def test_a_text_wins_over_a_failure_that_was_there_before(tmp_path: Path):
    memory = Memory(tmp_path)
    memory.commit(table(failed("k")))
    assert texts(memory, "k") == {"k": None}
    memory.commit(table(entry("k", "retried")))
    memory.commit(table(failed("k")))
    assert texts(memory, "k") == {"k": "retried"}


def test_a_persons_correction_wins_over_every_machine_entry_whatever_its_number(tmp_path: Path):
    memory = Memory(tmp_path)
    memory.commit(table(entry("k", "machine")))
    memory.commit(table(entry("k", "person", origin="human")))
    assert texts(memory, "k") == {"k": "person"}


def test_only_keys_that_were_asked_for_come_back(tmp_path: Path):
    memory = Memory(tmp_path)
    memory.commit(table(entry("a", "A"), entry("b", "B")))
    assert texts(memory, "b", "c", "b") == {"b": "B"}


def test_a_number_taken_by_another_build_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    one, other = Memory(tmp_path), Memory(tmp_path)
    one.commit(table(entry("a", "A")))
    monkeypatch.setattr(other, "files", list)  # it looked before the first commit
    assert other.commit(table(entry("b", "B"))).name == "00000002.parquet"
    assert texts(one, "a", "b") == {"a": "A", "b": "B"}


@pytest.mark.parametrize(
    "row",
    [
        entry("k", None),
        entry("k", "text", failure="failed:x"),
        entry("k", " "),
        entry("k", None, failure="no reason code"),
    ],
)
def test_an_entry_is_text_or_a_named_failure_and_nothing_else(tmp_path: Path, row: dict[str, Any]):
    with pytest.raises(StoreError):
        Memory(tmp_path).commit(table(row))
    assert not Memory(tmp_path).files()


def test_an_unreadable_file_is_an_error_that_names_it(tmp_path: Path):
    memory = Memory(tmp_path)
    for key in "abc":
        memory.commit(table(entry(key, key)))
    memory.files()[1].write_bytes(b"not parquet")
    with pytest.raises(StoreError, match=r"cannot read \S*/00000002\.parquet: .*move it away"):
        memory.lookup(pl.Series(["a"]))
