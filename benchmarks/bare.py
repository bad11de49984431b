"""A plain CTranslate2 loop: what is left of an engine's speed without everything around it.

It encodes, translates and decodes batches in their order, each loaded model in a thread of its own.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import ctranslate2
import sentencepiece

from glotmill.engine.workers.units import plan_units
from glotmill.schemas.languages import registry

END = "</s>"


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
        waiting: SimpleQueue[int | None] = SimpleQueue()
        for number in [*range(len(batches)), *[None] * len(self._models)]:
            waiting.put(number)
        found: dict[int, list[str]] = {}

        def work(model: Any) -> None:
            while (number := waiting.get()) is not None:
                found[number] = self._batch(model, batches[number], source_lang, target_lang)

        workers = [threading.Thread(target=work, args=(model,)) for model in self._models]
        began = time.perf_counter()
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        return time.perf_counter() - began, [found[number] for number in range(len(batches))]

    def _batch(self, model: Any, batch: list[str], source_lang: str, target_lang: str) -> list[str]:
        source, target = (registry()[code].nllb_token for code in (source_lang, target_lang))
        encoded = self._pieces.encode(batch, out_type=str)
        decoding = self._decoding
        results = model.translate_batch(
            [[source, *tokens, END] for tokens in encoded],
            target_prefix=[[target]] * len(batch),
            max_batch_size=0,
            beam_size=decoding.beam_size,
            length_penalty=decoding.length_penalty,
            max_decoding_length=decoding.max_tokens + 1,  # counts the language token
            min_decoding_length=decoding.min_tokens + 1 if decoding.min_tokens else 1,
            return_scores=True,
        )
        texts: list[str] = self._pieces.decode([result.hypotheses[0][1:] for result in results])
        return texts
