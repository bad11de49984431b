"""Decoding with fewer output tokens at NLLB-600M's shape: Glotmill's work against a bare loop with all tokens.

    python -m benchmarks.output_vocabulary --data FOLDER --json

One process, one thread; CPU seconds. The bare loop gives CTranslate2 the same length-sorted batches. The translate
stage does all that a build does: look-up, planning, units written down, memory files, reading back; forced scores are
the units of that stage. A list of N tokens is the first N of a vocabulary with random weights: this measures speed
and says nothing of quality. Needs 4 GB of memory.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import ctranslate2
import numpy as np
import polars as pl
import pyarrow as pa
import sentencepiece

from benchmarks import random_nllb
from benchmarks.bare import END
from benchmarks.results import Result, carry_out, parser
from benchmarks.texts import coco_captions
from glotmill.engine.memory.entries import Direction
from glotmill.engine.memory.translations import Memory
from glotmill.engine.runs.run import Run
from glotmill.engine.storage.folder import Folder
from glotmill.engine.translation.requests import Segments
from glotmill.engine.translation.stage import TranslateStage
from glotmill.engine.translators import TranslatorSpec, load_translator, resolve_translator
from glotmill.engine.translators.nllb import FORCED_TOKENS, NllbTranslate
from glotmill.engine.translators.shared.output_vocabulary import OutputVocabulary
from glotmill.engine.workers.inline_pool import InlinePool
from glotmill.engine.workers.stopping import StopSwitch
from glotmill.engine.workers.unit_plan import plan_units
from glotmill.engine.workers.units import force_unit, no_note

SOURCE, TARGET = "eng_Latn", "deu_Latn"
SIZES = (131_072, 65_536, 32_768)
QUICK_SIZES = (4_096, 2_048)
Ways = dict[str, Callable[[], Callable[[], None]]]  # each loads what it needs and returns the work to be timed


@dataclass(frozen=True, slots=True)
class Work:
    """What every way does.

    Attributes:
        texts: Captions, each different.
        pairs: Units of forced pairs; the translation of a caption is another caption.
    """

    texts: list[str]
    pairs: pl.DataFrame

    @classmethod
    def of(cls, texts: list[str], section: NllbTranslate) -> Work:
        """The work with some texts."""
        rows = {"key": [f"{n:09}" for n in range(len(texts))], "source_lang": SOURCE, "target_lang": TARGET,
                "text": texts, "translation": texts[1:] + texts[:1]}  # fmt: skip
        units = plan_units(pl.DataFrame(rows), batch_tokens=section.batch_tokens, unit_tokens=section.unit_tokens)
        return cls(texts, units)


class Bare:
    """CTranslate2 and SentencePiece alone."""

    def __init__(self, spec: TranslatorSpec) -> None:
        assert isinstance(spec.section, NllbTranslate)
        self._section = spec.section
        self._pieces = sentencepiece.SentencePieceProcessor(model_file=f"{spec.folder}/sentencepiece.bpe.model")
        self._model = ctranslate2.Translator(str(spec.folder), compute_type="int8_float32", intra_threads=1)

    def translate(self, work: Work) -> None:
        """Translate batch by batch."""
        rows = work.pairs.select("key", "source_lang", "target_lang", "text")
        rows = plan_units(rows, batch_tokens=self._section.batch_tokens, unit_tokens=self._section.unit_tokens)
        for _, batch in rows.group_by("batch", maintain_order=True):
            sources = [[SOURCE, *pieces, END] for pieces in self._encoded(batch["text"])]
            results = self._model.translate_batch(
                sources, target_prefix=[[TARGET]] * len(sources), max_batch_size=0, return_scores=True,
                beam_size=self._section.beam_size, max_decoding_length=self._section.max_decoding_tokens + 1,
            )  # fmt: skip
            self._pieces.decode([result.hypotheses[0][1:] for result in results])

    def score(self, work: Work) -> None:
        """Force batch by batch."""
        for _, batch in work.pairs.group_by("batch", maintain_order=True):
            encoded = zip(self._encoded(batch["text"]), self._encoded(batch["translation"]), strict=True)
            pairs = sorted(encoded, key=lambda pair: (len(pair[1]), len(pair[0])))
            self._model.score_batch(
                [[SOURCE, *pieces, END] for pieces, _ in pairs], [[TARGET, *pieces] for _, pieces in pairs],
                max_batch_size=FORCED_TOKENS, batch_type="tokens",
            )  # fmt: skip

    def _encoded(self, texts: pl.Series) -> list[list[str]]:
        found: list[list[str]] = self._pieces.encode(texts.to_list(), out_type=str)
        return found


def translate_stage(spec: TranslatorSpec, work: Work) -> Callable[[], None]:
    """The stage with its worker started."""
    pool = InlinePool(spec, StopSwitch(), no_note)
    pool.start()

    def do() -> None:
        with tempfile.TemporaryDirectory() as folder:
            requested = Segments()
            requested.add(SOURCE, (TARGET,), work.texts)
            stage = TranslateStage(spec, Memory(Folder(f"{folder}/memory")), Run.open(Path(folder), {}, "bench"), pool)
            stage.translate("forward", requested, retry_failed=False, advance=lambda *_: None)
            stage.entries("forward", Direction(SOURCE, TARGET))

    return do


def forced_units(spec: TranslatorSpec, work: Work) -> Callable[[], None]:
    """The units of forced pairs, by a loaded engine."""
    engine = load_translator(spec)
    tables: list[pa.Table] = [unit.to_arrow() for _, unit in work.pairs.group_by("unit", maintain_order=True)]

    def do() -> None:
        for table in tables:
            force_unit(engine, table)

    return do


def compared(ways: Ways, rounds: int) -> Result:
    """CPU seconds of each way in turn, those of loading apart, and the ratio of the first one's to each."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    load: dict[str, float] = {}
    for _ in range(rounds):
        for name, make in ways.items():
            began = time.process_time()
            do = make()
            load[name] = round(time.process_time() - began, 2)
            began = time.process_time()
            do()
            seconds[name].append(round(time.process_time() - began, 2))
            del do
    best = {name: statistics.median(values) for name, values in seconds.items()}
    first = next(iter(best.values()))
    return {
        "seconds": seconds,
        "load_seconds": load,
        "ratio": {name: round(first / max(taken, 0.01), 3) for name, taken in best.items()},  # seconds have two digits
    }


def measure(options: argparse.Namespace) -> Result:
    """All sizes, beams and ways."""
    model, shape = random_nllb.of_scratch(options.scratch, quick=options.quick)
    texts = list(dict.fromkeys(coco_captions(options.data, options.sentences)))
    settings = {"sentences": len(texts), "target_tokens": random_nllb.LENGTH, "rounds": options.rounds,
                "compute_type": "int8_float32", "threads": 1, "tokens": shape.tokens}  # fmt: skip
    found: Result = {"settings": settings}
    sizes = QUICK_SIZES if options.quick else SIZES
    for beam in (4, 1):
        section = NllbTranslate(
            engine="nllb", model=str(model), beam_size=beam, retry=None, max_decoding_tokens=random_nllb.LENGTH,
            compute_type="int8_float32", device="cpu",
        )  # fmt: skip
        spec = resolve_translator(section)
        work = Work.of(texts, section)
        lists = {size: OutputVocabulary.of(np.arange(size, dtype=np.uint32), shape.tokens) for size in sizes}
        specs = {"full": spec} | {str(size): replace(spec, vocabularies={TARGET: made}) for size, made in lists.items()}
        bare = Bare(spec)
        ways: Ways = {"bare": lambda: lambda: bare.translate(work)}  # noqa: B023 - called before the next beam
        ways |= {name: partial(translate_stage, one, work) for name, one in specs.items()}
        found[f"beam_{beam}"] = compared(ways, options.rounds)
        if beam == 1:
            ways = {"bare": lambda: lambda: bare.score(work)}  # noqa: B023
            ways |= {name: partial(forced_units, one, work) for name, one in specs.items()}
            found["forced"] = compared(ways, options.rounds)
    return found


def main() -> None:
    """Read the command line, measure, save and print."""
    options = parser(__doc__)
    options.add_argument("--sentences", type=int, default=96)
    options.add_argument("--rounds", type=int, default=1)
    carry_out("output_vocabulary", measure, options.parse_args())


if __name__ == "__main__":
    main()
