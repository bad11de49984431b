"""Rows of other tasks belong to the row that they are made from, in every language and build."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml
from pydantic import ValidationError
from rich.console import Console

from glotmill.engine.cli.build_page import print_summary
from glotmill.engine.commands.job import prepare
from glotmill.engine.commands.load_recipe import FAMILIES, load_recipe
from glotmill.engine.commands.plan import make_plan
from glotmill.engine.runs.progress import ProgressReport
from glotmill.engine.text.segments import split
from glotmill.engine.text.text_structure import sentence_count
from glotmill.engine.translators import fake
from glotmill.recipes import Recipe
from glotmill.schemas.errors import InputError

LANGS = ["eng_Latn", "deu_Latn", "fra_Latn", "ces_Latn"]
NAMES = {"deu_Latn": "German", "fra_Latn": "French", "ces_Latn": "Czech", "eng_Latn": "English"}


@pytest.fixture
def recipe(tmp_path: Path):
    """Writes a recipe over rows given by source, with the fake engine."""

    def write(rows: dict[str, list[dict[str, Any]]], **keys: Any) -> Path:
        sources = {}
        for name, listed in rows.items():
            path = tmp_path / f"{name}.jsonl"
            path.write_text("".join(json.dumps(row) + "\n" for row in listed), encoding="utf-8")
            sources[name] = {"format": "jsonl", "path": str(path), "license": "mit"}
        content = {
            "name": "derived", "sources": sources, "languages": LANGS, "workers": 0, "templates": {},
            "translate": {"engine": "fake"}, "score": {"scorers": ["integrity"]}, "memory": str(tmp_path / "memory"),
        }  # fmt: skip
        path = tmp_path / "recipe.yaml"
        path.write_text(yaml.safe_dump({**content, **keys}))
        return path

    return write


def questions(count: int) -> list[dict[str, Any]]:
    return [
        {
            "id": f"q{i}",
            "task": "vqa_open",
            "image": f"{i}.jpg",
            "question": f"What holds thing {i}?",
            "answers": [f"hand {i}"],
        }
        for i in range(count)
    ]


def captions(count: int) -> list[dict[str, Any]]:
    return [
        {
            "id": f"c{i}",
            "task": "caption",
            "image": f"{i // 2}.jpg",
            "caption": f"A dog number {i} in the {i % 7} garden",
        }
        for i in range(count)
    ]


def records(out: Path, lang: str) -> pl.DataFrame:
    return pl.read_parquet(out / f"dataset/data/{lang}/*.parquet")


def samples(out: Path, name: str) -> pl.DataFrame:
    return pl.read_parquet(out / f"samples/{name}.parquet")


def test_a_generated_question_goes_with_the_answer_of_its_own_row(recipe, run, tmp_path):
    """mBLIP joined questions and answers of two shuffled lists by position: none of its pairs belong together."""
    path = recipe({"vqa": questions(60)}, derive={"vqg": {"kind": "vqg", "sources": ["vqa"]}}, mix={"mode": "one_each"})
    run(path)
    made = samples(tmp_path / "out", "vqg")
    origin = dict(samples(tmp_path / "out", "vqa").select("source_id", "source_answers").iter_rows())
    assert made.height == 60
    for row in made.iter_rows(named=True):
        assert row["source_answers"] == origin[row["derived_from"][0]]
        number = row["source_answers"][0].split()[1]
        assert row["source_messages"][1]["content"] == f"What holds thing {number}?"
        assert f"hand {number}" in row["source_messages"][0]["content"]
    assert set(made["source_id"]) & set(origin) == set()
    own = dict(samples(tmp_path / "out", "vqa").select("source_id", "langs").iter_rows())
    assert any(row["langs"] != own[row["derived_from"][0]] for row in made.iter_rows(named=True))


def test_the_instruction_names_the_language_of_the_question_that_is_asked_for(recipe, run, tmp_path):
    path = recipe({"vqa": questions(20)}, derive={"vqg": {"kind": "vqg", "sources": ["vqa"]}})
    run(path)
    for lang in LANGS:
        for row in records(tmp_path / "out", lang).filter(task="vqg").iter_rows(named=True):
            assert NAMES[lang] in row["messages"][0]["content"]
            assert not any(NAMES[c] in row["messages"][0]["content"] for c in LANGS if c != lang)
            assert row["answers"][0] in row["messages"][0]["content"]


def test_the_identity_of_a_derived_row_survives_appended_rows(recipe, run, tmp_path):
    derive = {"vqg": {"kind": "vqg", "sources": ["vqa"]}, "one": {"kind": "captions", "sources": ["coco"]}}
    run(recipe({"vqa": questions(10), "coco": captions(10)}, derive=derive))
    before = {name: set(samples(tmp_path / "out", name)["source_id"]) for name in derive}
    run(recipe({"vqa": questions(14)[::-1], "coco": captions(13)}, derive=derive))
    for name, ids in before.items():
        assert ids < set(samples(tmp_path / "out", name)["source_id"])


def test_half_of_the_matching_rows_are_another_images_caption_and_say_no(recipe, run, tmp_path):
    path = recipe({"coco": captions(200)}, derive={"match": {"kind": "matching", "sources": ["coco"], "ceiling": 0.99}})
    run(path)
    made = samples(tmp_path / "out", "match")
    texts = {row["source_id"]: row for row in samples(tmp_path / "out", "coco").iter_rows(named=True)}
    no = made.filter(pl.col("source_answers").list.first() == "no")
    assert made.height == 200
    assert 70 < no.height < 130
    for row in made.iter_rows(named=True):
        caption, *_ = (slot["text"] for slot in row["slots"])
        shown = texts[row["derived_from"][-1]]
        # A caption shown for the first time stands as its source has it; templates do not touch it.
        assert caption in shown["source_messages"][1]["content"]
        assert (row["image_refs"] == shown["image_refs"]) == (row["source_answers"] == ["yes"])
    german = records(tmp_path / "out", "deu_Latn").filter(task="matching")
    assert set(german["answers"].list.first()) == {"ja", "nein"}


def test_one_caption_an_image_out_of_several(recipe, run, tmp_path):
    for pick in ("seeded", "longest", "central", "join"):
        derive = {"one": {"kind": "captions", "sources": ["coco"], "pick": pick}}
        run(recipe({"coco": captions(20)}, derive=derive, mix={"skip": ["coco"]}), out=pick)
        made = samples(tmp_path / pick, "one")
        texts = {
            row["source_id"]: row["source_messages"][1]["content"]
            for row in samples(tmp_path / pick, "coco").rows(named=True)
        }
        assert made.height == 10
        for row in made.iter_rows(named=True):
            own = [texts[parent] for parent in row["derived_from"]]
            text = row["source_messages"][1]["content"]
            assert len(own) == 2
            assert text == own[0] if pick != "join" else all(f"{one}." in text for one in own)
            assert pick != "join" or sentence_count(text, "eng_Latn") == len(set(own))
        assert samples(tmp_path / pick, "coco")["langs"].to_list() == [[]] * 20


def test_joined_captions_are_sentences_that_are_all_there_in_every_language(recipe, run, tmp_path):
    rows = [
        {"id": str(n), "task": "caption", "image": "a.jpg", "caption": text}
        for n, text in enumerate(["a man rides a horse on Crapo St.", "two dogs run", 'a sign that says "go." ,'])
    ]
    derive = {"one": {"kind": "captions", "sources": ["coco"], "pick": "join"}}
    run(recipe({"coco": rows}, derive=derive, mix={"skip": ["coco"]}))
    (row,) = records(tmp_path / "out", "deu_Latn").rows(named=True)
    assert row["row_status"] == "ok"
    source, target = row["source_messages"][1]["content"], row["messages"][1]["content"]
    alone = {"A man rides a horse on Crapo St.", "Two dogs run.", 'A sign that says "go."'}
    assert set(split(source, "eng_Latn").requests) == alone
    assert sentence_count(source, "eng_Latn") == sentence_count(target, "deu_Latn") == 3


def test_conversations_are_cut_into_turns_and_long_replies_left_out(recipe, run, tmp_path):
    talk = {
        "id": "t", "task": "conversation", "images": ["t.jpg"],
        "messages": [
            {"role": "user", "content": "<image>\nWhat is this?"}, {"role": "assistant", "content": "A small dog."},
            {"role": "user", "content": "And where?"},
            {"role": "assistant", "content": "One. Two here. Three there. Four now."},
            {"role": "user", "content": "Is it big?"}, {"role": "assistant", "content": "It is small."},
        ],
    }  # fmt: skip
    run(recipe({"talk": [talk]}, derive={"turns": {"kind": "turns", "sources": ["talk"], "max_sentences": 3}}))
    made = samples(tmp_path / "out", "turns")
    assert [[turn["content"] for turn in row] for row in made["source_messages"]] == [
        ["<image>\nWhat is this?", "A small dog."], ["<image>\nIs it big?", "It is small."],
    ]  # fmt: skip


def test_chains_of_thought_keep_the_rationale_and_end_in_the_answer(recipe, run, tmp_path):
    row = {
        "id": "e", "task": "explanation", "image": "e.jpg", "choices": ["a bus", "a train"], "answer_index": 1,
        "messages": [
            {"role": "user", "content": "<image>\nWhat comes here?"},
            {"role": "assistant", "content": "There are rails"},
        ],
    }  # fmt: skip
    run(recipe({"why": [row]}, derive={"cot": {"kind": "cot", "sources": ["why"]}}))
    (made,) = samples(tmp_path / "out", "cot").rows(named=True)
    reply = made["source_messages"][1]["content"]
    assert "There are rails." in reply
    assert "a train" in reply
    german = records(tmp_path / "out", "deu_Latn").filter(pl.col("template_id").str.starts_with("cot"))
    (found,) = german.rows(named=True)
    assert "Thereˈdeu areˈdeu railsˈdeu." in found["messages"][1]["content"]
    assert found["answers"][0] in found["messages"][1]["content"]
    (plain,) = (
        records(tmp_path / "out", "deu_Latn")
        .filter(pl.col("template_id").str.starts_with("explanation"))
        .rows(named=True)
    )
    assert plain["messages"][1]["content"] == "Thereˈdeu areˈdeu railsˈdeu"
    assert plain["choices"][1] in plain["messages"][0]["content"]


def mark(lang: str) -> str:
    return "ˈ" + lang[:3]


def test_cross_lingual_pairs_ask_in_one_language_and_reply_in_another(recipe, run, tmp_path):
    derive = {mode: {"kind": "cross_lingual", "sources": ["talk"], "mode": mode} for mode in ("en2x", "x2en", "x2x")}
    talk = [
        {"id": f"t{i}", "task": "conversation", "messages": [
            {"role": "user", "content": f"Where is dog {i}?"},
            {"role": "assistant", "content": f"The dog {i} is here."}]}
        for i in range(30)
    ]  # fmt: skip
    run(recipe({"talk": talk}, derive=derive, mix={"mode": "one_each", "skip": ["talk"]}))
    plans = {row["source_id"]: row for mode in derive for row in samples(tmp_path / "out", mode).rows(named=True)}
    seen = 0
    for lang in LANGS[1:]:
        for row in records(tmp_path / "out", lang).iter_rows(named=True):
            seen += 1
            asks, replies = (turn["content"] for turn in row["messages"])
            plan = plans[row["source_id"]]["turn_plan"]
            if plan[1] == "source":
                assert mark(lang) in asks
                assert "ˈ" not in replies
                assert row["turn_langs"] == [lang, "eng_Latn"]
            else:
                assert mark(lang) in replies
                assert ("ˈ" not in asks) if plan[0] == "source" else (mark(plan[0]) in asks)
                assert row["turn_langs"][1] == lang != row["turn_langs"][0]
    assert seen == 90
    assert records_absent(tmp_path / "out", "eng_Latn")


def records_absent(out: Path, lang: str) -> bool:
    return not (out / f"dataset/data/{lang}").exists()


def test_translation_rows_hold_a_text_and_its_translation_without_image(recipe, run, tmp_path):
    derive = {
        "into": {
            "kind": "translation",
            "sources": ["coco"],
            "text": "assistant",
            "direction": "into_english",
            "rows": 6,
        },
        "out_of": {
            "kind": "translation",
            "sources": ["coco"],
            "text": "assistant",
            "direction": "from_english",
            "rows": 6,
        },
    }
    run(recipe({"coco": captions(20)}, derive=derive, mix={"skip": ["coco"]}))
    rows = records(tmp_path / "out", "deu_Latn")
    assert rows.height == 12
    for row in rows.iter_rows(named=True):
        asked, reply = (turn["content"] for turn in row["messages"])
        (source,) = [text for text in (asked, reply) if "dog" in text and "ˈ" not in text]
        assert row["image_refs"] == []
        if source == reply:
            assert "English" in asked
            assert "dogˈdeu" in asked
        else:
            assert "German" in asked
            assert reply.startswith("A dogˈdeu")


LABELS = "\n".join(
    ["label_id\tflores_code\tname\tsource\tautomatic"]
    + [f"n{i}\teng_Latn\tthing {i}\tWN\t0" for i in range(4)]
    + [f"n{i}\tdeu_Latn\tDing {i}\tWN\t0" for i in range(4)]
    + [f"n{i}\tfra_Latn\tchose {i}\tWN\t0" for i in range(2)]
)  # fmt: skip


def test_labels_come_from_the_table_in_languages_that_have_them(recipe, run, tmp_path):
    (tmp_path / "labels.tsv").write_text(LABELS + "\n")
    classes = [{"id": f"i{i}", "task": "caption", "image": f"i{i}.jpg", "caption": f"n{i % 5}"} for i in range(40)]
    derive = {
        "name": {"kind": "classification", "sources": ["classes"]},
        "ask": {"kind": "decide", "sources": ["classes"]},
    }
    path = recipe(
        {"classes": classes}, derive=derive, labels={"table": str(tmp_path / "labels.tsv")},
        mix={"mode": "one_each", "skip": ["classes"]},
    )  # fmt: skip
    summary = run(path)
    assert summary.derived["name"].rows == summary.derived["ask"].rows == 32  # n4 is not in the table
    assert summary.segments.translated == 0  # nothing but instructions in English and names from the table
    english = {row["source_id"]: row for name in derive for row in samples(tmp_path / "out", name).rows(named=True)}
    words = {"eng_Latn": "thing", "deu_Latn": "Ding", "fra_Latn": "chose"}
    for lang, word in words.items():
        for row in records(tmp_path / "out", lang).iter_rows(named=True):
            sample = english[row["source_id"]]
            (slot,) = [slot for slot in sample["slots"] if slot["label"]]
            name = f"{word} {slot['label'][1:]}"
            if row["task"] == "classification":
                assert row["messages"][1]["content"] == row["answers"][0] == name
            else:
                assert name in row["messages"][0]["content"]
                own = slot["label"] == f"n{int(row['source']['row_id'][1:]) % 5}"
                assert row["source_answers"] == (["yes"] if own else ["no"])
    assert records_absent(tmp_path / "out", "ces_Latn")


def test_a_dictionary_translates_frequent_answers_whose_way_back_gives_them_again(recipe, run, tmp_path):
    rows = questions(6)
    for i, row in enumerate(rows):
        row["answers"] = ["blue" if i < 4 else "hand 4" if i == 4 else "rare"]
    path = recipe({"vqa": rows}, answers={"dictionary": {"min_count": 2}}, languages=["deu_Latn"])
    summary = run(path)
    found = records(tmp_path / "out", "deu_Latn")["answers"].list.first().to_list()
    assert found == ["blueˈdeu"] * 4 + ["hand 4", "rare"]
    assert summary.back_translation is not None
    assert summary.languages["deu_Latn"].answers == {"dictionary": 4, "source": 2}
    # An engine that gives the English word back has no translation to offer.
    echo = recipe({"vqa": rows}, answers={"dictionary": {"min_count": 2}}, languages=["deu_Latn"],
                  translate={"engine": "fake", "fault": "echo"})  # fmt: skip
    run(echo, out="echo", memory=tmp_path / "other")
    assert records(tmp_path / "echo", "deu_Latn")["answers"].list.first().to_list()[:4] == ["blue"] * 4


@pytest.fixture
def izquierda(monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine whose German for "left" is the Spanish word, which it translates back as such."""
    mark = fake._mark
    there = {"left": "izquierda", "red": "rojo", "small": "pequeño"}
    back = {word: answer for answer, word in there.items()}

    def translated(text: str, target: str) -> str:
        if target == "eng_Latn" and text in back:
            return back[text]
        known = there if target == "spa_Latn" else {"left": "izquierda", "red": "rot"}
        return known[text] if target != "eng_Latn" and text in known else mark(text, target)

    monkeypatch.setattr(fake, "_mark", translated)
    back["rot"] = "red"


def test_a_word_of_a_third_language_stays_english_and_is_listed(recipe, run, tmp_path, izquierda):
    rows = questions(6)
    for row, answer in zip(rows, ["left"] * 3 + ["red"] * 3, strict=True):
        row["answers"] = [answer]
    keys = {"answers": {"dictionary": {"min_count": 2}}, "templates": None}
    alone = recipe({"vqa": rows}, languages=["deu_Latn"], **keys)
    assert run(alone).languages["deu_Latn"].answers == {"dictionary": 6}  # nothing tells whose word it is

    both = recipe({"vqa": rows}, languages=["deu_Latn", "spa_Latn"], **keys)
    summary = run(both)
    assert summary.languages["deu_Latn"].answers == {"dictionary": 3, "set_apart": 3}
    assert summary.languages["spa_Latn"].answers == {"dictionary": 6}
    assert summary.shards == {"re-translate": 1, "new": 1}
    german = records(tmp_path / "out", "deu_Latn")
    assert german["answers"].list.first().to_list() == ["left"] * 3 + ["rot"] * 3
    assert german["turn_langs"].list.last().to_list() == ["eng_Latn"] * 3 + ["deu_Latn"] * 3
    assert german["mt"].struct.field("copied_fields").list.len().to_list() == [2, 2, 2, 0, 0, 0]

    listed = {"entries": 2, "other_language": False,
              "apart": [{"answer": "left", "word": "izquierda", "same_in": ("spa_Latn",)}]}  # fmt: skip
    assert summary.as_json()["dictionaries"]["deu_Latn"] == listed
    manifest = json.loads((tmp_path / "out/dataset/manifest.json").read_text())
    assert manifest["dictionaries"]["deu_Latn"] == json.loads(json.dumps(listed))
    assert "1 of 4 words of the answer dictionaries are set apart" in (tmp_path / "out/dataset/README.md").read_text()
    shown = StringIO()
    print_summary(summary, Console(file=shown, width=1000))
    assert "dictionary of deu_Latn: 1 of 2 words set apart" in shown.getvalue()
    assert "left → izquierda (as in spa_Latn)" in shown.getvalue()

    again = run(both)
    assert (again.shards, again.dictionaries) == ({"reuse": 2}, summary.dictionaries)
    job = prepare(load_recipe(str(both)), out=tmp_path / "out", memory=tmp_path / "memory")
    (tmp_path / "out/runs/0002-x").mkdir()  # so that the plan looks at everything
    assert {change.action for change in make_plan(job, ProgressReport()).shards} == {"reuse"}


def test_a_joint_translation_that_did_not_come_back_in_its_fields_fails_its_record(recipe, run, tmp_path):
    rows = questions(8)
    for row in rows:
        row["answers"] = ["red"]
    engine = {"engine": "fake", "fault": "drop_sentence"}
    answers = {"context": True, "context_miss": "fail"}
    path = recipe({"vqa": rows}, answers=answers, languages=["deu_Latn"], translate=engine, max_failed=1)
    assert run(path).languages["deu_Latn"].failed == {"field_count": 8}
    whole = recipe({"vqa": rows}, answers=answers, languages=["deu_Latn"])
    assert run(whole, out="whole").languages["deu_Latn"].kept == 8


MINIMAL: dict[str, Any] = {
    "name": "small", "sources": {"s": {"format": "jsonl", "path": "s.jsonl", "license": "mit"}},
    "languages": ["deu_Latn"], "translate": {"engine": "fake"},
}  # fmt: skip


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"derive": {"v": {"kind": "vqg", "sources": ["s"]}}}, "derive needs a 'templates' section"),
        (
            {"derive": {"v": {"kind": "vqg", "sources": ["x"]}}, "templates": {}},
            r"derive\.v\.sources: no source is called 'x'",
        ),
        ({"derive": {"s": {"kind": "vqg", "sources": ["s"]}}, "templates": {}}, "the name s is taken"),
        (
            {"derive": {"v": {"kind": "decide", "sources": ["s"]}}, "templates": {}},
            r"derive\.v: it needs a 'labels' section",
        ),
        ({"labels": {"table": "labels.tsv"}}, "labels: nothing under 'derive' uses it"),
        ({"mix": {"skip": ["t"]}}, r"mix\.skip: no source is called 't'"),
        ({"mix": {"weights": "mc4"}}, "use mode one_each"),
        ({"mix": {"mode": "one_each", "english_share": 0.5}}, "english_share needs eng_Latn"),
        ({"mix": {"exclude": {"ocr": ["xx"]}}}, "unknown language code"),
        ({"splits": {"validation": 0.6, "test": 0.4}}, "no rows to train on"),
    ],
)
def test_a_recipe_that_does_not_fit_is_refused(keys: dict[str, Any], message: str):
    with pytest.raises(ValidationError, match=message):
        Recipe.model_validate({**MINIMAL, **keys}, context={"families": FAMILIES})


def test_an_unknown_kind_names_the_known_ones(recipe):
    path = recipe({"vqa": questions(1)}, derive={"v": {"kind": "vqq", "sources": ["vqa"]}})
    with pytest.raises(InputError, match=r"derive\.v.*unknown kind 'vqq'"):
        load_recipe(str(path))
