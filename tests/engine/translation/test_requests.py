from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from glotmill.engine.memory.entries import Direction
from glotmill.engine.samples.sample_files import sample_files, sample_rows, sample_tables
from glotmill.engine.text.answers import AnswerRule
from glotmill.engine.translation.requests import segments_of
from glotmill.recipes.model import Answers
from glotmill.schemas.sample import SAMPLE_SCHEMA


def write(path: Path, *turns: str, langs: list[str], answer: str = "red") -> None:
    rows = [
        {
            "source_id": f"s1:{i}", "task": "vqa_open", "source_lang": "eng_Latn", "langs": langs,
            "source_messages": [{"role": "user", "content": turn}, {"role": "assistant", "content": answer}],
            "source_answers": [answer],
        }
        for i, turn in enumerate(turns)
    ]  # fmt: skip
    pq.write_table(pa.Table.from_pylist(rows, schema=SAMPLE_SCHEMA), path)


def asked(files: list[Path], rule: AnswerRule) -> dict[tuple[str, str], int]:
    segments = segments_of(sample_tables(files), rule)
    return {
        (direction.target_lang, text): count
        for direction in segments.directions()
        for text, count in segments.table(direction).select("text", "asked").iter_rows()
    }


def test_each_text_is_counted_as_often_as_it_is_asked_in_each_language(tmp_path: Path):
    write(tmp_path / "a.parquet", "What is it?", "What is it?", "<image>", langs=["deu_Latn", "fra_Latn"])
    write(tmp_path / "b.parquet", "What is it?", langs=["deu_Latn"])
    files = sample_files(tmp_path, ["a", "b"])
    assert asked(files, AnswerRule(Answers(policy="source"), {})) == {
        ("deu_Latn", "What is it?"): 3,
        ("fra_Latn", "What is it?"): 2,
    }


def test_answers_are_asked_only_under_policy_target_and_outside_the_table(tmp_path: Path):
    write(tmp_path / "a.parquet", "42", langs=["deu_Latn", "fra_Latn"])
    rule = AnswerRule(Answers(policy="target"), {"deu_Latn": {"red": "rot"}})
    assert asked([tmp_path / "a.parquet"], rule) == {("fra_Latn", "red"): 1}


def test_english_rows_ask_for_nothing(tmp_path: Path):
    write(tmp_path / "a.parquet", "What is it?", langs=["eng_Latn"])
    assert (
        segments_of(sample_tables([tmp_path / "a.parquet"]), AnswerRule(Answers(policy="target"), {})).directions()
        == []
    )


def test_rows_come_in_the_order_of_the_recipe(tmp_path: Path):
    for name in ("b", "a"):
        write(tmp_path / f"{name}.parquet", name, langs=["deu_Latn"])
    rows = sample_rows(sample_files(tmp_path, ["b", "a"]))
    assert [row["source_messages"][0]["content"] for row in rows] == ["b", "a"]


def test_carriers_are_marked_so_that_they_are_never_translated_back(tmp_path: Path):
    write(tmp_path / "a.parquet", "What is it?", langs=["deu_Latn"])
    segments = segments_of(
        sample_tables([tmp_path / "a.parquet"]), AnswerRule(Answers(policy="target", context=True), {})
    )
    frame = segments.table(Direction("eng_Latn", "deu_Latn"))
    marked = dict(frame.select("text", "carrier").iter_rows())
    assert marked == {"What is it?": False, "red": False, "What is it? Red.": True}
