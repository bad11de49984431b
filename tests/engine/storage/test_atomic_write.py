from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

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
