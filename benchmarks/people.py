"""People's translations, judged with an engine's scores: what is kept by the defaults and by a build's own thresholds.

    python -m benchmarks.people --data FOLDER --json

FOLDER holds ``multi30k/``, ``xgqa/`` and ``tatoeba/``. Captions are Multi30k's test_2016_flickr, questions xGQA's dev;
``other`` are the odd lines of LASER's Tatoeba files, which the embedded model hardly knows. A build of each set would
translate a sample of its sources: from these translations, and nothing of people's, come its thresholds. The scorers
are the default ones with the engine's. In languages that the engine lacks only the cheap rules judge. Shuffled pairs
and structural faults (`benchmarks/corruptions.py`) are judged by the same thresholds.
"""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import replace
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from benchmarks.corpora import CAPTIONS, corpora, pairs_of
from benchmarks.corruptions import Corpus, corrupted
from benchmarks.filter_figures import STRUCTURAL
from benchmarks.filters import ADEQUACY, Bench, goodness, kept, make_bench
from benchmarks.human_text import human_text
from benchmarks.results import Result, carry_out, parser
from glotmill.filters.engine_thresholds import engine_scores, engine_thresholds
from glotmill.filters.features.pair_quality import features
from glotmill.filters.quality_fit import QualityFit, shipped_fit
from glotmill.filters.quality_fitting import fit_quality

SAMPLE = 1000  # translations that a build takes its thresholds from
BARS = {"kept_mean": 0.995, "kept_worst": 0.99, "structural_caught_worst": 0.99, "shuffled_auroc": 0.995}
JUDGED = ("captions", "questions")  # what the bars are for


def sets(data: Path, limit: int | None) -> list[tuple[str, Corpus]]:
    """All sets by name."""
    found = [(f"{corpus.field_type}s", corpus) for corpus in corpora(data, "test")]
    rows = human_text(data).filter(set="tatoeba", half="test")
    for lang in CAPTIONS.values():
        own = rows.filter(lang=lang)
        sources, targets = own["source"].to_list(), own["target"].to_list()
        found.append(("other", Corpus("tatoeba", lang, "caption", sources, targets, targets)))
    return [(name, part(corpus, limit)) for name, corpus in found]


def part(corpus: Corpus, limit: int | None) -> Corpus:
    """The first rows of a corpus."""
    texts = {name: getattr(corpus, name)[:limit] for name in ("sources", "targets", "elsewhere")}
    return replace(corpus, **texts)


def own_fit(bench: Bench, corpus: Corpus) -> QualityFit | None:
    """What a build of a corpus's sources would fit to its own translations; None where the engine lacks it."""
    if corpus.lang not in bench.machine.languages:
        return None
    made = bench.machine.translated(part(corpus, SAMPLE))
    pairs = bench.machine.judged(pairs_of(made, made.sources, made.targets))
    langs = pairs["lang"].to_pylist()
    own = engine_thresholds(engine_scores(pairs, bench.scorers), langs, bench.scorers)
    return fit_quality(features(pairs), langs, bench.machine.model, shipped_fit(), thresholds=own)


def judged(bench: Bench, corpus: Corpus, fit: QualityFit | None) -> dict[str, Any]:
    """What is kept of a corpus, what is caught, and by which thresholds."""
    policies = {"default": bench.policy, "own": bench.policy.fitted(fit)}
    clean, shuffled = bench.clean(corpus), bench.scored(corpus, *_bad(corpus, "shuffle"))
    found: dict[str, Any] = {"rows": clean.height, "with_engine": fit is not None}
    for name, policy in policies.items():
        found[f"kept_{name}"] = kept(clean.with_columns(reasons=policy.failing(clean)))
        found[f"shuffled_caught_{name}"] = 1 - kept(shuffled.with_columns(reasons=policy.failing(shuffled)))
    lost = policies["own"].failing(clean).explode().drop_nulls()
    found["lost_by"] = dict(Counter(lost.to_list()).most_common())
    if fit is None:
        return found
    values = np.concatenate([goodness(clean, ADEQUACY), goodness(shuffled, ADEQUACY)])
    found["shuffled_auroc"] = float(roc_auc_score(np.repeat([1, 0], [clean.height, shuffled.height]), values))
    found["thresholds"] = {name: places.get(corpus.lang) for name, places in fit.content.thresholds.items()}
    return found


def structural(bench: Bench, corpus: Corpus, fit: QualityFit | None) -> dict[str, float]:
    """Shares of structural faults that are caught by the build's own thresholds."""
    own = replace(bench, policy=bench.policy.fitted(fit))
    return {name: 1 - kept(own.scored(corpus, *_bad(corpus, name), spare=True)) for name in STRUCTURAL}


def _bad(corpus: Corpus, name: str) -> tuple[list[str], list[str]]:
    """Sources and corrupted targets of the rows that can be corrupted."""
    pairs = zip(corpus.sources, corrupted(corpus, name), strict=True)
    rows = [(source, bad) for source, bad in pairs if bad is not None]
    return [source for source, _ in rows], [bad for _, bad in rows]


def measure(options: argparse.Namespace) -> Result:
    """All sets by language, then what the bars are for."""
    bench = make_bench(with_engine=True)
    cells: dict[str, dict[str, Any]] = {}
    for name, corpus in sets(options.data, 250 if options.quick else None):
        fit = own_fit(bench, corpus)
        cell = judged(bench, corpus, fit)
        if name in JUDGED:
            cell["structural_caught"] = structural(bench, corpus, fit)
        cells.setdefault(name, {})[corpus.lang] = cell
        print(f"{name} {corpus.lang}: {cell}", flush=True)
    people = [cell for name in JUDGED for cell in cells[name].values()]
    figures: dict[str, float] = {
        "kept_mean": mean(cell["kept_own"] for cell in people),
        "kept_worst": min(cell["kept_own"] for cell in people),
        "kept_mean_default": mean(cell["kept_default"] for cell in people),
        "kept_worst_default": min(cell["kept_default"] for cell in people),
        "other_kept_worst": min(cell["kept_own"] for cell in cells["other"].values()),
        "other_kept_worst_default": min(cell["kept_default"] for cell in cells["other"].values()),
        "structural_caught_worst": min(mean(cell["structural_caught"][name] for cell in people) for name in STRUCTURAL),
        "shuffled_auroc": mean(cell["shuffled_auroc"] for cell in cells["captions"].values()),
    }
    met = {name: figures[name] >= bar for name, bar in BARS.items()}
    return {"sets": cells, **figures, "bars": BARS, "met": met, "within_bars": all(met.values())}


if __name__ == "__main__":
    carry_out("people", measure, parser(__doc__).parse_args())
