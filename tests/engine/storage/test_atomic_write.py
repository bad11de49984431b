from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from glotmill.engine.memory.entries import HYPOTHESES, MEMORY_SCHEMA
from glotmill.engine.storage import atomic_write

TABLE = pa.table({"a": [1, 2]})


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "f.json"
    atomic_write.write_json(path, {"old": 1})

    def broken(_: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(atomic_write, "sync", broken)
    with pytest.raises(OSError, match="space"):
        atomic_write.write_json(path, {"new": 1})
    assert path.read_text() == '{\n  "old": 1\n}\n'
    assert [p.name for p in tmp_path.iterdir()] == ["f.json"]


def test_json_bytes_are_sorted_indented_and_end_with_a_line_feed():
    assert atomic_write.json_bytes({"b": [1], "a": "é"}) == '{\n  "a": "é",\n  "b": [\n    1\n  ]\n}\n'.encode()


def test_a_taken_name_is_never_overwritten(tmp_path: Path):
    path = tmp_path / "1.parquet"
    assert atomic_write.put_if_absent(path, b"first")
    before = path.read_bytes()
    assert not atomic_write.put_if_absent(path, b"second")
    assert path.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1


def test_the_same_table_gives_the_same_bytes(tmp_path: Path):
    for name in ("a", "b"):
        atomic_write.write_table(tmp_path / name, TABLE)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_what_takes_a_few_bits_a_row_is_not_compressed_and_every_text_is(tmp_path: Path):
    schema = MEMORY_SCHEMA.append(HYPOTHESES)
    hypothesis = {"text": "a", "logprob": -1.0, "reverse": None, "target_tokens": 2, "place": 0}
    row = dict.fromkeys(schema.names) | {"key": "k", "text": "a", "origin": "machine", "hypotheses": [hypothesis]}
    atomic_write.write_table(tmp_path / "a", pa.Table.from_pylist([row], schema=schema))
    group = pq.read_metadata(tmp_path / "a").row_group(0)
    found = {group.column(at).path_in_schema: group.column(at).compression for at in range(group.num_columns)}
    few = {"translator", "source_lang", "target_lang", "failure", "attempt", "settings", "source_tokens",
           "target_tokens", "hit_limit", "origin"}  # fmt: skip
    assert {name for name, way in found.items() if way == "UNCOMPRESSED"} == few
    assert {way for name, way in found.items() if name not in few} == {"ZSTD"}
    assert pq.read_table(tmp_path / "a").to_pylist() == [row]


def test_a_passing_table_comes_back_and_is_not_squeezed(tmp_path: Path):
    table = pa.table({"unit": pa.array([0] * 5, pa.int32()), "key": ["k"] * 5, "text": ["a dog"] * 5})
    atomic_write.write_passing_table(tmp_path / "a", table, row_group_rows=2)
    group = pq.read_metadata(tmp_path / "a").row_group(0)
    found = {group.column(at).path_in_schema: group.column(at).compression for at in range(group.num_columns)}
    assert found == {"unit": "UNCOMPRESSED", "key": "UNCOMPRESSED", "text": "LZ4"}
    assert group.num_rows == 2
    assert pq.read_table(tmp_path / "a").equals(table)
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
