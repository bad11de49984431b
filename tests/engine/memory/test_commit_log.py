"""Numbered files: commits that never collide, compaction at any kill, late writers, unreadable files."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest

from glotmill.engine.memory import compaction
from glotmill.engine.memory.commit_log import NumberedFiles
from glotmill.engine.memory.compaction import compact
from glotmill.engine.memory.numbered_file import FILE, NumberedFile
from glotmill.engine.storage.folder import Folder
from glotmill.schemas.errors import InputError, StoreError

SCHEMA = pa.schema([pa.field("key", pa.string()), pa.field("value", pa.int64())])


def table(**values: int) -> pa.Table:
    return pa.table({"key": list(values), "value": list(values.values())}, schema=SCHEMA)


def winners(rows: pl.LazyFrame) -> pl.LazyFrame:
    return rows.sort(FILE, maintain_order=True).unique("key", keep="first", maintain_order=True)


def content(files: NumberedFiles) -> dict[str, int]:
    return dict(files.select(winners).select("key", "value").sort("key").iter_rows())


@pytest.fixture
def files(tmp_path: Path) -> NumberedFiles:
    return NumberedFiles(Folder(tmp_path), SCHEMA)


def names(files: NumberedFiles) -> list[str]:
    return [name for name in files.folder.names() if name.endswith(".parquet")]


def test_a_number_taken_by_another_writer_is_passed_over(files: NumberedFiles, monkeypatch: pytest.MonkeyPatch):
    late = NumberedFiles(files.folder, SCHEMA)
    files.add(table(a=1))
    seen: list[list[NumberedFile]] = [[]]  # it looked before the first commit
    real = late._present
    monkeypatch.setattr(late, "_present", lambda: seen.pop() if seen else real())
    assert late.add(table(b=2)).name == "00000002.parquet"
    assert content(files) == {"a": 1, "b": 2}


def test_a_writer_that_was_late_for_a_compaction_takes_a_number_that_counts(files: NumberedFiles):
    """Its number is free again only because compaction took the file away: committed there, it would be lost."""
    late = NumberedFiles(files.folder, SCHEMA)
    late.add(table(a=0))
    for i, key in enumerate("bc", start=1):
        files.add(table(**{key: i}))
    list(compact(files, winners, ["key"]))
    assert late.add(table(late=9)).name == "00000004.parquet"
    assert content(files) == {"a": 0, "b": 1, "c": 2, "late": 9}
    assert names(files) == ["00000001-00000003.parquet", "00000004.parquet"]


def test_a_store_whose_files_somebody_deleted_goes_on_after_the_numbers_given(files: NumberedFiles):
    for key in "ab":
        files.add(table(**{key: 1}))
    list(compact(files, winners, ["key"]))
    files.folder.delete("00000001-00000002.parquet")
    assert NumberedFiles(files.folder, SCHEMA).add(table(c=2)).name == "00000003.parquet"
    assert content(files) == {"c": 2}


def test_a_commit_after_the_first_lists_no_files_however_many_there_are(
    files: NumberedFiles, monkeypatch: pytest.MonkeyPatch
):
    files.add(table(a=0))
    listed: list[str] = []
    real = Folder.names
    monkeypatch.setattr(Folder, "names", lambda folder: listed.append(folder.url) or real(folder))
    for i in range(5):
        files.add(table(**{f"b{i}": i}))
    assert set(listed) == {files.folder.child("compacted").url}


@pytest.mark.parametrize("way", ["folder", "dead link"])
def test_what_has_the_name_of_the_next_file_is_an_error_and_no_endless_search(files: NumberedFiles, way: str):
    files.add(table(a=1))
    place = files.folder.path / "00000002.parquet"
    place.mkdir() if way == "folder" else place.symlink_to("nowhere")
    with pytest.raises(InputError, match=r"00000002\.parquet: expected a file of the memory, found a folder or a link"):
        NumberedFiles(files.folder, SCHEMA).add(table(b=2))
    assert content(files) == {"a": 1}


def test_a_table_of_another_schema_is_refused(files: NumberedFiles):
    with pytest.raises(StoreError, match="another schema"):
        files.add(pa.table({"key": ["a"]}))
    assert names(files) == []


class Killed(BaseException):
    pass


def test_a_kill_at_any_step_of_a_compaction_loses_and_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    step, killed = 0, True
    while killed:
        files = NumberedFiles(Folder(tmp_path / str(step)), SCHEMA)
        for number in range(4):
            files.add(table(**{"same": number, f"k{number}": number}))
        before = content(files)
        count = -1

        def tick(original, step: int = step):
            def wrapper(*args, **kwargs):
                nonlocal count
                count += 1
                if count == step:
                    raise Killed
                return original(*args, **kwargs)

            return wrapper

        with monkeypatch.context() as patch:
            for name in ("put_if_absent", "delete"):
                patch.setattr(Folder, name, tick(getattr(Folder, name)))
            try:
                list(compact(files, winners, ["key"]))
                killed = False
            except Killed:
                killed = True
        assert content(files) == before
        files.add(table(after=5))
        list(compact(files, winners, ["key"]))
        assert content(files) == {**before, "after": 5}
        assert len(files.live()) == 1
        step += 1
    assert step > 4


def test_compaction_stops_at_files_that_are_large_enough(files: NumberedFiles, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(compaction, "COMPACT_ROWS", 4)
    for number in range(5):
        files.add(table(**{f"{number}{i}": i for i in range(2)}))
    assert [file.name for file in compact(files, winners, ["key"])] == [
        "00000001-00000002.parquet", "00000003-00000004.parquet",
    ]  # fmt: skip
    assert list(compact(files, winners, ["key"])) == []
    assert names(files) == ["00000001-00000002.parquet", "00000003-00000004.parquet", "00000005.parquet"]
    assert len(content(files)) == 10


def test_a_file_that_goes_away_while_it_is_read_makes_the_look_up_start_again(
    files: NumberedFiles, monkeypatch: pytest.MonkeyPatch
):
    for key in "ab":
        files.add(table(**{key: 1}))
    old = files.live()
    list(compact(files, winners, ["key"]))
    seen = [old]
    real = files.live
    monkeypatch.setattr(files, "live", lambda: seen.pop() if seen else real())
    assert content(files) == {"a": 1, "b": 1}


def test_a_damaged_page_is_found_by_its_checksum(files: NumberedFiles):
    file = files.add(table(**{f"k{i}": i for i in range(1000)}))
    path = files.folder.path / file.name
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 0xFF
    path.write_bytes(data)
    assert "checksum" in str(files.parsed(file, bytes(data)))


def test_an_unreadable_file_met_by_compaction_is_set_aside(files: NumberedFiles):
    for key in "abc":
        files.add(table(**{key: 1}))
    files.folder.overwrite("00000002.parquet", b"PAR1 rubbish")
    list(compact(files, winners, ["key"]))
    assert content(files) == {"a": 1, "c": 1}
    assert [file.location for file in files.set_aside] == [f"{files.folder}/unreadable/00000002.parquet"]


def test_files_that_cannot_be_read_for_another_reason_are_an_error_and_stay(
    files: NumberedFiles, monkeypatch: pytest.MonkeyPatch
):
    files.add(table(a=1))
    monkeypatch.setattr(pl.LazyFrame, "collect", lambda *_, **__: (_ for _ in ()).throw(OSError(5, "I/O error")))
    with pytest.raises(StoreError, match="I/O error"):
        files.select(winners)
    assert names(files) == ["00000001.parquet"]
    assert files.set_aside == []


def test_overlapping_merged_files_of_two_compactions_still_give_every_row(files: NumberedFiles):
    for number, key in enumerate("abcd", start=1):
        files.add(table(**{key: number, "same": number}))
    for first, last, rows in ((1, 3, table(a=1, b=2, c=3, same=1)), (3, 4, table(c=3, d=4, same=3))):
        from glotmill.engine.storage.atomic_write import table_bytes

        files.folder.put_if_absent(NumberedFile(first, last).name, table_bytes(rows))
    assert content(files) == {"a": 1, "b": 2, "c": 3, "d": 4, "same": 1}
    assert [file.name for file in files.live()] == ["00000001-00000003.parquet", "00000003-00000004.parquet"]


def test_what_was_set_aside_before_is_never_overwritten(files: NumberedFiles):
    files.add(table(a=1))
    for rubbish in (b"first", b"second"):
        files.folder.overwrite("00000001.parquet", rubbish)
        assert content(files) == {}
    unreadable = files.folder.child("unreadable")
    assert [unreadable.read(name) for name in unreadable.names()] == [b"first", b"second"]


def test_a_disk_that_cannot_be_read_sets_nothing_aside(files: NumberedFiles, monkeypatch: pytest.MonkeyPatch):
    files.add(table(a=1))
    files.folder.overwrite("00000001.parquet", b"rubbish")

    def broken(self: Folder, name: str) -> bytes:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Folder, "read", broken)
    with pytest.raises(OSError, match="Input/output"):
        files.select(winners)
    assert files.set_aside == []


def test_compaction_takes_away_what_a_kill_left_behind(files: NumberedFiles):
    for key in "ab":
        files.add(table(**{key: 1}))
    left = files.folder.read("00000001.parquet")
    list(compact(files, winners, ["key"]))
    files.folder.put_if_absent("00000001.parquet", left)
    list(compact(files, winners, ["key"]))
    assert names(files) == ["00000001-00000002.parquet"]
