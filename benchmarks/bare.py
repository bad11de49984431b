"""A plain CTranslate2 loop: what is left of an engine's speed without everything around it.

It encodes, translates and decodes batches in their order, each loaded model in a thread of its own.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TypeVar

import ctranslate2
import sentencepiece

from glotmill.engine.translators.nllb import FORCED_TOKENS
from glotmill.engine.workers.unit_plan import plan_units
from glotmill.schemas.languages import registry

END = "</s>"
Pair = tuple[str, str, str, str]  # source language, target language, text and translation
Row = TypeVar("Row", bound=tuple[str, ...])
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Decoding:
    """How every way of a comparison decodes.

    Attributes:
        compute_type: CTranslate2's precision.
        beam_size: 1 is greedy.
        max_tokens: Longest translation, end token included and language token not.
        min_tokens: Shortest one; with `max_tokens` a fixed length.
        length_penalty: Of beam search.
    """

    compute_type: str = "float32"
    beam_size: int = 1
    max_tokens: int = 198
    min_tokens: int = 0
    length_penalty: float = 1.0


def batches_of(texts: list[str], batch_tokens: int) -> list[list[int]]:
    """Row numbers in batches of like length, longest first, cut as builds cut them."""
    import polars as pl

    rows = pl.DataFrame({"key": [f"{row:09}" for row in range(len(texts))], "text": texts})
    planned = plan_units(rows, batch_tokens=batch_tokens, unit_tokens=1 << 20)
    return [[int(key) for key in group["key"]] for _, group in planned.group_by("batch", maintain_order=True)]


class Bare:
    """Loaded models, each with so many threads."""

    def __init__(self, folder: Path, decoding: Decoding, models: int, threads: int) -> None:
        self._decoding = decoding
        self._pieces = sentencepiece.SentencePieceProcessor(model_file=str(folder / "sentencepiece.bpe.model"))
        self._models = [
            ctranslate2.Translator(str(folder), compute_type=decoding.compute_type, intra_threads=threads)
            for _ in range(models)
        ]

    def translate(self, batches: list[list[str]], source_lang: str, target_lang: str) -> tuple[float, list[list[str]]]:
        """(seconds, translations by batch)."""
        rows = [[(source_lang, target_lang, text) for text in batch] for batch in batches]
        return self.translate_rows(rows)

    def translate_rows(self, batches: list[list[tuple[str, str, str]]]) -> tuple[float, list[list[str]]]:
        """The same where each row says its source and target language."""
        return self.carry_out(self._translated, batches)

    def score(self, batches: list[list[Pair]]) -> tuple[float, list[list[float]]]:
        """(seconds, ln P of each pair's translation with its end by batch)."""
        return self.carry_out(self._scored, batches)

    def carry_out(
        self, do: Callable[[Any, list[Row]], list[Made]], batches: list[list[Row]]
    ) -> tuple[float, list[list[Made]]]:
        """(seconds, what was made by batch), each model at one batch at a time."""
        waiting: SimpleQueue[int | None] = SimpleQueue()
        for number in [*range(len(batches)), *[None] * len(self._models)]:
            waiting.put(number)
        found: dict[int, list[Made]] = {}

        def work(model: Any) -> None:
            while (number := waiting.get()) is not None:
                found[number] = do(model, batches[number])

        workers = [threading.Thread(target=work, args=(model,)) for model in self._models]
        began = time.perf_counter()
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        return time.perf_counter() - began, [found[number] for number in range(len(batches))]

    def _sources(self, batch: Sequence[tuple[str, ...]]) -> list[list[str]]:
        encoded = self._pieces.encode([row[2] for row in batch], out_type=str)
        return [[_token(row[0]), *pieces, END] for row, pieces in zip(batch, encoded, strict=True)]

    def _translated(self, model: Any, batch: list[tuple[str, str, str]]) -> list[str]:
        decoding = self._decoding
        results = model.translate_batch(
            self._sources(batch),
            target_prefix=[[_token(target)] for _, target, _ in batch],
            max_batch_size=0,
            beam_size=decoding.beam_size,
            length_penalty=decoding.length_penalty,
            max_decoding_length=decoding.max_tokens + 1,  # counts the language token
            min_decoding_length=decoding.min_tokens + 1 if decoding.min_tokens else 1,
            return_scores=True,
        )
        texts: list[str] = self._pieces.decode([result.hypotheses[0][1:] for result in results])
        return texts

    def _scored(self, model: Any, batch: list[Pair]) -> list[float]:
        targets = self._pieces.encode([row[3] for row in batch], out_type=str)
        results = model.score_batch(
            self._sources(batch),
            [[_token(row[1]), *pieces] for row, pieces in zip(batch, targets, strict=True)],
            max_batch_size=FORCED_TOKENS,
            batch_type="tokens",
            max_input_length=0,
        )
        return [sum(result.log_probs[1:]) for result in results]


def _token(lang: str) -> str:
    return str(registry()[lang].nllb_token)
