"""What those who train the embedded model again may rely on; torch is not needed for any of it."""

from __future__ import annotations

import gzip
import json
import random
import subprocess
import sys

import pytest

from glotmill.engine.embedded import MODEL_DIR
from glotmill.engine.embedded.training import phrases
from glotmill.engine.embedded.training.corpus import (
    EOS,
    Example,
    Vocabulary,
    batches,
    examples,
    read_multi30k,
    read_xgqa,
)


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return Vocabulary(MODEL_DIR / "sentencepiece.bpe.model")


def test_phrases_have_four_columns_and_only_leave_out_czech():
    rows = phrases.rows()

    assert len(rows) == 1247
    assert all(len(row) == len(phrases.COLUMNS) == 4 for row in rows)
    assert all(all(row[:3]) for row in rows)


def test_phrases_are_never_repeated_and_always_the_same():
    rows = phrases.rows()

    assert len(set(rows)) == len(rows)
    assert rows == phrases.rows()


def test_phrases_agree_in_gender_and_case():
    rows = set(phrases.rows())

    assert ("elephant", "Elefant", "éléphant", "slon") in rows
    assert (
        "Is there an elephant in the picture?",
        "Gibt es einen Elefanten auf dem Bild?",
        "Y a-t-il un éléphant sur l'image ?",
        "Je na obrázku slon?",
    ) in rows
    assert ("The man is red.", "Der Mann ist rot.", "L'homme est rouge.", "Muž je červený.") in rows


def test_vocabulary_numbers_tokens_as_the_shipped_model_does(vocabulary):
    shipped = json.loads((MODEL_DIR / "shared_vocabulary.json").read_text(encoding="utf-8"))

    assert vocabulary.tokens == shipped


def test_vocabulary_spells_back_what_it_numbered(vocabulary):
    text = "Žlutý kůň, l'été et 12 Straßen."

    assert vocabulary.text([vocabulary.index["ces_Latn"], *vocabulary.ids(text), EOS]) == text


def test_examples_are_made_only_between_languages_that_a_row_has(vocabulary):
    made = examples([{"eng_Latn": "red", "deu_Latn": "rot"}], vocabulary, repeat=2)

    directions = [(vocabulary.tokens[e.source[0]], vocabulary.tokens[e.target[0]]) for e in made]
    assert directions == [("eng_Latn", "deu_Latn")] * 2 + [("deu_Latn", "eng_Latn")] * 2
    assert all(e.source[-1] == e.target[-1] == EOS for e in made)


@pytest.mark.parametrize("shuffle", [None, random.Random(1)])
def test_batches_give_every_example_once_within_the_token_budget(shuffle):
    lengths = random.Random(0)
    data = [Example((i,) * lengths.randint(2, 40), (i,) * lengths.randint(2, 40)) for i in range(500)]

    made = list(batches(data, 200, shuffle, bucket=100))

    assert sorted(e.source[0] for batch in made for e in batch) == list(range(500))
    assert all(len(batch) * max(e.width for e in batch) <= 200 for batch in made)


def test_multi30k_of_unequal_length_is_refused(tmp_path):
    for language, text in (("en", "a\nb\n"), ("de", "a\n")):
        (tmp_path / f"train.{language}.gz").write_bytes(gzip.compress(text.encode()))

    with pytest.raises(ValueError, match="differ in length"):
        read_multi30k(tmp_path, "train", ("en", "de"))


def test_held_out_questions_are_in_no_training_row(tmp_path):
    splits = {
        "dev": {"1": ("a", "Old?"), "2": ("b", "Held?")},
        "train_48": {"3": ("c", "HELD?"), "4": ("d", "New?")},
    }
    for language in ("en", "de"):
        (tmp_path / language).mkdir()
        for split, rows in splits.items():
            entries = {key: {"imageId": image, "question": text} for key, (image, text) in rows.items()}
            (tmp_path / language / f"{split}.json").write_text(json.dumps(entries), encoding="utf-8")

    questions = read_xgqa(tmp_path, held_out_images=1)

    assert [row["eng_Latn"] for row in questions.held_out] == ["Held?"]
    assert [row["eng_Latn"] for row in questions.training] == ["New?", "Old?"]


@pytest.mark.parametrize("command", ["train", "phrases", "corpus"])
def test_commands_explain_themselves_without_torch(command):
    shown = subprocess.run(
        [sys.executable, "-m", f"glotmill.engine.embedded.training.{command}", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert f"python -m glotmill.engine.embedded.training.{command}" in shown.stdout
    assert "example" in shown.stdout
