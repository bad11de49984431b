"""A model with fewer output tokens says what the whole one says, as long as it may."""

from __future__ import annotations

import json
from pathlib import Path

import ctranslate2
import numpy as np
import pytest
import sentencepiece

from glotmill.engine.embedded import MODEL_DIR
from glotmill.engine.translators.shared.ct2_weights import MULTIPLE, Ct2Weights, cut_files, padded

TINY_T5 = Path(__file__).parents[1] / "tiny_t5"
TEXT = "A man in a red hat sleeps on a bench."


def decoded(folder, files=None, compute_type="float32"):
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(folder / "sentencepiece.bpe.model"))
    nllb = folder == MODEL_DIR
    source = [*(["eng_Latn"] if nllb else ["<2fr>"]), *pieces.encode(TEXT, out_type=str), "</s>"]
    model = ctranslate2.Translator(str(folder), device="cpu", compute_type=compute_type, files=files)
    [made] = model.translate_batch(
        [source],
        target_prefix=[["deu_Latn"]] if nllb else None,
        beam_size=4,
        max_decoding_length=14,
        return_scores=True,
    )
    return made.hypotheses[0], made.scores[0]


def tokens_of(folder):
    return json.loads((folder / "shared_vocabulary.json").read_text())


@pytest.mark.parametrize("folder", [MODEL_DIR, TINY_T5], ids=["tied", "untied"])
def test_a_file_that_is_read_and_written_again_is_the_same(folder):
    data = (folder / "model.bin").read_bytes()
    assert Ct2Weights.read(data).to_bytes() == data


@pytest.mark.parametrize("compute_type", ["float32", "int8_float32"])
@pytest.mark.parametrize("folder", [MODEL_DIR, TINY_T5], ids=["tied", "untied"])
def test_with_all_tokens_the_translations_and_their_scores_are_the_same(folder, compute_type):
    everything = np.arange(len(tokens_of(folder)), dtype=np.uint32)
    files = cut_files(folder, everything)
    assert decoded(folder, files, compute_type) == decoded(folder, None, compute_type)


@pytest.mark.parametrize("folder", [MODEL_DIR, TINY_T5], ids=["tied", "untied"])
def test_a_translation_whose_tokens_are_kept_stays_and_grows_more_probable(folder):
    tokens, (whole, score) = tokens_of(folder), decoded(folder)
    ids = sorted({tokens.index(token) for token in [*whole, "</s>", "<unk>", "<pad>"]})
    files = cut_files(folder, np.array(ids, np.uint32))
    assert len(json.loads(files["target_vocabulary.json"])) % MULTIPLE == 0
    assert len(files["model.bin"]) < (folder / "model.bin").stat().st_size + len(tokens) * 4 * 128
    cut, better = decoded(folder, files)
    assert cut == whole
    assert better > score


def test_a_token_that_was_cut_is_never_written():
    tokens, (whole, _) = tokens_of(MODEL_DIR), decoded(MODEL_DIR)
    dropped = max(whole[1:], key=len)
    kept = [number for number, token in enumerate(tokens) if token.isascii() and token != dropped]
    files = cut_files(MODEL_DIR, np.array(kept, np.uint32))
    assert dropped not in json.loads(files["target_vocabulary.json"])
    cut, _ = decoded(MODEL_DIR, files)
    assert dropped in whole
    assert dropped not in cut
    assert "<unk>" not in cut


def test_rows_are_a_multiple_that_engines_need_not_pad():
    assert padded(np.array([5, 40], np.uint32), 100).tolist() == [*range(15), 40]
    assert len(padded(np.arange(17, dtype=np.uint32), 100)) == 32
    assert len(padded(np.arange(97, dtype=np.uint32), 100)) == 100


@pytest.mark.parametrize("size", [0, 3, 40, 2000])
def test_a_file_that_ends_early_is_named(size):
    with pytest.raises(ValueError, match="ends early"):
        Ct2Weights.read((MODEL_DIR / "model.bin").read_bytes()[:size])


def test_another_format_and_another_architecture_are_refused():
    with pytest.raises(ValueError, match="format version 7"):
        Ct2Weights.read(b"\x07\0\0\0" + bytes(100))
    model = Ct2Weights.read((MODEL_DIR / "model.bin").read_bytes())
    lost = {name: one for name, one in model.variables.items() if name != "decoder/embeddings/weight"}
    with pytest.raises(ValueError, match="has no encoder/embeddings_0/weight"):
        Ct2Weights(model.name, model.revision, lost, model.aliases).with_output(np.arange(16, dtype=np.uint32))
