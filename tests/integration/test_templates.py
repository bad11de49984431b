"""Instructions stand around the rows in the language that the recipe asks for, and every text in its own slot."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from glotmill.recipes.sections.templates import SLOT, load_bank
from glotmill.schemas.errors import InputError

BANK = {template.name: template for templates in load_bank(None).values() for template in templates}
MIX = {"mode": "one_each"}


def records(dataset: Path, lang: str) -> pl.DataFrame:
    return pl.read_parquet(dataset / f"data/{lang}/*.parquet")


def turns(row: dict) -> tuple[str, str]:
    return row["messages"][0]["content"], row["messages"][1]["content"]


def test_an_english_instruction_names_the_language_of_the_reply(recipe_file, run):
    dataset = run(recipe_file(templates={"instruction": "source"}, answers={"policy": "source"})).dataset
    rows = records(dataset, "deu_Latn")
    for row in rows.filter(task="caption").iter_rows(named=True):
        user, assistant = turns(row)
        assert user == "<image>\n" + BANK[row["template_id"]].user.replace("{language}", "German")
        assert row["source_messages"][0]["content"] == user.replace("German", "English")
        assert assistant.startswith("Aˈdeu") or "ˈdeu" in assistant
        assert row["turn_langs"] == ["eng_Latn", "deu_Latn"]
        assert row["mt"]["copied_fields"] == ["messages[0].content"]
    for row in rows.filter(task="vqa_open").iter_rows(named=True):
        user, assistant = turns(row)
        start, _, end = BANK[row["template_id"]].user.replace("{language}", "English").partition("{question}")
        assert user.startswith(f"<image>\n{start}Whatˈdeu colorˈdeu")
        assert user.endswith(end)
        assert assistant == "red"  # the answer stays English, so English is what the instruction names
    assert set(records(dataset, "swh_Latn").filter(task="caption")["template_id"]) <= set(BANK)


def test_a_sample_has_the_same_template_in_every_language_and_build(recipe_file, run):
    recipe = recipe_file(templates={"seed": 5})
    dataset = run(recipe).dataset
    one, other = (records(dataset, lang)["template_id"] for lang in ("deu_Latn", "swh_Latn"))
    assert one.equals(other)
    assert one.n_unique() > 6
    assert (
        run(recipe, out="again").dataset.joinpath("data/deu_Latn/train-00000.parquet").read_bytes()
        == (dataset / "data/deu_Latn/train-00000.parquet").read_bytes()
    )
    reseeded = records(run(recipe_file(templates={"seed": 6}), out="more").dataset, "deu_Latn")["template_id"]
    assert not reseeded.equals(one)


def test_a_translated_instruction_is_in_the_target_language_and_judged(recipe_file, run):
    dataset = run(recipe_file(templates={"instruction": "target"})).dataset
    for row in records(dataset, "deu_Latn").filter(task="vqa_open").iter_rows(named=True):
        user, _ = turns(row)
        words = [w for w in user.removeprefix("<image>\n").split() if len(w.strip(".,:?")) > 2]
        assert all("ˈdeu" in word for word in words), user
        assert not SLOT.search(user)
        assert row["turn_nmt_logprob"][0] is not None


def test_a_reviewed_translation_is_used_as_it_stands(recipe_file, run, tmp_path):
    table = tmp_path / "t.tsv"
    lines = [
        f"{name}\tdeu_Latn\tFRAGE {' '.join('{' + slot + '}' for slot in SLOT.findall(t.user))}\t\treviewed"
        for name, t in BANK.items()
        if t.assistant is None and not t.names_language
    ]
    table.write_text("template_id\tflores_code\tuser\tassistant\torigin\n" + "\n".join(lines) + "\n")
    templates = {"instruction": "target", "translations": str(table)}
    rows = records(run(recipe_file(templates=templates)).dataset, "deu_Latn")
    for row in rows.filter(task="caption").iter_rows(named=True):
        assert turns(row)[0] == "<image>\nFRAGE "
    for row in rows.filter(task="vqa_open").iter_rows(named=True):
        assert turns(row)[0].startswith("<image>\nFRAGE Whatˈdeu")


def test_choices_stand_in_the_instruction_as_they_are_answered(recipe_file, run, tmp_path):
    bank = tmp_path / "bank.yaml"
    bank.write_text('vqa_mc: {mine: "{question}\\n{options}\\nAnswer in {language}."}\n')
    row = records(run(recipe_file(templates={"bank": str(bank)})).dataset, "deu_Latn").filter(task="vqa_mc")
    (row,) = row.iter_rows(named=True)
    user, assistant = turns(row)
    lines = user.split("\n")
    assert lines[2:5] == [f"{letter}. {choice}" for letter, choice in zip("ABC", row["choices"], strict=True)]
    assert assistant == row["choices"][2] in lines[4]


def test_conversations_and_rows_with_their_own_instruction_stay_as_they_are(recipe_file, run):
    rows = records(run(recipe_file(templates={})).dataset, "deu_Latn").filter(task="conversation")
    assert rows["template_id"].null_count() == rows.height == 1


def test_an_instruction_lost_by_the_engine_fails_its_record(recipe_file, run):
    engine = {"engine": "fake", "fault": "empty", "fault_every": 3}
    summary = run(recipe_file(templates={"instruction": "target"}, translate=engine, max_failed=1))
    assert summary.languages["deu_Latn"].failed["empty_output"] > 0


def test_a_bank_that_is_missing_is_refused_before_any_work(recipe_file, run, tmp_path):
    with pytest.raises(InputError, match=r"templates\.bank: .*none\.yaml does not exist"):
        run(recipe_file(templates={"bank": "none.yaml"}))
    assert not (tmp_path / "out").exists()
