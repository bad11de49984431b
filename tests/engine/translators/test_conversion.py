"""A real conversion with torch and transformers: `make test-convert` installs them; elsewhere this is skipped.

The checkpoint has random weights and NLLB's architecture and vocabulary layout, so what is tested is the path, not
the quality: the converted model must do what the checkpoint does.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from glotmill.engine.embedded import MODEL_DIR
from glotmill.engine.translators import Request, load_translator, resolve_translator
from glotmill.engine.translators.nllb import NllbTranslate
from glotmill.engine.translators.shared.model_files import FILES, convert_folder

torch = pytest.importorskip("torch", reason="the convert extra is not installed; make test-convert")
transformers = pytest.importorskip("transformers", reason="the convert extra is not installed; make test-convert")

SENTENCEPIECE = "sentencepiece.bpe.model"
TEXTS = ["A dog runs on the grass.", "What color is the car?"]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Hugging Face folder as the Hub has it: weights, tokenizer, SentencePiece model."""
    from glotmill.engine.embedded.training.convert import build_tokenizer
    from glotmill.engine.embedded.training.corpus import Vocabulary

    folder = tmp_path_factory.mktemp("hub")
    vocabulary = Vocabulary(MODEL_DIR / SENTENCEPIECE)
    torch.manual_seed(1)
    config = transformers.M2M100Config(
        vocab_size=len(vocabulary), d_model=32, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2,
        decoder_attention_heads=2, encoder_ffn_dim=64, decoder_ffn_dim=64, decoder_start_token_id=2,
    )  # fmt: skip
    transformers.M2M100ForConditionalGeneration(config).save_pretrained(folder)
    build_tokenizer(MODEL_DIR / SENTENCEPIECE, vocabulary).save_pretrained(folder)
    shutil.copy(MODEL_DIR / SENTENCEPIECE, folder)
    return folder


def test_a_converted_checkpoint_translates_as_the_checkpoint_does(checkpoint: Path, tmp_path: Path):
    from ctranslate2.converters import TransformersConverter

    target = tmp_path / "converted"
    convert_folder(checkpoint, target, "cc-by-nc-4.0", TransformersConverter)
    assert {path.name for path in target.iterdir()} == {*FILES, "LICENSE_ID"}
    section = NllbTranslate(
        engine="nllb", model=str(target), device="cpu", compute_type="float32", beam_size=1, max_decoding_tokens=12,
        retry=None,
    )  # fmt: skip
    spec = resolve_translator(section)
    assert spec.languages == {"eng_Latn", "deu_Latn", "fra_Latn", "ces_Latn"}
    ours = load_translator(spec).translate([Request("eng_Latn", "deu_Latn", text) for text in TEXTS])

    tokenizer = transformers.AutoTokenizer.from_pretrained(checkpoint, src_lang="eng_Latn")
    model = transformers.M2M100ForConditionalGeneration.from_pretrained(checkpoint).eval()
    for text, translation in zip(TEXTS, ours, strict=True):
        ids = model.generate(
            **tokenizer(text, return_tensors="pt"), num_beams=1, do_sample=False, max_new_tokens=13,
            forced_bos_token_id=tokenizer.convert_tokens_to_ids("deu_Latn"),
        )  # fmt: skip
        theirs = tokenizer.batch_decode(ids, skip_special_tokens=True)[0]
        assert str(translation.text or "").strip() == theirs.strip()


def test_the_first_use_of_a_hub_model_downloads_and_converts_it_once(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    from glotmill.engine.translators.shared import model_files

    monkeypatch.setenv("GLOTMILL_CACHE", str(tmp_path))
    commit = "0123456789abcdef0123456789abcdef01234567"
    asked: list[str] = []

    def download(model: str, revision: str) -> str:
        asked.append(f"{model}@{revision}")
        return str(checkpoint)

    monkeypatch.setattr(model_files, "_resolve", lambda model, revision: (commit, "cc-by-nc-4.0"))
    monkeypatch.setattr(model_files, "snapshot_download", download)
    section = NllbTranslate(engine="nllb", model="org/nllb", device="cpu")
    first = resolve_translator(section)
    again = resolve_translator(section)
    assert asked == [f"org/nllb@{commit}"]
    assert first.fingerprint == again.fingerprint
    assert (first.model, first.license) == (f"org/nllb@{commit}", "cc-by-nc-4.0")
