"""Against the embedded model: a real converted model of NLLB's architecture."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import ctranslate2
import pytest
import sentencepiece

from glotmill.engine.embedded import MODEL_DIR
from glotmill.engine.translators import Request, load_translator, resolve_translator
from glotmill.engine.translators.contract import ForcedPair
from glotmill.engine.translators.nllb import NllbTranslate
from glotmill.schemas.errors import InputError, TranslatorError

TEXTS = [
    "A dog runs on the grass.",
    "Two men in red shirts are playing football in the park.",
    "What color is the car?",
]


def spec(**asked):
    return resolve_translator(NllbTranslate(engine="nllb", device="cpu", **asked))


def requests(target: str, texts=TEXTS) -> list[Request]:
    return [Request("eng_Latn", target, text) for text in texts]


@pytest.fixture(scope="module")
def raw():
    """The model through the libraries alone."""
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(MODEL_DIR / "sentencepiece.bpe.model"))
    model = ctranslate2.Translator(str(MODEL_DIR), device="cpu", compute_type="int8_float32", intra_threads=1)
    return pieces, model


@pytest.mark.parametrize("beam", [1, 4])
@pytest.mark.parametrize("target", ["deu_Latn", "fra_Latn", "ces_Latn"])
def test_source_is_code_text_end_and_the_prefix_is_the_target_code(raw, target: str, beam: int):
    pieces, model = raw
    sources = [["eng_Latn", *p, "</s>"] for p in pieces.encode(TEXTS, out_type=str)]
    expected = model.translate_batch(sources, target_prefix=[[target]] * len(TEXTS), beam_size=beam)
    assert all(result.hypotheses[0][0] == target for result in expected)
    got = load_translator(spec(beam_size=beam)).translate(requests(target))
    assert [t.text for t in got] == [pieces.decode(result.hypotheses[0][1:]) for result in expected]


def test_any_other_token_order_gives_other_scores(raw):
    pieces, model = raw
    encoded = pieces.encode(TEXTS, out_type=str)
    ours = [t.logprob for t in load_translator(spec(beam_size=1)).translate(requests("deu_Latn"))]

    def logprobs(sources: list[list[str]]) -> list[float]:
        options = {"beam_size": 1, "return_scores": True, "return_end_token": True}
        results = model.translate_batch(sources, target_prefix=[["deu_Latn"]] * len(TEXTS), **options)
        return [r.scores[0] * len(r.hypotheses[0]) / (len(r.hypotheses[0]) - 1) for r in results]

    assert ours == pytest.approx(logprobs([["eng_Latn", *p, "</s>"] for p in encoded]), abs=1e-6)
    for wrong in ([[*p, "</s>", "eng_Latn"] for p in encoded], [["eng_Latn", *p] for p in encoded], encoded):
        assert ours != pytest.approx(logprobs(wrong), abs=1e-3)


def test_a_batch_is_decoded_as_one_batch_whole_and_uncut(monkeypatch):
    translator = load_translator(spec(beam_size=1))
    calls = []

    class Spy:
        def translate_batch(self, sources, **options):
            calls.append((len(sources), options["max_batch_size"], options["max_input_length"]))
            return inner.translate_batch(sources, **options)

    inner = translator._models.into("deu_Latn")
    monkeypatch.setattr(translator._models, "into", lambda _lang: Spy())
    translator.translate(requests("deu_Latn"))
    assert calls == [(len(TEXTS), 0, 0)]


def test_one_batch_may_mix_languages():
    translator = load_translator(spec(beam_size=1))
    mixed = translator.translate([*requests("deu_Latn", TEXTS[:1]), *requests("fra_Latn", TEXTS[:1])])
    assert "Hund" in str(mixed[0].text)
    assert "chien" in str(mixed[1].text)


@pytest.mark.parametrize("beam", [1, 4])
def test_log_probability_is_the_mean_over_the_tokens_of_the_translation(raw, beam: int):
    pieces, _ = raw
    got = load_translator(spec(beam_size=beam, compute_type="float32")).translate(requests("deu_Latn"))
    forced = ctranslate2.Translator(str(MODEL_DIR), device="cpu", compute_type="float32", intra_threads=1).score_batch(
        [["eng_Latn", *p, "</s>"] for p in pieces.encode(TEXTS, out_type=str)],
        [["deu_Latn", *pieces.encode(t.text, out_type=str)] for t in got],
    )
    for translation, scored in zip(got, forced, strict=True):
        tokens = scored.log_probs[1:]  # the language token is given, not decoded
        if len(tokens) == translation.target_tokens:  # a decoded text may have another segmentation
            assert translation.logprob == pytest.approx(sum(tokens) / len(tokens), abs=1e-4)
    assert any(len(s.log_probs) - 1 == t.target_tokens for s, t in zip(forced, got, strict=True))


def test_a_source_over_the_limit_fails_alone_and_is_never_cut():
    translator = load_translator(spec(beam_size=1, max_source_tokens=8))
    got = translator.translate(requests("deu_Latn", ["A dog runs.", TEXTS[1], "A cat."]))
    assert [t.failure for t in got] == [None, "source_too_long", None]
    assert got[1].text is None


def test_a_source_beyond_the_position_table_does_not_fail_its_batch():
    translator = load_translator(spec(beam_size=1))
    got = translator.translate(requests("deu_Latn", ["A dog runs.", "dog " * 3000]))
    assert [t.failure for t in got] == [None, "source_too_long"]


def test_a_translation_at_the_length_limit_is_marked():
    short = load_translator(spec(beam_size=1, max_decoding_tokens=3)).translate(requests("deu_Latn", TEXTS[:1]))[0]
    whole = load_translator(spec(beam_size=1)).translate(requests("deu_Latn", TEXTS[:1]))[0]
    assert (short.hit_limit, short.target_tokens) == (True, 3)
    assert not whole.hit_limit


def test_text_without_pieces_is_a_named_failure_and_never_sent():
    assert load_translator(spec()).translate(requests("deu_Latn", [""]))[0].failure == "empty_source"


def test_another_precision_than_stated_is_an_error(monkeypatch):
    stated = spec()
    wrong = replace(stated, placement=replace(stated.placement, compute_type="int8"))
    with pytest.raises(TranslatorError, match="int8_float32"):
        load_translator(wrong)


@pytest.mark.parametrize("name", ["model.bin", "sentencepiece.bpe.model", "shared_vocabulary.json"])
def test_a_damaged_file_is_one_error_of_ours(tmp_path: Path, name: str):
    folder = tmp_path / "mine"
    shutil.copytree(MODEL_DIR, folder)
    (folder / name).write_bytes(b"damaged")
    with pytest.raises((InputError, TranslatorError), match=r"mine|local@"):
        load_translator(spec(model=str(folder)))


def forced(translations: list[str], target: str = "deu_Latn") -> list[ForcedPair]:
    return [ForcedPair("eng_Latn", target, text, given) for text, given in zip(TEXTS, translations, strict=True)]


def test_its_own_translation_is_as_probable_when_it_is_forced_as_when_it_was_decoded():
    translator = load_translator(spec(beam_size=1))
    decoded = translator.translate(requests("deu_Latn"))
    scores = translator.score(forced([str(t.text) for t in decoded]))
    for translation, score in zip(decoded, scores, strict=True):
        assert score is not None
        assert score.tokens == translation.target_tokens
        # int8 arithmetic depends on the batch in the last digits.
        assert score.logprob == pytest.approx(translation.logprob, abs=0.02)


def test_a_score_is_of_words_as_white_space_parts_them():
    given = ["Ein Hund läuft auf dem Gras.", "Zwei  Männer\tspielen.", "Welche Farbe hat das Auto?"]
    scores = load_translator(spec()).score(forced(given))
    assert [len(score.words) if score else None for score in scores] == [len(text.split()) for text in given]
    assert all(score is not None and max(score.words) <= 0.001 for score in scores)


def test_each_different_word_of_a_batch_is_cut_once_as_it_is_cut_by_itself(raw):
    pieces, _ = raw
    translator = load_translator(spec())
    calls = []
    encode = translator._pieces.encode

    class Counted:
        def encode(self, texts, **options):
            calls.append(list(texts))
            return encode(texts, **options)

    translator._pieces = Counted()
    texts = ["Ein Hund sieht ein Hund.", "", "Ein  Auto\u00a0und ein Hund"]
    found = translator._by_word(texts)
    assert found == [pieces.encode(text.split(), out_type=str) for text in texts]
    assert calls == [["Ein", "Hund", "sieht", "ein", "Hund.", "Auto", "und"]]


def test_a_batch_does_not_hash_the_engine_for_each_of_its_rows(monkeypatch):
    translator = load_translator(spec(beam_size=1))
    hashed = []
    monkeypatch.setattr("glotmill.engine.translators.contract.digest", lambda value: hashed.append(value) or "engine")
    translator.translate(requests("deu_Latn") + requests("fra_Latn"))
    translator.translate(requests("deu_Latn"))
    assert len(hashed) <= 1


def test_a_word_that_does_not_follow_is_improbable():
    right, wrong, _ = load_translator(spec()).score(
        [ForcedPair("eng_Latn", "deu_Latn", "Two dogs run.", text)
         for text in ("Zwei Hunde rennen.", "Drei Hunde rennen.", "Zwei Hunde rennen.")]
    )  # fmt: skip
    assert right is not None
    assert wrong is not None
    assert right.words[0] > wrong.words[0] + 2


def test_an_empty_or_too_long_text_has_no_score_and_moves_nobody():
    translator = load_translator(spec(max_source_tokens=8))
    pairs = [ForcedPair("eng_Latn", "deu_Latn", text, given) for text, given in
             [("A dog.", "Ein Hund."), ("", "Ein Hund."), ("A dog.", " "), ("A dog. " * 9, "Hund"),
              ("Dog", "Hund " * 9)]]  # fmt: skip
    scores = translator.score(pairs)
    assert [score is None for score in scores] == [False, True, True, True, True]
    assert translator.score([]) == []


def test_the_same_pairs_together_have_the_same_scores_in_any_order():
    given = ["Ein Hund läuft auf dem Gras.", "Zwei Männer spielen.", "Welche Farbe hat das Auto?"]
    translator = load_translator(spec())
    assert translator.score(forced(given)[::-1])[::-1] == translator.score(forced(given))
