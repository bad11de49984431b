"""Official files through the embedded model; skipped where the data is not at hand."""

from __future__ import annotations

from pathlib import Path

import orjson
import polars as pl
import pyarrow.parquet as pq
import pytest


def records(dataset: Path, lang: str) -> pl.DataFrame:
    return pl.read_parquet(dataset / "data" / lang / "*.parquet")


def test_coco_captions_build_with_both_balances_exact(shared_data: Path, run, tmp_path: Path):
    source = shared_data / "coco/captions_val2017.json"
    overrides = (f"sources.captions.path={source}", "limit=300", "workers=0")
    summary = run("coco_captions", *overrides, memory=tmp_path / "memory")
    assert (summary.sources["captions"].read, summary.sources["captions"].samples) == (300, 300)
    for lang, count in summary.languages.items():
        assert count.rows == 300 == count.kept + sum(count.dropped.values()) + sum(count.failed.values())
        assert count.kept > 150, lang


def test_captions_of_one_image_stay_separate_samples_with_one_image_id(shared_data: Path, run, tmp_path: Path):
    source = shared_data / "coco/captions_val2017.json"
    overrides = (f"sources.captions.path={source}", "workers=0", "languages=[eng_Latn]")
    summary = run("coco_captions", *overrides, memory=tmp_path / "memory")
    rows = records(summary.dataset, "eng_Latn")
    content = orjson.loads(source.read_bytes())
    assert rows.height == len(content["annotations"]) == 25_014
    images = rows["image_refs"].list.first().struct.unnest()
    assert images["image_id"].n_unique() == len({a["image_id"] for a in content["annotations"]})
    assert set(images["uri"]) <= {image["coco_url"] for image in content["images"]}


def test_gqa_keeps_answers_and_ids(shared_data: Path, run, tmp_path: Path):
    source = shared_data / "xgqa/en/dev.json"
    overrides = (f"sources.questions.path={source}", "limit=200", "workers=0", "languages=[deu_Latn]")
    summary = run("gqa", *overrides, memory=tmp_path / "memory")
    rows = records(summary.dataset, "deu_Latn")
    questions = orjson.loads(source.read_bytes())
    for row in rows.iter_rows(named=True):
        question = questions[row["source"]["row_id"]]
        assert row["source_answers"] == [question["answer"]]
        assert row["source_messages"][0]["content"] == f"<image>\n{question['question']}"
        assert row["messages"][1]["content"] == row["answers"][0]
    yes = rows.filter(pl.col("source_answers").list.first() == "yes")
    assert yes.height > 10
    assert set(yes["answers"].list.first()) == {"ja"}


def test_a_lone_answer_outside_the_table_stays_english_and_is_not_judged(shared_data: Path, run, tmp_path: Path):
    source = shared_data / "xgqa/en/dev.json"
    overrides = (f"sources.questions.path={source}", "limit=200", "workers=0", "languages=[deu_Latn]")
    rows = records(run("gqa", *overrides, memory=tmp_path / "memory").dataset, "deu_Latn")
    english = rows.filter(pl.col("turn_langs").list.last() == "eng_Latn")
    assert 0 < english.height < rows.height / 2
    assert english["answers"].equals(english["source_answers"].rename("answers"))
    assert english["turn_round_trip_chrf"].list.last().null_count() == english.height


@pytest.mark.parametrize("lang", ["de", "ru", "zh"])
def test_human_translated_questions_are_read_like_the_english_ones(shared_data: Path, run, tmp_path: Path, lang: str):
    """The reader does not care for the language of the file, only for its shape."""
    source = shared_data / f"xgqa/{lang}/dev.json"
    overrides = (f"sources.questions.path={source}", "workers=0", "languages=[eng_Latn]")
    summary = run("gqa", *overrides, out=lang, memory=tmp_path / "memory")
    assert summary.sources["questions"].rejected == 0
    assert pq.read_metadata(summary.dataset / "data/eng_Latn/train-00000.parquet").num_rows == 1_422
