"""One record is explained from the dataset, the samples and the memory, as far as they are there."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest

from glotmill.engine.commands.explain.explain_record import explain
from glotmill.engine.memory.entries import HUMAN, MEMORY_SCHEMA
from glotmill.engine.memory.translations import Memory
from glotmill.engine.runs.progress import ProgressReport
from glotmill.engine.storage.folder import Folder
from glotmill.schemas.errors import InputError, StoreError

QUIET = ProgressReport()


@pytest.fixture
def records(small_build: Path) -> pl.DataFrame:
    return pl.read_parquet(sorted((small_build / "dataset/data/deu_Latn").glob("*.parquet")))


@pytest.fixture
def memory(small_build: Path) -> Path:
    return small_build.parent / ".memory"


def files(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_everything_about_a_record_and_nothing_is_written(small_build, records, memory):
    before = files(small_build.parent)
    wanted = records.filter(pl.col("keep") & (pl.col("task") == "caption")).row(0, named=True)
    found = explain(small_build, wanted["record_id"], QUIET, memory=str(memory))
    assert found.record == wanted
    assert found.record["source"]["row_id"].startswith("c")
    assert found.notes == []
    (there,) = [segment for segment in found.segments if segment.where != "back-translation"]
    assert (there.where, there.target_lang) == ("turn 1", "deu_Latn")
    assert there.request == wanted["source_messages"][1]["content"]
    (entry,) = there.entries
    assert entry["text"] == wanted["messages"][1]["content"]
    assert (entry["engine"], entry["origin"], entry["failure"]) == ("fake", "machine", None)
    assert entry["logprob"] == pytest.approx(wanted["score_nmt_logprob"])
    (back,) = [segment for segment in found.segments if segment.where == "back-translation"]
    assert (back.source_lang, back.request) == ("deu_Latn", entry["text"])
    assert back.entries[0]["text"] == wanted["back_messages"][1]["content"]
    assert files(small_build.parent) == before


def test_a_failed_record_shows_the_entry_that_failed(small_build, records, memory):
    wanted = records.filter(pl.col("row_status") == "failed").row(0, named=True)
    found = explain(small_build, wanted["record_id"], QUIET, memory=str(memory))
    failures = [entry["failure"] for segment in found.segments for entry in segment.entries if entry["failure"]]
    assert failures == [f"failed:{wanted['filter_reasons'][0]}"]
    assert {rule.result for rule in found.rules} == {"not judged"}


def test_rules_with_the_scores_and_thresholds_that_they_compared(small_build, records, memory):
    wanted = records.filter(pl.col("filter_reasons").list.contains("user.unsure")).row(0, named=True)
    found = explain(small_build, wanted["record_id"], QUIET, memory=str(memory))
    rules = {rule.code: rule for rule in found.rules}
    assert {code for code, rule in rules.items() if rule.result == "fails"} == {"user.unsure", "user.doubtful"}
    assert rules["user.unsure"].values == {"score_nmt_logprob": wanted["score_nmt_logprob"]}
    assert rules["nmt.logprob"].thresholds == {"min_logprob": -1000}
    assert rules["nmt.logprob"].result == "passes"
    assert found.warnings == ["user.doubtful"]
    scores = {score.column: score for score in found.scores}
    assert scores["score_nmt_logprob"].direction == "higher"
    assert scores["score_nmt_logprob"].turns == wanted["turn_nmt_logprob"]
    assert found.shard.path.startswith("data/deu_Latn/")
    assert set(found.shard.fingerprints) == {"ingest", "translate", "score", "verdict", "pack"}


def test_turns_of_a_conversation_and_answers_have_their_places(small_build, records, memory):
    wanted = records.filter(pl.col("task") == "conversation").row(0, named=True)
    found = explain(small_build, wanted["record_id"], QUIET, memory=str(memory))
    assert {segment.where for segment in found.segments} >= {"turn 0", "turn 1", "turn 3"}


def test_a_correction_is_shown_once_as_a_persons(small_build, records, memory):
    wanted = records.filter(pl.col("keep") & (pl.col("task") == "caption")).row(0, named=True)
    entry = {
        "key": "k", "translator": HUMAN, "source_lang": "eng_Latn", "target_lang": "deu_Latn",
        "request": wanted["source_messages"][1]["content"], "text": "Ein Hund.", "attempt": 1, "settings": "",
        "origin": HUMAN, "provenance": '{"who": "A. Person"}',
    }  # fmt: skip
    Memory(Folder(memory)).correct(pa.Table.from_pylist([entry], schema=MEMORY_SCHEMA))
    found = explain(small_build, wanted["record_id"], QUIET, memory=str(memory))
    (shown,) = [entry for segment in found.segments for entry in segment.entries if segment.where == "turn 1"]
    assert (shown["text"], shown["origin"], shown["provenance"]) == ("Ein Hund.", HUMAN, '{"who": "A. Person"}')


def test_without_memory_and_samples_the_dataset_is_told_of(small_build, records, tmp_path):
    wanted = records.row(0, named=True)
    found = explain(small_build / "dataset", wanted["record_id"], QUIET, memory=str(tmp_path / "nowhere"))
    assert found.record == wanted
    assert found.segments
    assert all(segment.entries == [] for segment in found.segments)
    (note,) = found.notes
    assert "there is none, so nothing is known of the segments" in note


def test_an_unreadable_memory_is_named_and_left_as_it_is(small_build, records, memory):
    (first, *_) = sorted((memory / "translations").glob("*.parquet"))
    first.write_bytes(b"PAR1 no more")
    before = files(memory)
    with pytest.raises(StoreError, match=r"the next build sets it aside"):
        explain(small_build, records["record_id"][0], QUIET, memory=str(memory))
    assert files(memory) == before


def test_a_verdict_that_was_edited_and_a_sample_that_changed_are_noted(small_build, records, memory):
    (path,) = (small_build / "samples").glob("small.parquet")
    samples = pl.read_parquet(path).with_columns(source_hash=pl.lit("other"))
    samples.write_parquet(path)
    shard = small_build / "dataset/data/deu_Latn/train-00000.parquet"
    pl.read_parquet(shard).with_columns(keep=~pl.col("keep")).write_parquet(shard)
    found = explain(small_build, records["record_id"][0], QUIET, memory=str(memory))
    assert any("sample changed since" in note for note in found.notes)
    assert any("the stored verdict is not the one" in note for note in found.notes)


@pytest.mark.parametrize("head", ["r1:", ""])
def test_the_beginning_of_an_id_is_enough_where_no_other_begins_so(small_build, records, memory, head):
    known = records["record_id"][20]
    assert explain(small_build, f"{head}{known[3:15]}", QUIET, memory=str(memory)).record["record_id"] == known
    with pytest.raises(InputError, match=r"several records begin so, such as r1:.*, r1:.*; give more of the id"):
        explain(small_build, "r1:", QUIET, memory=str(memory))
    with pytest.raises(InputError, match=r"no such record in .*; the column record_id"):
        explain(small_build, "r1:zzz", QUIET, memory=str(memory))
