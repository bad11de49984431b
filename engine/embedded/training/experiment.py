"""The settings of a training run and what it learns from.

The same options and the same corpora give the same SentencePiece model and the same examples in the same
order.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import sentencepiece

from glotmill.engine.embedded.training import phrases
from glotmill.engine.embedded.training.corpus import (
    Example,
    Questions,
    Row,
    Vocabulary,
    examples,
    read_multi30k,
    read_xgqa,
)

# Characters that get a piece of their own even where the corpora hold none of them: ASCII, the letters of the
# four languages, and (as escapes, for several look alike) their quotation marks, dashes, ellipsis, degree and
# euro signs.
REQUIRED_CHARACTERS = (
    "".join(map(chr, range(33, 127)))
    + "ÀÂÄÆÇÈÉÊËÎÏÔÖÙÛÜŒàâäæçèéêëîïôöùûüÿœßẞ"
    + "ÁČĎÉĚÍŇÓŘŠŤÚŮÝŽáčďéěíňóřšťúůýž"
    + "\u201e\u201c\u201d\u201a\u2018\u2019\u00ab\u00bb\u2013\u2014\u2026\u00b0\u20ac"
)
# Questions and phrases are few beside the captions; the pieces should fit them too.
SENTENCEPIECE_REPEAT = 3
VALIDATION_CAPTIONS = 200


@dataclass(frozen=True, slots=True)
class TrainingOptions:
    """All settings of a run; the defaults of `train`'s command line are those of the shipped model.

    `minutes` is the wall-clock budget of the training loop, those of a resumed state included; `cooldown` the
    last part of it (0 to 1) in which the learning rate falls to zero; `warmup` is in steps; `max_tokens`
    bounds a batch's padded tokens; `ema` is the decay of the averaged weights, which are the ones saved.
    """

    multi30k: Path
    xgqa: Path | None
    out: Path
    minutes: float
    vocab_size: int
    d_model: int
    ffn: int
    heads: int
    encoder_layers: int
    decoder_layers: int
    dropout: float
    learning_rate: float
    warmup: int
    cooldown: float
    label_smoothing: float
    max_tokens: int
    question_repeat: int
    phrase_repeat: int
    ema: float
    validation_minutes: float
    threads: int
    seed: int
    resume: Path | None
    sentencepiece: Path | None


@dataclass(frozen=True, slots=True)
class TrainingData:
    """The vocabulary and the examples of a run; `captions` are what BLEU is measured on."""

    vocabulary: Vocabulary
    training: list[Example]
    validation: list[Example]
    questions: list[Example]
    captions: list[Row]


def prepare(options: TrainingOptions) -> TrainingData:
    """Read the corpora, and train the SentencePiece model unless the run has one or is given one.

    Writes `sentencepiece.bpe.model` into the run's folder.
    """
    captions = read_multi30k(options.multi30k, "train")
    validation = read_multi30k(options.multi30k, "val")
    questions = read_xgqa(options.xgqa) if options.xgqa else Questions([], [])
    phrase_rows = phrase_corpus() if options.phrase_repeat else []
    model_file = options.out / "sentencepiece.bpe.model"
    if options.sentencepiece:
        model_file.write_bytes(options.sentencepiece.read_bytes())
    elif not model_file.exists():
        rows = captions + (questions.training + phrase_rows) * SENTENCEPIECE_REPEAT
        texts = [text for row in rows for text in row.values()]
        model_file.write_bytes(train_sentencepiece(texts, options.vocab_size, options.threads))
    vocabulary = Vocabulary(model_file)
    return TrainingData(
        vocabulary=vocabulary,
        training=examples(captions, vocabulary)
        + examples(questions.training, vocabulary, repeat=options.question_repeat)
        + examples(phrase_rows, vocabulary, repeat=options.phrase_repeat),
        validation=examples(validation[:VALIDATION_CAPTIONS], vocabulary),
        questions=examples(questions.held_out, vocabulary),
        captions=validation,
    )


def phrase_corpus() -> list[Row]:
    """The hand-written phrases as rows; a language without a translation is absent from its row."""
    whole = (zip(phrases.COLUMNS, row, strict=True) for row in phrases.rows())
    return [{code: cell for code, cell in cells if cell} for cells in whole]


def train_sentencepiece(texts: list[str], vocab_size: int, threads: int) -> bytes:
    """A BPE SentencePiece model with NLLB's own special ids: `<unk>` 0, `<s>` 1, `</s>` 2, no `<pad>`."""
    buffer = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts),
        model_writer=buffer,
        model_type="bpe",
        vocab_size=vocab_size,
        character_coverage=1.0,
        required_chars=REQUIRED_CHARACTERS,
        split_digits=True,
        unk_id=0,
        bos_id=1,
        eos_id=2,
        pad_id=-1,
        num_threads=threads,
        minloglevel=2,
    )
    return buffer.getvalue()
