"""MADLAD's kind of model on CTranslate2, on a random T5 that tests/engine/translators/make_tiny_t5.py converted."""

from __future__ import annotations

import json
from pathlib import Path

import ctranslate2
import pytest
import sentencepiece

from glotmill.engine.translators import Request, load_translator, resolve_translator
from glotmill.engine.translators.contract import ForcedPair
from glotmill.engine.translators.madlad import MadladTranslate, madlad_tokens
from glotmill.schemas.errors import InputError
from glotmill.schemas.languages import registry

TINY = Path(__file__).parent / "tiny_t5"


def section(**changes):
    plain = {"model": str(TINY), "device": "cpu", "compute_type": "float32", "beam_size": 1, "retry": None}
    return MadladTranslate(engine="madlad", **{**plain, "max_decoding_tokens": 12, **changes})


def test_its_languages_are_those_of_the_code_map_that_the_vocabulary_has():
    spec = resolve_translator(section())
    assert spec.languages == {"eng_Latn", "deu_Latn", "fra_Latn", "swh_Latn", "zho_Hant"}
    assert (spec.engine, spec.identity["engine"]) == ("madlad", "madlad")


def test_the_code_map_names_flores_codes_and_no_token_twice():
    tokens = madlad_tokens()
    assert set(tokens) <= set(registry())
    assert len(set(tokens.values())) == len(tokens) == 179
    assert [tokens[c] for c in ("nob_Latn", "tgl_Latn", "zho_Hans", "zho_Hant", "pes_Arab")] == [
        "<2no>", "<2fil>", "<2zh>", "<2zh_Hant>", "<2fa>",
    ]  # fmt: skip


def test_it_says_what_ctranslate2_says_of_the_same_tokens():
    text = "A brown dog runs on the grass."
    [ours] = load_translator(resolve_translator(section())).translate([Request("eng_Latn", "fra_Latn", text)])
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(TINY / "sentencepiece.bpe.model"))
    source = ["<2fr>", *pieces.encode(text, out_type=str), "</s>"]
    model = ctranslate2.Translator(str(TINY), device="cpu", compute_type="float32")
    [theirs] = model.translate_batch([source], beam_size=1, max_decoding_length=12, return_scores=True)
    assert ours.source_tokens == len(source) - 2
    assert ours.target_tokens == len(theirs.hypotheses[0]) == 12
    assert ours.hit_limit
    assert ours.text == pieces.decode(theirs.hypotheses[0])
    assert ours.logprob == pytest.approx(theirs.scores[0], rel=1e-4)


def test_the_target_language_decides_the_translation():
    translator = load_translator(resolve_translator(section()))
    both = [Request("eng_Latn", lang, "What color is the ball?") for lang in ("deu_Latn", "swh_Latn")]
    german, swahili = translator.translate(both)
    again = load_translator(resolve_translator(section())).translate(both)
    assert [german, swahili] == again
    assert german.logprob != swahili.logprob


def test_nothing_is_cut_off_unseen():
    translator = load_translator(resolve_translator(section(max_source_tokens=8)))
    [long, empty] = translator.translate(
        [Request("eng_Latn", "deu_Latn", "dog " * 50), Request("eng_Latn", "deu_Latn", "")]
    )
    assert (long.failure, empty.failure) == ("source_too_long", "empty_source")


def test_it_gives_forced_scores():
    translator = load_translator(resolve_translator(section()))
    pair = ForcedPair("eng_Latn", "deu_Latn", "A brown dog runs.", "The cats sleep.")
    [score, empty] = translator.score([pair, ForcedPair("eng_Latn", "deu_Latn", "A dog.", "")])
    assert len(score.words) == 3
    assert all(word < 0 for word in (*score.words, score.end))
    assert empty is None


def test_a_folder_without_a_model_is_refused(tmp_path):
    with pytest.raises(InputError, match="model"):
        resolve_translator(section(model=str(tmp_path)))


def test_the_model_is_small_enough_to_live_with_the_tests():
    assert sum(path.stat().st_size for path in TINY.iterdir()) < 100_000
    assert "<2de>" in json.loads((TINY / "shared_vocabulary.json").read_text(encoding="utf-8"))
