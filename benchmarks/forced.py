"""Back-translation against forced decoding: seconds, and how well each tells wrong translations from good ones.

    python -m benchmarks.forced --data FOLDER --json

Multi30k's test_2016_flickr, human translations into German, French and Czech; the embedded model, one thread. Wrong
translations are those of another sentence (``shuffle``) and of the most similar other one (``near_shuffle``).
AUROC is the chance that a good row scores better than a wrong one; ``round_trip`` is chrF of the back-translation,
``cross_entropy`` the forced score of the translation, ``adequacy`` the score that the forced reverse direction gives.
"""

from __future__ import annotations

import argparse
import time
from statistics import mean
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from benchmarks.corpora import Machine, captions
from benchmarks.corruptions import Corpus, corrupted
from benchmarks.filter_speed import forced
from benchmarks.filters import STACK, Bench, goodness
from benchmarks.results import Result, carry_out, parser
from glotmill.filters.policy import make_policy
from glotmill.filters.registry import SCORERS, make_scorers

SCORES = {"round_trip": "round_trip_chrf", "cross_entropy": "cross_entropy_dual", "adequacy": "adequacy_score"}
WRONG = ("shuffle", "near_shuffle")


def auroc(bench: Bench, corpus: Corpus, wrong: str) -> dict[str, float]:
    """Of each score, good rows against one corruption."""
    bad = [text if text is not None else good
           for text, good in zip(corrupted(corpus, wrong), corpus.targets, strict=True)]  # fmt: skip
    clean, dirty = bench.clean(corpus), bench.scored(corpus, corpus.sources, bad)
    found = {}
    for name, column in SCORES.items():
        values = np.concatenate([goodness(clean, column), goodness(dirty, column)])
        truth = np.repeat([1, 0], [clean.height, dirty.height])
        found[name] = float(roc_auc_score(truth, values))
    return found


def measure(options: argparse.Namespace) -> Result:
    """AUROC by score and corruption, over the languages; then the seconds."""
    corpora = captions(options.data / "multi30k", "test_2016_flickr", 40 if options.quick else 500)
    machine = Machine.load()
    metrics = [metric for name in STACK for metric in SCORERS[name].metrics]
    bench = Bench(make_scorers(STACK), make_policy({}, STACK, metrics=metrics), machine)
    began = time.perf_counter()
    cells: dict[str, Any] = {wrong: {corpus.lang: auroc(bench, corpus, wrong) for corpus in corpora} for wrong in WRONG}
    judged = time.perf_counter() - began
    return {
        "pairs": sum(len(corpus.targets) for corpus in corpora),
        "auroc": cells,
        "auroc_mean": {
            wrong: {name: round(mean(cell[name] for cell in cells[wrong].values()), 4) for name in SCORES}
            for wrong in WRONG
        },
        "judged_seconds": round(judged, 1),
        **{name: round(value, 4) for name, value in forced(corpora, machine).items()},
    }


if __name__ == "__main__":
    carry_out("forced", measure, parser(__doc__).parse_args())
