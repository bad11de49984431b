from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

from glotmill.engine.memory import commit_log, compaction
from glotmill.engine.memory.entries import HYPOTHESES, MEMORY_SCHEMA, Direction
from glotmill.engine.memory.translations import Memory
from glotmill.engine.storage.folder import Folder
from glotmill.schemas.errors import InputError, StoreError


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


GERMAN = Direction("eng_Latn", "deu_Latn")


def wanted(*keys: str, lang: str = "deu_Latn") -> pl.DataFrame:
    requests = [f"request {key}" for key in keys]
    return pl.DataFrame({"key": list(keys), "source_lang": "eng_Latn", "target_lang": lang, "text": requests})


def texts(memory: Memory, *keys: str) -> dict[str, str | None]:
    found = memory.lookup(wanted(*keys))
    return dict(zip(found["key"], found["text"], strict=True))


@pytest.fixture(params=["disk", "s3"])
def memory(request: pytest.FixtureRequest, tmp_path: Path) -> Memory:
    if request.param == "disk":
        return Memory(Folder(tmp_path / "memory"))
    return Memory(Folder(f"{request.getfixturevalue('s3_bucket')}/memory"))


def test_the_columns_of_an_entry_are_golden():
    assert MEMORY_SCHEMA.names == [
        "key", "translator", "source_lang", "target_lang", "request", "text", "failure", "attempt", "settings",
        "logprob", "source_tokens", "target_tokens", "hit_limit", "origin", "provenance",
    ]  # fmt: skip


def test_a_memory_that_was_never_written_is_empty(memory: Memory):
    found = memory.lookup(wanted("k"))
    assert (found.height, found.columns) == (0, MEMORY_SCHEMA.names)
    assert memory.missing(wanted("k")).rows() == wanted("k").rows()
    assert memory.directions() == []


def test_looking_into_a_memory_on_disk_leaves_no_folder(tmp_path: Path):
    memory = Memory(Folder(tmp_path / "memory"))
    memory.lookup(wanted("k"))
    assert not (tmp_path / "memory").exists()


def test_files_are_numbered_in_the_order_of_their_commits(memory: Memory):
    names = [memory.commit(table(entry(str(i), "Hund"))).name for i in range(3)]
    assert names == ["00000001.parquet", "00000002.parquet", "00000003.parquet"]


def test_the_lowest_number_wins_a_key_for_ever(memory: Memory):
    memory.commit(table(entry("k", "first")))
    memory.commit(table(entry("k", "second")))
    assert texts(memory, "k") == {"k": "first"}


def test_a_text_wins_over_a_failure_that_was_there_before(memory: Memory):
    memory.commit(table(failed("k")))
    assert texts(memory, "k") == {"k": None}
    memory.commit(table(entry("k", "retried")))
    memory.commit(table(failed("k")))
    assert texts(memory, "k") == {"k": "retried"}


def test_only_keys_that_were_asked_for_come_back(memory: Memory):
    memory.commit(table(entry("a", "A"), entry("b", "B")))
    assert texts(memory, "b", "c") == {"b": "B"}


def test_what_is_missing_is_what_has_no_entry_in_the_direction(memory: Memory):
    memory.commit(table(entry("a", "A"), failed("b"), entry("c", "C", target_lang="fra_Latn")))
    assert memory.missing(wanted("d", "a", "b", "c"))["key"].to_list() == ["d", "c"]
    assert memory.missing(wanted("a", "b"), retry_failures_up_to=1)["key"].to_list() == ["b"]
    assert memory.missing(wanted("a", "b"), retry_failures_up_to=0).height == 0  # they came after the run began
    assert memory.directions() == [GERMAN, Direction("eng_Latn", "fra_Latn")]


def test_what_is_known_is_what_a_look_up_finds_though_a_compaction_goes_on(memory: Memory, monkeypatch):
    monkeypatch.setattr(compaction, "COMPACT_ROWS", 4)
    for key in "abcd":
        memory.commit(table(entry(key, f"Text {key}.")))
    memory.commit(table(entry("a", "Another text.")))  # of a build that had nothing of the first
    memory.correct(table(corrected("h", "request c", "Corrected.")))
    asked = wanted("a", "b", "c", "x")
    looked = memory.lookup(asked, ["key", "text"])
    places = Memory._places

    def compacted(self: Memory, *given):
        found = places(self, *given)
        assert [file.name for file in memory.compact()] == ["00000001-00000004.parquet"]
        return found

    for between in (places, compacted):
        monkeypatch.setattr(Memory, "_places", between)
        known, rest = memory.known(asked, ["key", "text"])
        assert known.sort("key").rows() == looked.sort("key").rows()
        assert dict(known.rows()) == {"a": "Text a.", "b": "Text b.", "c": "Corrected."}
        assert rest["key"].to_list() == ["x"]


def test_of_many_files_those_alone_that_know_something_are_read_whole(memory: Memory, monkeypatch):
    for key in "abcd":
        memory.commit(table(entry(key, f"Text {key}.")))
    memory = Memory(memory.folder)  # of which no file was added here
    opened: list[int] = []
    scan = commit_log.NumberedFiles._scan

    def noted(self, files, **options):
        if self is memory.translations:
            opened.append(len(files))
        return scan(self, files, **options)

    monkeypatch.setattr(commit_log.NumberedFiles, "_scan", noted)
    memory.known(wanted("b", "x"), ["key", "text"])
    assert opened == [4, 1]


def test_one_look_up_serves_several_directions(memory: Memory):
    memory.commit(table(entry("a", "A"), entry("c", "C", target_lang="fra_Latn")))
    memory.correct(table(corrected("h", "request d", "D")))
    both = pl.concat([wanted("a", "b", "d"), wanted("c", "d", lang="fra_Latn")])
    assert memory.missing(both).select("key", "target_lang").rows() == [("b", "deu_Latn"), ("d", "fra_Latn")]
    found = memory.lookup(both, ["key", "text", "target_lang"])
    assert sorted(found.rows()) == [("a", "A", "deu_Latn"), ("c", "C", "fra_Latn"), ("d", "D", "deu_Latn")]


def test_the_same_keys_committed_twice_change_nothing(memory: Memory):
    """What a late duplicate of a unit would do."""
    memory.commit(table(entry("a", "A"), entry("b", "B")))
    before = memory.lookup(wanted("a", "b")).sort("key")
    memory.commit(table(entry("a", "A", logprob=-0.7), entry("b", "late")))
    assert memory.lookup(wanted("a", "b")).sort("key").equals(before)


def corrected(key: str, request: str, text: str) -> dict[str, Any]:
    return entry(key, text, request=request, origin="human", translator="human")


def test_a_persons_correction_of_a_request_wins_over_every_engine_and_the_last_one_counts(memory: Memory):
    memory.correct(table(corrected("h", "request k", "person")))
    memory.commit(table(entry("k", "machine"), entry("m", "other")))
    memory.correct(table(corrected("h", "request k", "second thought")))
    assert texts(memory, "k", "m") == {"k": "second thought", "m": "other"}
    assert memory.missing(wanted("k")).height == 0
    assert memory.missing(wanted("k", lang="fra_Latn")).height == 1


def test_compaction_changes_no_look_up(memory: Memory):
    memory.commit(table(failed("f"), entry("k", "first")))
    memory.commit(table(entry("f", "healed"), entry("k", "second"), failed("g")))
    memory.commit(table(entry("x", "X", target_lang="fra_Latn")))
    before = memory.lookup(wanted("f", "g", "k")).sort("key")
    assert [file.name for file in memory.compact()] == ["00000001-00000003.parquet"]
    assert memory.lookup(wanted("f", "g", "k")).sort("key").equals(before)
    assert memory.commit(table(entry("k", "third"), entry("n", "N"))).name == "00000004.parquet"
    assert texts(memory, "f", "k", "n") == {"f": "healed", "k": "first", "n": "N"}


def test_a_number_that_a_compaction_took_away_is_never_given_again(memory: Memory):
    late = Memory(memory.folder)
    late.commit(table(entry("a", "a")))
    for key in "bc":
        memory.commit(table(entry(key, key)))
    list(memory.compact())
    assert late.commit(table(entry("late", "late"))).name == "00000004.parquet"
    assert texts(memory, "a", "c", "late") == {"a": "a", "c": "c", "late": "late"}


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
        Memory(Folder(tmp_path)).commit(table(row))
    assert not Memory(Folder(tmp_path)).translations.live()


def test_an_unreadable_file_is_set_aside_and_its_keys_are_unknown(memory: Memory):
    for key in "abc":
        memory.commit(table(entry(key, key.upper())))
    memory.translations.folder.overwrite("00000002.parquet", b"not parquet")
    assert memory.missing(wanted("a", "b", "c"))["key"].to_list() == ["b"]
    (aside,) = memory.set_aside
    assert aside.location.endswith("translations/unreadable/00000002.parquet")
    assert "not parquet" in aside.reason.lower() or "magic" in aside.reason
    assert memory.translations.folder.child("unreadable").read("00000002.parquet") == b"not parquet"
    assert memory.commit(table(entry("b", "B"))).name == "00000004.parquet"
    assert texts(memory, "a", "b", "c") == {"a": "A", "b": "B", "c": "C"}


def test_an_unreadable_file_of_corrections_is_an_error_because_nobody_can_make_them_again(memory: Memory):
    memory.correct(table(corrected("h", "request k", "person")))
    memory.corrections.folder.overwrite("00000001.parquet", b"not parquet")
    with pytest.raises(StoreError, match=r"cannot read \S*corrections/00000001.parquet: .* restore it from a copy"):
        memory.lookup(wanted("k"))


def test_a_memory_of_another_version_is_refused(memory: Memory):
    pl.DataFrame({"key": ["k"]}).write_parquet(sink := BytesIO())
    memory.translations.folder.put_if_absent("00000001.parquet", sink.getvalue())
    with pytest.raises(InputError, match="another version of Glotmill"):
        memory.lookup(wanted("k"))


def several(*rows: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=MEMORY_SCHEMA.append(HYPOTHESES))


KEPT = [
    {"text": "Hund", "logprob": -0.5, "reverse": -0.25, "target_tokens": 3, "place": 1},
    {"text": "Hündin", "logprob": -0.25, "reverse": None, "target_tokens": 4, "place": 0},
]


def hypotheses(memory: Memory, *keys: str) -> dict[str, Any]:
    return dict(memory.hypotheses(wanted(*keys)).iter_rows())


def test_an_entry_may_keep_several_translations_beside_others_that_keep_one(memory: Memory):
    memory.commit(table(entry("a", "alt")))  # as files of earlier versions are
    memory.commit(several(entry("b", "Hund", hypotheses=KEPT), failed("c")))
    memory.commit(table(entry("d", "neu")))
    assert texts(memory, "a", "b", "c", "d") == {"a": "alt", "b": "Hund", "c": None, "d": "neu"}
    assert memory.lookup(wanted("b")).columns == MEMORY_SCHEMA.names
    assert hypotheses(memory, "a", "b", "c", "d") == {"b": KEPT}
    assert memory.missing(wanted("a", "b", "e"))["key"].to_list() == ["e"]


def test_the_translations_of_the_entry_that_wins_are_found(memory: Memory):
    memory.commit(several(entry("a", "Hund", hypotheses=KEPT)))
    memory.commit(several(entry("a", "Katze", hypotheses=[{**KEPT[0], "text": "Katze"}])))
    assert hypotheses(memory, "a") == {"a": KEPT}
    memory.correct(table(entry("k", "Dogge", request="request a", origin="human")))
    assert hypotheses(memory, "a") == {}


def test_compaction_keeps_several_translations_and_adds_none_to_other_files(memory: Memory):
    for key in "ab":
        memory.commit(table(entry(key, key)))
    list(memory.compact())
    (file,) = memory.translations.live()
    assert memory.translations.parsed(file, memory.translations.folder.read(file.name)).schema.equals(MEMORY_SCHEMA)
    memory.commit(several(entry("c", "Hund", hypotheses=KEPT)))
    list(memory.compact())
    assert len(memory.translations.live()) == 1
    assert texts(memory, "a", "b", "c") == {"a": "a", "b": "b", "c": "Hund"}
    assert hypotheses(memory, "a", "b", "c") == {"c": KEPT}


def test_a_frozen_memory_says_of_each_key_what_it_said_or_what_was_committed_here(tmp_path: Path):
    here, other = Memory(Folder(tmp_path / "memory")), Memory(Folder(tmp_path / "memory"))
    other.commit(table(failed("failed"), entry("known", "Hund"), failed("retried")))
    here.freeze()
    other.commit(table(entry("failed", "geheilt"), failed("new"), entry("retried", "früher")))
    here.commit(table(entry("own", "eigen"), failed("again"), entry("retried", "später")))
    other.commit(table(entry("new", "neu"), entry("again", "nochmal")))
    keys = ("failed", "known", "retried", "new", "own", "again")
    frozen = {"failed": None, "known": "Hund", "retried": "früher", "new": None, "own": "eigen", "again": None}
    assert texts(here, *keys) == frozen
    assert here.missing(wanted(*keys)).is_empty()
    here.freeze()
    assert texts(here, *keys) == {**frozen, "failed": "geheilt", "new": "neu", "again": "nochmal"}


def test_a_correction_counts_for_whoever_begins_after_it(tmp_path: Path):
    here, other = Memory(Folder(tmp_path / "memory")), Memory(Folder(tmp_path / "memory"))
    here.commit(table(entry("k", "Hund", request="request k")))
    here.freeze()
    other.correct(table(entry("c", "Dackel", request="request k", origin="human")))
    assert texts(here, "k") == {"k": "Hund"}
    assert texts(other, "k") == {"k": "Dackel"}
    here.freeze()
    assert texts(here, "k") == {"k": "Dackel"}


def test_files_of_other_directions_that_were_added_here_are_not_opened(tmp_path: Path):
    memory = Memory(Folder(tmp_path / "memory"))
    memory.commit(table(entry("d", "Hund")))
    french = memory.commit(table(entry("f", "chien", target_lang="fra_Latn")))
    (tmp_path / "memory/translations" / french.name).write_bytes(b"damaged")
    assert texts(memory, "d") == {"d": "Hund"}
    assert memory.missing(wanted("d")).is_empty()
    assert memory.set_aside == []
    assert memory.missing(wanted("f", lang="fra_Latn")).height == 1
    assert len(memory.set_aside) == 1
