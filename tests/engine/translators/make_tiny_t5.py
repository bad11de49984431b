"""Makes tests/engine/translators/tiny_t5/: a random T5 of MADLAD's kind, converted by CTranslate2's own converter.

Needs the extra ``convert``: python -m tests.engine.translators.make_tiny_t5
"""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import sentencepiece
import torch
from ctranslate2.converters import TransformersConverter
from sentencepiece import sentencepiece_model_pb2
from transformers import T5Config, T5ForConditionalGeneration, T5Tokenizer

from glotmill.engine.translators.shared import model_files

TARGET = Path(__file__).parent / "tiny_t5"
LANGUAGES = ["en", "de", "fr", "sw", "zh_Hant"]
TEXT = [
    "A brown dog runs on the grass.", "What color is the ball?", "A man holds an umbrella in the rain.",
    "Two cats sleep on a red chair.", "The small boat is on the beach.", "Where is the woman going with her bag?",
]  # fmt: skip


def main() -> None:
    torch.manual_seed(7)
    with TemporaryDirectory() as name:
        folder = Path(name)
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(TEXT * 20), model_prefix=str(folder / "spiece"), vocab_size=96, pad_id=0, eos_id=1,
            unk_id=2, bos_id=-1, user_defined_symbols=[f"<2{code}>" for code in LANGUAGES], hard_vocab_limit=False,
            minloglevel=2,
        )  # fmt: skip
        tokenizer = T5Tokenizer.from_pretrained(folder, extra_ids=0)
        tokenizer.save_pretrained(folder)
        config = T5Config(
            vocab_size=len(tokenizer), d_model=16, d_kv=8, d_ff=32, num_layers=1, num_heads=2,
            feed_forward_proj="gated-gelu", decoder_start_token_id=0, tie_word_embeddings=False,
        )  # fmt: skip
        T5ForConditionalGeneration(config).save_pretrained(folder)
        shutil.rmtree(TARGET, ignore_errors=True)
        model_files.convert_folder(folder, TARGET, "apache-2.0", TransformersConverter)
    _without_normaliser(TARGET / model_files.PIECES[0])


def _without_normaliser(path: Path) -> None:
    """Take out the table of Unicode's compatibility forms, which is nine tenths of the file."""
    model = sentencepiece_model_pb2.ModelProto()
    model.ParseFromString(path.read_bytes())
    model.normalizer_spec.precompiled_charsmap = b""
    model.normalizer_spec.name = "identity"
    path.write_bytes(model.SerializeToString())


if __name__ == "__main__":
    main()
