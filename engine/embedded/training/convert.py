"""The command that makes the deployable folder from a training run, and refuses one that is not right.

A folder it leaves without an error holds a model whose tokenizer, SentencePiece model and CTranslate2
vocabulary all number tokens alike, and which keeps the language it is asked for.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

import ctranslate2
from ctranslate2.converters import TransformersConverter
from transformers import AutoTokenizer, M2M100ForConditionalGeneration, NllbTokenizer
from transformers.convert_slow_tokenizer import SentencePieceExtractor, generate_merges

from glotmill.engine.embedded.training.corpus import LANGUAGES, PIVOT, Vocabulary

SENTENCEPIECE_FILE = "sentencepiece.bpe.model"
# Positions are sinusoids, so more than the 256 of training cost nothing. CTranslate2 cuts sources at 1,024
# tokens and raises past the last position, for the whole batch; hence 1,024.
POSITIONS = 1024
NORMAL_PIECE = 1  # SentencePiece's own number for a piece that is text, not a control or unknown token
PROBE = "A dog runs on the grass."
TOKENIZER_PROBES = (
    "A man in a blue shirt is standing on a ladder.",
    "Welche Farbe hat der Kuchen?",
    "Deux femmes, l'une âgée",
    "Muž v modré košili 123",
)
EPILOG = """
example:
  python -m glotmill.engine.embedded.training.convert --run RUN --out MODEL
writes MODEL/hf, for transformers, and MODEL/ctranslate2, the four files that the engine loads
"""


class ConversionError(Exception):
    """The converted model would not do what its training run did."""


def main() -> None:
    """Read the command line, convert and check."""
    parser = argparse.ArgumentParser(
        prog="python -m glotmill.engine.embedded.training.convert",
        description="Convert a training run for transformers and for CTranslate2, and check both.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--run", type=Path, required=True, help="the --out folder of train")
    parser.add_argument("--out", type=Path, required=True, help="folder for hf/ and ctranslate2/")
    parser.add_argument(
        "--quantization",
        default="int8",
        choices=["int8", "int8_float32", "int16", "float32"],
        help="how CTranslate2 stores the weights (%(default)s)",
    )
    args = parser.parse_args()
    try:
        convert(args.run, args.out, args.quantization)
    except ConversionError as error:
        raise SystemExit(f"not converted: {error}") from error


def convert(run: Path, out: Path, quantization: str) -> None:
    """Write `out/hf` and `out/ctranslate2` from the training run `run`; raises ConversionError."""
    vocabulary = Vocabulary(run / SENTENCEPIECE_FILE)
    hf, ct2 = out / "hf", out / "ctranslate2"
    hf.mkdir(parents=True, exist_ok=True)
    write_hf(run, hf, vocabulary)
    check_tokenizer(hf, vocabulary)
    TransformersConverter(str(hf)).convert(str(ct2), quantization=quantization, force=True)
    shutil.copy(run / SENTENCEPIECE_FILE, ct2 / SENTENCEPIECE_FILE)
    check_translation(ct2, vocabulary)
    for folder in (hf, ct2):
        print(f"{folder}: {sum(file.stat().st_size for file in folder.iterdir()) / 2**20:.2f} MiB")


def write_hf(run: Path, hf: Path, vocabulary: Vocabulary) -> None:
    """Write the run's checkpoint with its tokenizer to the folder `hf`."""
    model = M2M100ForConditionalGeneration.from_pretrained(run / "hf", max_position_embeddings=POSITIONS)
    if model.config.vocab_size != len(vocabulary):
        raise ConversionError(
            f"the checkpoint embeds {model.config.vocab_size} tokens, the vocabulary has {len(vocabulary)}"
        )
    model.save_pretrained(hf)
    build_tokenizer(run / SENTENCEPIECE_FILE, vocabulary).save_pretrained(hf)
    shutil.copy(run / SENTENCEPIECE_FILE, hf / SENTENCEPIECE_FILE)


def build_tokenizer(model_file: Path, vocabulary: Vocabulary) -> NllbTokenizer:
    """An NllbTokenizer with our language codes only, at NLLB's places: after the pieces, before `<mask>`.

    It is built from an explicit vocabulary, because transformers 5, given the SentencePiece file alone,
    silently maps every code to `<unk>`, and, given the codes as well, puts `<mask>` before them.
    """
    proto = SentencePieceExtractor(str(model_file)).proto  # needs the protobuf package
    scores = {piece.piece: rank for rank, piece in enumerate(proto.pieces) if piece.type == NORMAL_PIECE}
    return NllbTokenizer(
        vocab=dict(vocabulary.index),
        merges=generate_merges(scores, None),
        _spm_precompiled_charsmap=proto.normalizer_spec.precompiled_charsmap or None,
        extra_special_tokens=sorted(LANGUAGES.values()),
        src_lang=PIVOT,
        tgt_lang="deu_Latn",
        model_max_length=POSITIONS,
    )


def check_tokenizer(hf: Path, vocabulary: Vocabulary) -> None:
    """Raise ConversionError unless the tokenizer saved in `hf` numbers tokens and texts as training did."""
    tokenizer = AutoTokenizer.from_pretrained(hf)
    saved = tokenizer.get_vocab()
    if saved != vocabulary.index:
        wrong = sorted({token for token, _ in saved.items() ^ vocabulary.index.items()})
        raise ConversionError(f"the tokenizer's ids differ from those of training: {wrong[:10]}")
    for text in TOKENIZER_PROBES:
        if tokenizer(text, add_special_tokens=False)["input_ids"] != vocabulary.ids(text):
            raise ConversionError(f"the tokenizer and SentencePiece disagree on {text!r}")


def check_translation(ct2: Path, vocabulary: Vocabulary) -> None:
    """Raise ConversionError unless the CTranslate2 model has training's vocabulary and keeps to its language.

    Prints a sentence in every language, to be looked at.
    """
    if json.loads((ct2 / "shared_vocabulary.json").read_text(encoding="utf-8")) != vocabulary.tokens:
        raise ConversionError("CTranslate2's vocabulary differs from that of training")
    translator = ctranslate2.Translator(str(ct2), device="cpu", intra_threads=1)
    source = [PIVOT, *vocabulary.processor.encode(PROBE, out_type=str), "</s>"]
    for code in sorted(LANGUAGES.values()):
        results = translator.translate_batch([source], target_prefix=[[code]], beam_size=1)
        hypothesis = results[0].hypotheses[0]
        if hypothesis[0] != code:
            raise ConversionError(f"asked for {code}, the model began with {hypothesis[0]}")
        print(code, vocabulary.processor.decode(hypothesis[1:]))


if __name__ == "__main__":
    main()
