"""Checkpoints for comparisons, made in the peers' environment: the embedded model's, and one of NLLB-600M's shapes.

    PEERS/bin/python -m benchmarks.peer_models FOLDER embedded nllb600

Writes FOLDER/NAME/hf for transformers and FOLDER/NAME/ctranslate2 (float32, with its SentencePiece model) for
CTranslate2. ``embedded`` is the shipped model's weights, multiplied out; ``nllb600`` has the shapes of
NLLB-200-distilled-600M and random weights. Its vocabulary begins with the embedded model's 5,006 tokens and is filled
up to 256,206 with tokens of next to no weight, which are computed with and never chosen.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path
from typing import Any

import torch
from ctranslate2.converters import TransformersConverter
from transformers import GenerationConfig, M2M100Config, M2M100ForConditionalGeneration

from benchmarks.unconverted import checkpoint, layers_of, read_variables
from glotmill.engine.embedded import MODEL_DIR
from glotmill.engine.embedded.training.convert import SENTENCEPIECE_FILE, build_tokenizer
from glotmill.engine.embedded.training.corpus import BOS, EOS, PAD, Vocabulary

POSITIONS = 1024
# facebook/nllb-200-distilled-600M's config.json
NLLB600 = {"vocab_size": 256_206, "d_model": 1024, "heads": 16, "ffn": 4096, "encoder": 12, "decoder": 12}
# Smaller, for a quick proof that everything runs.
QUICK = {"vocab_size": 8_192, "d_model": 128, "heads": 4, "ffn": 512, "encoder": 2, "decoder": 2}
SEED = 7
FILLER_STD = 1e-5


def config(vocab_size: int, d_model: int, heads: int, ffn: int, encoder: int, decoder: int) -> M2M100Config:
    """An NLLB-like configuration."""
    return M2M100Config(
        vocab_size=vocab_size, d_model=d_model, max_position_embeddings=POSITIONS, scale_embedding=True,
        encoder_layers=encoder, decoder_layers=decoder, encoder_attention_heads=heads, decoder_attention_heads=heads,
        encoder_ffn_dim=ffn, decoder_ffn_dim=ffn, activation_function="relu", dropout=0.0, attention_dropout=0.0,
        activation_dropout=0.0, encoder_layerdrop=0.0, decoder_layerdrop=0.0, init_std=0.02,
        bos_token_id=BOS, pad_token_id=PAD, eos_token_id=EOS, decoder_start_token_id=EOS, tie_word_embeddings=True,
    )  # fmt: skip


def embedded() -> Any:
    """The shipped model as transformers knows it."""
    variables = read_variables(MODEL_DIR / "model.bin")
    vocabulary, width = variables["decoder/embeddings/weight"].shape
    shape = config(
        vocabulary, width, int(variables["encoder/num_heads"]), len(variables["encoder/layer_0/ffn/linear_0/bias"]),
        layers_of(variables, "encoder"), layers_of(variables, "decoder"),
    )  # fmt: skip
    model = M2M100ForConditionalGeneration(shape)
    weights = {name: torch.from_numpy(values.copy()) for name, values in checkpoint(variables).items()}
    lost = model.load_state_dict(weights, strict=False)
    missing = [name for name in lost.missing_keys if not name.endswith(("embed_tokens.weight", "lm_head.weight"))]
    if missing or lost.unexpected_keys:
        raise SystemExit(f"weights do not fit: missing {missing[:5]}, unexpected {lost.unexpected_keys[:5]}")
    model.tie_weights()
    return model


def random_model(shape: dict[str, int], real_tokens: int) -> Any:
    """Random weights in a shape; tokens from `real_tokens` on, and the end token, are never the most probable."""
    torch.manual_seed(SEED)
    model = M2M100ForConditionalGeneration(config(**shape))
    with torch.no_grad():
        model.model.shared.weight[real_tokens:].normal_(std=FILLER_STD)
        model.model.shared.weight[EOS].normal_(std=FILLER_STD)
    model.tie_weights()
    return model


def save(model: Any, vocabulary: Vocabulary, folder: Path) -> None:
    """Both folders, aside and then in place, so that an interrupted run leaves nothing that looks finished."""
    aside = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(aside, ignore_errors=True)
    model.generation_config = GenerationConfig(
        bos_token_id=BOS, pad_token_id=PAD, eos_token_id=EOS, decoder_start_token_id=EOS, max_length=200
    )
    model.eval().save_pretrained(aside / "hf")
    build_tokenizer(MODEL_DIR / SENTENCEPIECE_FILE, vocabulary).save_pretrained(aside / "hf")
    TransformersConverter(str(aside / "hf"), low_cpu_mem_usage=True).convert(str(aside / "ctranslate2"))
    shutil.copy(MODEL_DIR / SENTENCEPIECE_FILE, aside / "ctranslate2")
    aside.rename(folder)


def main() -> None:
    """Make the models that are not there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="+", choices=["embedded", "nllb600", "quick"])
    arguments = parser.parse_args()
    vocabulary = Vocabulary(MODEL_DIR / SENTENCEPIECE_FILE)
    for name in arguments.names:
        if (arguments.folder / name).is_dir():
            continue
        if name == "embedded":
            model = embedded()
        else:
            model = random_model(NLLB600 if name == "nllb600" else QUICK, len(vocabulary))
        save(model, vocabulary, arguments.folder / name)


if __name__ == "__main__":
    main()
