"""NLLB with an output vocabulary for each target language."""

from __future__ import annotations

from dataclasses import replace

import pytest

from glotmill.engine.translators import Request, load_translator, resolve_translator
from glotmill.engine.translators.contract import ForcedPair
from glotmill.engine.translators.nllb import NllbTranslate
from glotmill.engine.translators.shared.output_vocabulary import of_text
from glotmill.engine.translators.shared.vocabulary_lists import model_tokens

LANGS = ("deu_Latn", "fra_Latn")
TEXTS = ("A dog runs.", "A man in a red hat sleeps.")
BATCH = [Request("eng_Latn", lang, text) for text in TEXTS for lang in LANGS]


@pytest.fixture(scope="module")
def spec():
    return resolve_translator(NllbTranslate(engine="nllb", device="cpu"))


@pytest.fixture(scope="module")
def whole(spec):
    return load_translator(spec)


@pytest.fixture(scope="module")
def cut_spec(spec, whole):
    tokens, made = model_tokens(spec.folder), whole.translate(BATCH)
    texts = {
        lang: [t.text for request, t in zip(BATCH, made, strict=True) if request.target_lang == lang] for lang in LANGS
    }
    lists = {lang: of_text(tokens.tokens, lang, texts[lang], tokens.encoder()) for lang in LANGS}
    return replace(spec, vocabularies=lists)


@pytest.fixture(scope="module")
def cut(cut_spec):
    return load_translator(cut_spec)


def test_a_batch_of_two_languages_comes_back_in_order_each_by_its_own_list(whole, cut):
    full, made = whole.translate(BATCH), cut.translate(BATCH)
    assert [one.text for one in made] == [one.text for one in full]
    assert all(one.logprob > other.logprob for one, other in zip(made, full, strict=True))


def test_a_language_without_a_list_has_all_tokens(spec, whole, cut_spec):
    only_french = replace(spec, vocabularies={"deu_Latn": None, "fra_Latn": cut_spec.vocabularies["fra_Latn"]})
    made, full = load_translator(only_french).translate(BATCH), whole.translate(BATCH)
    same = [one.logprob == other.logprob for one, other in zip(made, full, strict=True)]
    assert same == [request.target_lang == "deu_Latn" for request in BATCH]


def test_a_forced_word_is_spelled_with_the_tokens_of_the_list(whole, cut):
    pair = ForcedPair("eng_Latn", "deu_Latn", "A dog runs.", "Ein Pferd rennt.")
    [full], [made] = whole.score([pair]), cut.score([pair])
    assert len(full.words) == len(made.words) == 3
    assert made.tokens > full.tokens  # the horse, by letters
    assert made.words[0] > full.words[0]


def test_a_forced_text_that_cannot_be_spelled_has_no_score_and_the_others_have_theirs(cut):
    pairs = [ForcedPair("eng_Latn", "deu_Latn", "A dog.", text) for text in ("Ein Hund.", "Ein Щ.", "Ein Mann.")]
    scores = cut.score(pairs)
    assert [score is None for score in scores] == [False, True, False]
    assert scores[0] == cut.score(pairs[:1])[0]


def test_a_list_is_in_the_fingerprint_of_its_language_alone(spec, cut_spec):
    prints = {lang: cut_spec.fingerprint_into(lang) for lang in (*LANGS, "ces_Latn")}
    assert len(set(prints.values())) == 3
    assert prints["ces_Latn"] == spec.fingerprint == cut_spec.fingerprint
    assert replace(cut_spec, vocabularies={"deu_Latn": None}).fingerprint_into("deu_Latn") == spec.fingerprint


def test_full_is_the_default_and_keeps_the_fingerprint_of_before(spec):
    assert spec.fingerprint == "a8299c01eb58eb7a5cdbe1165150723c"
    assert "vocabulary" not in spec.identity
    script = resolve_translator(NllbTranslate(engine="nllb", device="cpu", vocabulary="script"))
    assert script.fingerprint != spec.fingerprint
    assert replace(script, vocabularies={"deu_Latn": None}).fingerprint_into("deu_Latn") == spec.fingerprint
