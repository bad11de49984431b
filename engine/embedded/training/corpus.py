"""Reading the training corpora, numbering them as NLLB does, and batching them.

Guarantees: no held-out xGQA question has its English text among the xGQA training rows; token ids are those
of an NLLB checkpoint (specials, SentencePiece pieces, language codes, `<mask>`); a pass over `batches` gives
every example exactly once.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import sentencepiece

LANGUAGES = {"en": "eng_Latn", "de": "deu_Latn", "fr": "fra_Latn", "cs": "ces_Latn"}
"""The corpora's file names for the languages, and their FLORES-200 codes."""

PIVOT = "eng_Latn"
DIRECTIONS = [(PIVOT, code) for code in LANGUAGES.values() if code != PIVOT] + [
    (code, PIVOT) for code in LANGUAGES.values() if code != PIVOT
]
"""The (source, target) language codes that are trained: each language from and to English."""

# Ids 0-3 of every NLLB vocabulary. SentencePiece numbers its own specials <unk> 0, <s> 1, </s> 2, so a
# piece's NLLB id is its SentencePiece id plus one.
SPECIAL_TOKENS = ["<s>", "<pad>", "</s>", "<unk>"]
BOS, PAD, EOS, UNK = range(4)
SENTENCEPIECE_SPECIALS = 3

Row: TypeAlias = dict[str, str]
"""One text in several languages, by FLORES-200 code."""


@dataclass(frozen=True, slots=True)
class Example:
    """Token ids of one sentence pair, each side as `[language] pieces </s>`."""

    source: tuple[int, ...]
    target: tuple[int, ...]

    @property
    def width(self) -> int:
        """Tokens of the longer side."""
        return max(len(self.source), len(self.target))


@dataclass(frozen=True, slots=True)
class Questions:
    """xGQA questions in English and German, split so that no held-out question is trained on."""

    training: list[Row]
    held_out: list[Row]


class Vocabulary:
    """The pieces of a SentencePiece model laid out with NLLB's ids.

    `tokens` lists every token by id, `index` maps a token to its id, `processor` is the SentencePiece model.
    """

    def __init__(self, model_file: Path) -> None:
        """Read the SentencePiece model `model_file`."""
        self.processor = sentencepiece.SentencePieceProcessor(model_file=str(model_file))
        size = self.processor.get_piece_size()
        pieces = [self.processor.id_to_piece(i) for i in range(SENTENCEPIECE_SPECIALS, size)]
        self.tokens: list[str] = [*SPECIAL_TOKENS, *pieces, *sorted(LANGUAGES.values()), "<mask>"]
        self.index = {token: i for i, token in enumerate(self.tokens)}
        self._first_language = len(SPECIAL_TOKENS) + len(pieces)

    def __len__(self) -> int:
        """Rows of the embedding table."""
        return len(self.tokens)

    def ids(self, text: str) -> list[int]:
        """Ids of the pieces of `text`, without language code or `</s>`."""
        return [i + 1 if i >= SENTENCEPIECE_SPECIALS else UNK for i in self.processor.encode(text)]

    def text(self, ids: Iterable[int]) -> str:
        """The text that `ids` spell; special tokens and language codes are left out."""
        pieces = [i - 1 for i in ids if len(SPECIAL_TOKENS) <= i < self._first_language]
        return str(self.processor.decode(pieces))


def read_multi30k(folder: Path, split: str, languages: Sequence[str] = tuple(LANGUAGES)) -> list[Row]:
    """The captions of a Multi30k task 1 split, one row an image, from `<split>.<language>.gz`.

    `languages` are file names (`en`, not `eng_Latn`). Raises ValueError if the files differ in length.
    """
    columns: dict[str, list[str]] = {}
    for language in languages:
        text = gzip.decompress((folder / f"{split}.{language}.gz").read_bytes()).decode("utf-8")
        # Not splitlines: it also splits at characters that stand inside captions.
        columns[LANGUAGES[language]] = [" ".join(line.split()) for line in text.rstrip("\n").split("\n")]
    if len({len(column) for column in columns.values()}) != 1:
        raise ValueError(f"the {split} files in {folder} differ in length between languages")
    return [dict(zip(columns, texts, strict=True)) for texts in zip(*columns.values(), strict=True)]


def read_xgqa(folder: Path, *, held_out_images: int = 15) -> Questions:
    """The English and German questions of xGQA's few-shot splits, `<language>/train_48.json` and `dev.json`.

    The last `held_out_images` images of dev are held out; a training question with the same English text as
    one of theirs is left out.
    """
    dev = _xgqa_split(folder, "dev")
    held_images = set(sorted({image for image, _ in dev})[-held_out_images:])
    held = list({row[PIVOT]: row for image, row in dev if image in held_images}.values())
    held_texts = {row[PIVOT].lower() for row in held}
    training = [
        row
        for image, row in _xgqa_split(folder, "train_48") + dev
        if image not in held_images and row[PIVOT].lower() not in held_texts
    ]
    return Questions(training, held)


def _xgqa_split(folder: Path, split: str) -> list[tuple[str, Row]]:
    """(image id, question in both languages) for each question of a split."""
    files = {
        LANGUAGES[language]: json.loads((folder / language / f"{split}.json").read_text(encoding="utf-8"))
        for language in ("en", "de")
    }
    return [
        (entry["imageId"], {code: " ".join(file[key]["question"].split()) for code, file in files.items()})
        for key, entry in files[PIVOT].items()
    ]


def examples(rows: Iterable[Row], vocabulary: Vocabulary, repeat: int = 1, limit: int = 100) -> list[Example]:
    """Every trained direction of every row, `repeat` times, but pairs with a side of over `limit` pieces."""
    made: list[Example] = []
    for row in rows:
        ids = {code: vocabulary.ids(text) for code, text in row.items()}
        for source, target in DIRECTIONS:
            if source in ids and target in ids and max(len(ids[source]), len(ids[target])) <= limit:
                pair = Example(
                    (vocabulary.index[source], *ids[source], EOS),
                    (vocabulary.index[target], *ids[target], EOS),
                )
                made.extend([pair] * repeat)
    return made


def batches(
    data: Sequence[Example], max_tokens: int, shuffle: random.Random | None = None, bucket: int = 30_000
) -> Iterator[list[Example]]:
    """Batches of examples of like length, none over `max_tokens` when padded to its longest side.

    With `shuffle`, examples are shuffled, sorted by length within each `bucket` of them, and the batches
    shuffled. An example that is alone over `max_tokens` makes a batch of its own.
    """
    order = list(data)
    if shuffle:
        shuffle.shuffle(order)
    made: list[list[Example]] = []
    for start in range(0, len(order), bucket):
        by_length = sorted(order[start : start + bucket], key=lambda e: (len(e.source), len(e.target)))
        made.extend(_filled(by_length, max_tokens))
    if shuffle:
        shuffle.shuffle(made)
    yield from made


def _filled(data: Iterable[Example], max_tokens: int) -> Iterator[list[Example]]:
    batch: list[Example] = []
    width = 0
    for example in data:
        width = max(width, example.width)
        if batch and width * (len(batch) + 1) > max_tokens:
            yield batch
            batch, width = [], example.width
        batch.append(example)
    if batch:
        yield batch


def main() -> None:
    """Print how many rows each corpus gives."""
    parser = argparse.ArgumentParser(
        prog="python -m glotmill.engine.embedded.training.corpus",
        description="Count the rows of the training corpora.",
        epilog="example: python -m glotmill.engine.embedded.training.corpus --multi30k MULTI30K --xgqa XGQA",
    )
    parser.add_argument("--multi30k", type=Path, required=True, help="folder with train.en.gz, ...")
    parser.add_argument("--xgqa", type=Path, help="folder with en/train_48.json, de/train_48.json, ...")
    args = parser.parse_args()
    for split in ("train", "val", "test_2016_flickr"):
        print(f"Multi30k {split}: {len(read_multi30k(args.multi30k, split))} captions")
    if args.xgqa:
        questions = read_xgqa(args.xgqa)
        print(f"xGQA: {len(questions.training)} questions for training, {len(questions.held_out)} held out")


if __name__ == "__main__":
    main()
