from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from glotmill.recipes.sections.templates import SLOT, load_bank, load_translations, pool
from glotmill.schemas.errors import InputError
from glotmill.schemas.task import KINDS

HEAD = "template_id\tflores_code\tuser\tassistant\torigin\n"


def test_the_shipped_bank_has_every_kind_with_its_slots():
    bank = load_bank(None)
    assert set(bank) == set(KINDS)
    for kind, templates in bank.items():
        slots = KINDS[kind]
        for template in templates:
            assert slots.must <= set(SLOT.findall(template.user)) <= slots.may
            assert template.name.startswith(f"{kind}.")
            assert bool(template.assistant) == bool(slots.reply)
        assert len({template.user for template in templates}) == len(templates) >= 4


def test_the_bank_covers_every_kind_of_mblips_in_at_least_its_number(shared_data: Path):
    """mBLIP's caption instructions come in two kinds, its chains of thought in two halves: ours are one kind each."""
    ours = {
        "caption_named_language": "caption", "caption_translated": "caption", "vqa": "vqa_open", "vqg": "vqg",
        "caption_match": "matching", "imagenet_classify": "classification", "imagenet_decide": "decide",
        "aokvqa_cot_question": "cot", "aokvqa_cot_answer": "cot", "aokvqa_explain": "explanation",
    }  # fmt: skip
    with (shared_data.parent / "facts/mblip_templates.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    bank = load_bank(None)
    for kind, count in Counter(row["task"] for row in rows).items():
        assert len(bank[ours[kind]]) >= min(count, 10), kind
    texts = {t.user for templates in bank.values() for t in templates}
    theirs = {SLOT.sub("", row["template"]).strip(" :.?") for row in rows}
    assert not {SLOT.sub("", text).strip(" :.?") for text in texts} & theirs


def test_templates_that_name_the_language_are_for_english_instructions_and_the_others_for_translated_ones():
    bank = load_bank(None)
    assert {t.names_language for t in pool(bank, "caption", "source")} == {True}
    assert {t.names_language for t in pool(bank, "caption", "target")} == {False}
    assert {t.names_language for t in pool(bank, "caption", "mixed")} == {True, False}
    assert pool(bank, "translation", "target")  # a translation cannot but name its language
    assert pool(bank, "cot", "source")


def test_a_bank_of_ones_own_replaces_the_kinds_it_has(tmp_path: Path):
    path = tmp_path / "bank.yaml"
    path.write_text('caption: {mine: "Describe it in {language}."}\n')
    bank = load_bank(path)
    assert [template.name for template in bank["caption"]] == ["mine"]
    assert bank["vqa_open"] == load_bank(None)["vqa_open"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[]", "expected a mapping of kinds"),
        ("captoin: {a: b}", "unknown kind 'captoin'; did you mean 'caption'"),
        ('caption: {a: "Describe {picture}."}', "a: unknown slot {picture}; slots here: language"),
        ('vqa_open: {a: "Answer."}', "a: slot {question} is missing"),
        ('vqa_open: {a: "{question} {question}"}', "appears twice"),
        ('caption: {a: "Describe { it."}', "a brace that is no slot"),
        ("caption: {a: 3}", "expected a text"),
        ('caption: {a: "x"}\nocr: {a: "{question}"}', "a appears twice"),
        ('cot: {a: "{question}"}', "states the assistant's turn too"),
        ("caption: {a: [", "not usable YAML"),
    ],
)
def test_a_bank_that_is_none_is_refused_with_its_fault(tmp_path: Path, content: str, message: str):
    path = tmp_path / "bank.yaml"
    path.write_text(content)
    with pytest.raises(InputError) as caught:
        load_bank(path)
    assert message in str(caught.value)


def test_reviewed_translations_are_read_by_language_and_name(tmp_path: Path):
    path = tmp_path / "t.tsv"
    path.write_text(f"# mine\n{HEAD}caption.plain.1\tdeu_Latn\tSag, was\\nda ist.\t\treviewed\n")
    assert load_translations(path, load_bank(None)) == {"deu_Latn": {"caption.plain.1": ("Sag, was\nda ist.", None)}}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a\tb\n", "expected the tab-separated columns"),
        (HEAD + "none\tdeu_Latn\tx\t\tmachine\n", "the bank has no template 'none'"),
        (HEAD + "caption.plain.1\tdeu\tx\t\tmachine\n", "unknown language code 'deu'"),
        (HEAD + "vqa_open.plain.1\tdeu_Latn\tKurz bitte.\t\tmachine\n", "must have the slots of the English one"),
    ],
)
def test_translations_that_are_none_are_refused_with_their_fault(tmp_path: Path, content: str, message: str):
    path = tmp_path / "t.tsv"
    path.write_text(content)
    with pytest.raises(InputError) as caught:
        load_translations(path, load_bank(None))
    assert message in str(caught.value)
