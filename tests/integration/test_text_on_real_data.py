"""Long answers and questions of real datasets through the real embedded model and the tables."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import orjson
import polars as pl
import pytest
import yaml

from glotmill.engine.text.answers import AnswerRule
from glotmill.engine.text.composition import EngineName, compose
from glotmill.engine.text.fields import answer_requests, turn_requests
from glotmill.engine.text.parts import Entry
from glotmill.engine.text.text_structure import sentence_count, structure
from glotmill.recipes.model import Answers

TARGETS = ["deu_Latn", "fra_Latn", "ces_Latn"]


@pytest.fixture(scope="module")
def llava(shared_data: Path) -> list[dict]:
    lines = (shared_data / "llava/coco2014_val_gpt4_qa_30x3.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def test_long_answers_keep_their_sentences_or_say_that_one_was_dropped(llava, run, tmp_path: Path):
    rows = [
        {
            "id": f"{row['id']}-{number}",
            "task": "conversation",
            "image": row["image"],
            "messages": [
                {"role": "user", "content": f"<image>\n{row['instruction']}"},
                {"role": "assistant", "content": row["output"]},
            ],
        }
        for number, row in enumerate(llava)
    ]
    (tmp_path / "llava.jsonl").write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    recipe = {
        "name": "llava",
        "sources": {"qa": {"format": "jsonl", "path": "llava.jsonl", "license": "cc-by-nc-4.0"}},
        "languages": TARGETS,
        "translate": {"engine": "nllb", "model": "embedded", "beam_size": 1},
        "score": {"scorers": ["integrity", "numbers"]},
        "workers": 0,
        "max_failed": 1,
    }
    (tmp_path / "llava.yaml").write_text(yaml.safe_dump(recipe), encoding="utf-8")
    summary = run(tmp_path / "llava.yaml", memory=tmp_path / "memory")
    reasons: Counter[str] = Counter()
    for lang in TARGETS:
        for row in pl.read_parquet(summary.dataset / f"data/{lang}/*.parquet").iter_rows(named=True):
            if row["row_status"] == "failed":
                reasons[row["filter_reasons"][0]] += 1
                continue
            for source, target in zip(row["source_messages"], row["messages"], strict=True):
                assert structure(source["content"]) == structure(target["content"])
                wanted = sentence_count(source["content"], "eng_Latn")
                assert wanted == 1 or sentence_count(target["content"], lang) >= wanted
    assert set(reasons) <= {"sentence_dropped", "hit_limit", "looped", "empty_output", "list_marker_mismatch"}
    assert reasons.total() <= 0.1 * 270
    assert summary.segments.retried > 0


@pytest.mark.parametrize("split", ["dev", "train_48"])
def test_every_yes_and_no_is_right_in_three_languages_with_the_real_model(shared_data: Path, run, tmp_path, split: str):
    words = {"deu_Latn": ("ja", "nein"), "fra_Latn": ("oui", "non"), "ces_Latn": ("ano", "ne")}
    overrides = (
        f"sources.questions.path={shared_data / f'xgqa/en/{split}.json'}", "workers=0", "limit=500",
        "answers={policy: target}", "score.scorers=[integrity]", "filter={}",
    )  # fmt: skip
    summary = run("gqa", *overrides, memory=tmp_path / "memory")
    for lang, (yes, no) in words.items():
        rows = pl.read_parquet(summary.dataset / f"data/{lang}/*.parquet").filter(row_status="ok")
        asked = rows["source_answers"].list.first()
        given = rows["answers"].list.first()
        assert set(given.filter(asked == "yes")) == {yes}
        assert set(given.filter(asked == "no")) == {no}
        assert (asked.is_in(["yes", "no"])).sum() > 100
        spoken = rows["messages"].list.last().struct.field("content")
        assert (spoken == given).all()


@pytest.mark.parametrize(
    ("short", "lang"),
    [("de", "deu_Latn"), ("pt", "por_Latn"), ("ru", "rus_Cyrl"), ("id", "ind_Latn"), ("bn", "ben_Beng"),
     ("ko", "kor_Hang"), ("zh", "zho_Hans")],
)  # fmt: skip
def test_human_translations_of_all_questions_compose_with_every_yes_and_no_by_table(shared_data: Path, short, lang):
    """The people's translations stand for an engine's: none of them may be called damaged."""
    rule = AnswerRule(Answers(policy="target"), {})
    words = {
        "deu_Latn": ("ja", "nein"), "por_Latn": ("sim", "não"), "rus_Cyrl": ("да", "нет"), "ind_Latn": ("ya", "tidak"),
        "ben_Beng": ("হ্যাঁ", "না"), "kor_Hang": ("네", "아니요"), "zho_Hans": ("是", "否"),
    }[lang]  # fmt: skip
    failures: Counter[str] = Counter()
    total = 0
    for split in ("dev", "train_48"):
        english, other = (
            json.loads((shared_data / f"xgqa/{code}/{split}.json").read_text(encoding="utf-8"))
            for code in ("en", short)
        )
        for key, question in english.items():
            row = {
                "source_id": key, "task": "vqa_open", "source_lang": "eng_Latn", "source_choices": None,
                "source_answers": [question["answer"]], "answer_index": None,
                "source_messages": [{"role": "user", "content": f"<image>\n{question['question']}"},
                                    {"role": "assistant", "content": question["answer"]}],
            }  # fmt: skip
            asked = turn_requests(row)
            bare, _ = answer_requests(row, lang, rule)
            human = other[key]["question"]
            entries = dict.fromkeys(asked, Entry(human, None, None, None, hit_limit=False, back=None))
            entries |= {text: Entry("x" + text, None, None, None, hit_limit=False, back=None) for text in bare}
            made = compose(
                row,
                lang,
                {(lang, text): known for text, known in entries.items()},
                rule,
                EngineName("human", "human", "h"),
            )
            total += 1
            if made.failure:
                failures[made.failure] += 1
            elif question["answer"] in ("yes", "no"):
                expected = words[question["answer"] == "no"]
                assert made.columns["answers"] == [expected]
                assert made.columns["messages"][1]["content"] == expected
    assert total == 2_912
    assert failures.total() <= 3, failures
