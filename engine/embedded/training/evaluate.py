"""The command that measures a converted model: BLEU and chrF, round trips, lone words, throughput.

Needs CTranslate2, SentencePiece and sacrebleu only. Every BLEU and chrF is on text that was not trained on:
Multi30k's test_2016_flickr, and the held-out xGQA questions that are not among the hand-written phrases
either. Scores vary a little between processors, for CTranslate2's int8 arithmetic does.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import ctranslate2
import sacrebleu

from glotmill.engine.embedded import ANSWERS, MODEL_DIR
from glotmill.engine.embedded.training import phrases
from glotmill.engine.embedded.training.corpus import DIRECTIONS, PIVOT, Row, Vocabulary, read_multi30k, read_xgqa

LONGEST_HYPOTHESIS = 100
BATCH_TOKENS = 2048
GERMAN = "deu_Latn"
WARM_UP_SENTENCES = 200
THROUGHPUT_RUNS = 2
WORKERS_AND_THREADS = ((2, 1), (1, 2), (1, 1))
EPILOG = """
example, the shipped model:
  python -m glotmill.engine.embedded.training.evaluate --multi30k MULTI30K_FOLDER --xgqa XGQA_FOLDER --out results.json
"""


@dataclass(frozen=True, slots=True)
class Quality:
    """Corpus scores with sacrebleu's defaults, 0 to 100."""

    bleu: float
    chrf: float


@dataclass(frozen=True, slots=True)
class Spread:
    """Mean and percentiles of sentence scores, 0 to 100."""

    mean: float
    p5: float
    p50: float
    p90: float


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """Sentence chrF of English → language → English against the English source.

    `own` is the round trip itself; what it must be told from is `other_sentence`, the back-translation of
    another sentence, and `english_copy`, the back-translation of the English source left untranslated.
    `correlation` is Pearson's, between `own` and the sentence chrF of the forward translation.
    """

    own: Spread
    other_sentence: Spread
    english_copy: Spread
    correlation: float


@dataclass(frozen=True, slots=True)
class Throughput:
    """Best of two runs of translating `sentences` tokenised captions; `cpu_seconds` is over all threads."""

    sentences: int
    sentences_per_second: float
    sentences_per_cpu_second: float


class Translator:
    """A CTranslate2 model and its SentencePiece model, on CPU at int8."""

    def __init__(self, folder: Path, workers: int = 2, threads: int = 1) -> None:
        """Load `folder` with `workers` parallel translations of `threads` threads each."""
        self._processor = Vocabulary(folder / "sentencepiece.bpe.model").processor
        self._model = ctranslate2.Translator(
            str(folder), device="cpu", inter_threads=workers, intra_threads=threads, compute_type="int8"
        )

    def encode(self, texts: Sequence[str], source: str) -> list[list[str]]:
        """Each text as `[source] pieces </s>`; CTranslate2 adds neither end."""
        return [[source, *pieces, "</s>"] for pieces in self._processor.encode(list(texts), out_type=str)]

    def hypotheses(self, sources: Sequence[list[str]], target: str, beam: int) -> list[list[str]]:
        """The best hypothesis of each encoded source; its first token is the code of language `target`."""
        results = self._model.translate_batch(
            sources,
            target_prefix=[[target]] * len(sources),
            beam_size=beam,
            batch_type="tokens",
            max_batch_size=BATCH_TOKENS,
            max_decoding_length=LONGEST_HYPOTHESIS,
        )
        return [result.hypotheses[0] for result in results]

    def translate(self, texts: Sequence[str], source: str, target: str, beam: int = 1) -> list[str]:
        """The translation of each text."""
        tokens = self.hypotheses(self.encode(texts, source), target, beam)
        return [self.decode(hypothesis[1:]) for hypothesis in tokens]

    def decode(self, tokens: list[str]) -> str:
        """The text of some tokens, without the language's."""
        text: str = self._processor.decode(tokens)
        return text


def quality(hypotheses: Sequence[str], references: Sequence[str]) -> Quality:
    """BLEU and chrF of a whole test set."""
    return Quality(
        bleu=round(sacrebleu.corpus_bleu(hypotheses, [references]).score, 2),
        chrf=round(sacrebleu.corpus_chrf(hypotheses, [references]).score, 2),
    )


def sentence_chrf(hypotheses: Sequence[str], references: Sequence[str]) -> list[float]:
    """The chrF of each sentence, 0 to 100."""
    metric = sacrebleu.CHRF()
    return [
        metric.sentence_score(hypothesis, [reference]).score
        for hypothesis, reference in zip(hypotheses, references, strict=True)
    ]


def spread(scores: Sequence[float]) -> Spread:
    """Mean and percentiles of `scores`."""
    cuts = statistics.quantiles(scores, n=100, method="inclusive")
    return Spread(*(round(value, 1) for value in (statistics.mean(scores), cuts[4], cuts[49], cuts[89])))


def directions(translator: Translator, rows: Sequence[Row]) -> dict[str, dict[str, Quality]]:
    """Greedy and beam-4 quality by `source-target`."""
    measured: dict[str, dict[str, Quality]] = {}
    print("| direction | greedy BLEU | greedy chrF | beam-4 BLEU | beam-4 chrF |\n|---|---|---|---|---|")
    for source, target in DIRECTIONS:
        texts, references = [row[source] for row in rows], [row[target] for row in rows]
        greedy = quality(translator.translate(texts, source, target), references)
        beam = quality(translator.translate(texts, source, target, beam=4), references)
        measured[f"{source}-{target}"] = {"greedy": greedy, "beam4": beam}
        scores = (greedy.bleu, greedy.chrf, beam.bleu, beam.chrf)
        print(f"| {source} → {target} | " + " | ".join(f"{score:.1f}" for score in scores) + " |", flush=True)
    return measured


def round_trips(translator: Translator, rows: Sequence[Row]) -> dict[str, RoundTrip]:
    """Greedy round trips from English by the language in the middle."""
    english = [row[PIVOT] for row in rows]
    measured: dict[str, RoundTrip] = {}
    for _, middle in (pair for pair in DIRECTIONS if pair[0] == PIVOT):
        there = translator.translate(english, PIVOT, middle)
        back = translator.translate(there, middle, PIVOT)
        copies = translator.translate(english, middle, PIVOT)
        own = sentence_chrf(back, english)
        forward = sentence_chrf(there, [row[middle] for row in rows])
        trip = RoundTrip(
            own=spread(own),
            other_sentence=spread(sentence_chrf(back[1:] + back[:1], english)),
            english_copy=spread(sentence_chrf(copies, english)),
            correlation=round(statistics.correlation(own, forward), 3),
        )
        measured[middle] = trip
        print(f"round trip by {middle}: {trip}", flush=True)
    return measured


def questions(translator: Translator, xgqa: Path) -> dict[str, Quality]:
    """Greedy quality on the held-out xGQA questions, English and German."""
    written = {row[0].lower() for row in phrases.rows()}
    rows = [row for row in read_xgqa(xgqa).held_out if row[PIVOT].lower() not in written]
    measured: dict[str, Quality] = {}
    for source, target in ((PIVOT, GERMAN), (GERMAN, PIVOT)):
        hypotheses = translator.translate([row[source] for row in rows], source, target)
        measured[f"{source}-{target}"] = quality(hypotheses, [row[target] for row in rows])
        print(f"{len(rows)} questions {source} → {target}: {measured[f'{source}-{target}']}", flush=True)
    return measured


def lone_answers(translator: Translator) -> dict[str, dict[str, str]]:
    """How many entries of the answer table are translated as it has them, case aside, by language.

    `trained` are those that are also among the hand-written phrases. Others may be right too.
    """
    header, *table = (line.split("\t") for line in ANSWERS.read_text(encoding="utf-8").splitlines())
    written = {row[0] for row in phrases.rows()}
    measured: dict[str, dict[str, str]] = {}
    for column, language in enumerate(header[1:], start=1):
        measured[language] = {}
        for part, trained in (("trained", True), ("untrained", False)):
            entries = [row for row in table if (row[0] in written) == trained]
            hypotheses = translator.translate([row[0] for row in entries], PIVOT, language)
            right = sum(h.lower() == row[column].lower() for h, row in zip(hypotheses, entries, strict=True))
            measured[language][part] = f"{right} of {len(entries)}"
        print(f"lone answers in {language}: {measured[language]}", flush=True)
    return measured


def throughput(folder: Path, texts: Sequence[str]) -> dict[str, Throughput]:
    """Speed of English → German without tokenisation, by workers, threads and beam size."""
    measured: dict[str, Throughput] = {}
    for workers, threads in WORKERS_AND_THREADS:
        translator = Translator(folder, workers, threads)
        sources = translator.encode(texts, PIVOT)
        for beam in (1, 4):
            translator.hypotheses(sources[:WARM_UP_SENTENCES], GERMAN, beam)
            name = f"{workers} workers x {threads} threads, beam {beam}"
            measured[name] = _timed(partial(translator.hypotheses, sources, GERMAN, beam), len(texts))
            print(f"{name}: {measured[name]}", flush=True)
    return measured


def _timed(translate: Callable[[], object], sentences: int) -> Throughput:
    wall, cpu = float("inf"), float("inf")
    for _ in range(THROUGHPUT_RUNS):
        wall_start, cpu_start = time.perf_counter(), time.process_time()
        translate()
        wall = min(wall, time.perf_counter() - wall_start)
        cpu = min(cpu, time.process_time() - cpu_start)
    return Throughput(sentences, round(sentences / wall, 1), round(sentences / cpu, 1))


def main() -> None:
    """Read the command line, measure, print, and write the figures as JSON."""
    parser = argparse.ArgumentParser(
        prog="python -m glotmill.engine.embedded.training.evaluate",
        description="Measure a converted model: BLEU and chrF, round trips, lone words, throughput.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--model", type=Path, default=MODEL_DIR, help="CTranslate2 folder (the shipped one)")
    parser.add_argument("--multi30k", type=Path, required=True, help="folder with val.en.gz, ...")
    parser.add_argument("--xgqa", type=Path, help="folder with en/dev.json, ...; measures questions too")
    parser.add_argument("--out", type=Path, help="JSON file for the figures")
    args = parser.parse_args()
    rows = read_multi30k(args.multi30k, "test_2016_flickr")
    captions = [row[PIVOT] for row in rows + read_multi30k(args.multi30k, "val", ("en",))]
    translator = Translator(args.model)
    load = os.getloadavg()[0]
    print(f"load average at the start: {load:.1f}")
    figures = {
        "load_average": load,
        "translation": directions(translator, rows),
        "round_trip": round_trips(translator, rows),
        "questions": questions(translator, args.xgqa) if args.xgqa else {},
        "lone_answers": lone_answers(translator),
        "throughput": throughput(args.model, captions),
    }
    if args.out:
        # `default` is called for the dataclasses only; json knows the rest.
        args.out.write_text(json.dumps(figures, default=asdict, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
