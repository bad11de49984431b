"""What users of the embedded model and its answer table may rely on."""

from __future__ import annotations

import json

import ctranslate2
import pytest
import sentencepiece

from glotmill.engine.embedded import ANSWERS, MODEL_DIR

LANGUAGES = ["eng_Latn", "deu_Latn", "fra_Latn", "ces_Latn"]
SENTENCE = "A dog runs on the grass."


@pytest.fixture(scope="module")
def tokenizer() -> sentencepiece.SentencePieceProcessor:
    return sentencepiece.SentencePieceProcessor(model_file=str(MODEL_DIR / "sentencepiece.bpe.model"))


@pytest.fixture(scope="module")
def translator() -> ctranslate2.Translator:
    return ctranslate2.Translator(str(MODEL_DIR), device="cpu", inter_threads=1, intra_threads=1)


@pytest.fixture(scope="module")
def vocabulary() -> list[str]:
    return json.loads((MODEL_DIR / "shared_vocabulary.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def answers() -> list[list[str]]:
    return [line.split("\t") for line in ANSWERS.read_text(encoding="utf-8").splitlines()]


def test_model_folder_has_exactly_the_files_that_the_engine_loads():
    assert {file.name for file in MODEL_DIR.iterdir()} == {
        "model.bin",
        "config.json",
        "shared_vocabulary.json",
        "sentencepiece.bpe.model",
    }


def test_every_language_code_has_a_token(vocabulary):
    assert set(LANGUAGES) <= set(vocabulary)


def test_every_sentencepiece_piece_has_a_token(vocabulary, tokenizer):
    pieces = {tokenizer.id_to_piece(i) for i in range(tokenizer.get_piece_size())}

    assert pieces <= set(vocabulary)


@pytest.mark.parametrize("target", LANGUAGES[1:])
def test_model_translates_a_caption_and_names_the_target_language_first(translator, tokenizer, target):
    source = ["eng_Latn", *tokenizer.encode(SENTENCE, out_type=str), "</s>"]

    hypothesis = translator.translate_batch([source], target_prefix=[[target]], beam_size=1)[0].hypotheses[0]
    text = tokenizer.decode(hypothesis[1:])

    assert hypothesis[0] == target
    assert text.strip()
    assert text != SENTENCE


@pytest.mark.parametrize("source", LANGUAGES[1:])
def test_model_translates_back_into_english(translator, tokenizer, source):
    caption = {"deu_Latn": "Ein Hund rennt.", "fra_Latn": "Un chien court.", "ces_Latn": "Pes běží."}[source]
    tokens = [source, *tokenizer.encode(caption, out_type=str), "</s>"]

    results = translator.translate_batch([tokens], target_prefix=[["eng_Latn"]], beam_size=1)
    hypothesis = results[0].hypotheses[0]

    assert hypothesis[0] == "eng_Latn"
    assert tokenizer.decode(hypothesis[1:]) not in {"", caption}


def test_answer_table_has_a_column_for_each_language(answers):
    assert answers[0] == LANGUAGES


def test_answer_table_has_a_translation_of_every_entry_into_every_language(answers):
    assert len(answers) > 1
    assert all(len(row) == len(LANGUAGES) for row in answers)
    assert all(cell and cell == cell.strip() for row in answers for cell in row)


def test_answer_table_has_each_english_entry_once(answers):
    english = [row[0].casefold() for row in answers[1:]]

    assert len(set(english)) == len(english)


def test_model_card_names_the_license_of_the_weights():
    card = (MODEL_DIR.parent / "README.md").read_text(encoding="utf-8")

    assert "license: cc-by-nc-sa-4.0" in card
