"""Fit what the filters ship: the table of lengths, and the coefficients of the adequacy score.

    python -m benchmarks.fit_filters --data FOLDER

FOLDER holds ``multi30k/`` and ``xgqa/``; only the splits to fit on are read. Writes ``filters/data/length_ratios.csv``
and ``filters/data/adequacy.json``. The second is fitted on human translations and on the engine's own, each with the
errors of `benchmarks/corruptions.py` put in; a number of errors weighs as much as that number of good texts.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
from sklearn.linear_model import LogisticRegression

from benchmarks.corpora import Machine, captions, corpora, pairs_of
from benchmarks.corruptions import Corpus, corrupted
from glotmill.filters.features.length import LEAST_VARIANCE, LINE, MIN_CHARS, TABLE, length_table
from glotmill.filters.scorers.adequacy import COEFFICIENTS, FEATURES, features, logit

LENGTH_HEAD = (
    "# Characters of human translations over those of their English sources: line of the log ratio over the log length,"
    " and its variance over 1/length. Fitted by benchmarks/fit_filters.py on Multi30k val (captions) and xGQA train_48 "
    "(questions); statistics only, none of their text.\n"
)
TRIM = 3.0  # robust standard deviations: what lies beyond is no part of the line
ROUNDS = 10
ERRORS = {
    "meaning": ("shuffle", "near_shuffle"),
    "omission": ("cut50_marked", "cut25_marked"),
    "addition": ("concatenated", "hallucinated_clause"),
    "numbers": ("number_changed",),
    "negation": ("negation_added", "negation_dropped"),
}
FULL = 100  # errors of a kind and language from which on they weigh in full
ZERO, USUAL = 0.002, 0.05  # quantiles of good text that become 0 and 1
MORE = 4000  # captions of Multi30k train that are good text too: a thousand are too few for one in 500


def length_line(sources: Sequence[str], targets: Sequence[str]) -> dict[str, float]:
    """The robust line of one cell, as `glotmill.filters.features.length` reads it."""
    kept = [(len(s), len(t)) for s, t in zip(sources, targets, strict=True) if len(s) >= MIN_CHARS]
    source, target = np.array(kept, float).T
    ratio, log = np.log((target + 1) / (source + 1)), np.log(source + 1)
    inside = np.ones(len(ratio), bool)
    design = np.stack([np.ones_like(log), log], axis=1)
    for _ in range(ROUNDS):
        line = np.linalg.lstsq(design[inside], ratio[inside], rcond=None)[0]
        rest = ratio - design @ line
        inside = np.abs(rest) < TRIM * 1.4826 * np.median(np.abs(rest))
    spread = np.stack([np.ones_like(log), 1 / (source + 1)], axis=1)
    variance = np.linalg.lstsq(spread[inside], rest[inside] ** 2, rcond=None)[0]
    if variance.min() < 0:  # no fall with length: one variance for all
        variance = np.array([max(LEAST_VARIANCE, float(np.mean(rest[inside] ** 2))), 0.0])
    return dict(zip(LINE, (float(v) for v in (*line, *variance)), strict=True))


def write_lengths(fit: list[Corpus]) -> None:
    """Write the table of lengths."""
    rows = [{"lang": c.lang, "field_type": c.field_type, **length_line(c.sources, c.targets), "n": len(c.targets)}
            for c in fit]  # fmt: skip
    table = pl.DataFrame(rows).with_columns(pl.col(LINE).round(5))
    TABLE.write_text(LENGTH_HEAD + table.write_csv(), encoding="utf-8")
    length_table.cache_clear()


def judged(machine: Machine, corpus: Corpus, targets: Sequence[str | None]) -> dict[str, Any]:
    """Features of the corpus's sources with these targets, where there are any."""
    there = [(s, t) for s, t in zip(corpus.sources, targets, strict=True) if t is not None]
    pairs: pa.Table = machine.judged(pairs_of(corpus, [s for s, _ in there], [t for _, t in there]))
    return features(pairs)[0]


def fit_detector(name: str, good: list[dict[str, Any]], bad: list[dict[str, dict[str, Any]]]) -> dict[str, Any]:
    """One detector: a logistic regression of good texts against those with its errors."""

    def matrix(table: dict[str, Any]) -> Any:
        return np.stack([table[feature] for feature in FEATURES[name]], axis=1)

    rows, labels, weights = [], [], []
    for clean, broken in zip(good, bad, strict=True):
        x = matrix(clean)
        rows.append(x)
        labels.append(np.ones(len(x)))
        weights.append(np.full(len(x), 1 / len(x)))
        for error in ERRORS[name]:
            if error in broken and len(y := matrix(broken[error])):
                share = min(1, len(y) / FULL) / len(y) / len(ERRORS[name])
                rows.append(y)
                labels.append(np.zeros(len(y)))
                weights.append(np.full(len(y), share))
    x, weight = np.concatenate(rows), np.concatenate(weights)
    mean, deviation = x.mean(axis=0), np.maximum(x.std(axis=0), 1e-6)
    model = LogisticRegression(C=1.0, max_iter=2000)
    model.fit((x - mean) / deviation, np.concatenate(labels), sample_weight=weight / weight.mean())
    logits = np.concatenate([model.decision_function((matrix(clean) - mean) / deviation) for clean in good])
    low, usual = np.quantile(logits, [ZERO, USUAL])
    numbers = {"mean": mean, "deviation": deviation, "weight": model.coef_[0], "intercept": model.intercept_[0],
               "scale": max(usual - low, 0.5 * float(np.std(logits)))}  # fmt: skip
    return {"features": list(FEATURES[name])} | {key: np.round(value, 5).tolist() for key, value in numbers.items()}


def zeros(name: str, fitted: dict[str, Any], human: dict[str, list[dict[str, Any]]]) -> dict[str, float]:
    """The logit that one good text in 500 lies below, by language and in all."""
    logits = {lang: np.concatenate([logit(table, name, fitted) for table in tables]) for lang, tables in human.items()}
    pooled = {"all": np.concatenate(list(logits.values())), **logits}
    return {lang: round(float(np.quantile(values, ZERO)), 5) for lang, values in pooled.items()}


def write_adequacy(fit: list[Corpus], train: list[Corpus], machine: Machine) -> None:
    """Write the coefficients of the adequacy score."""
    human = [corpus for corpus in fit if corpus.field_type == "caption" and corpus.lang in machine.languages]
    good, bad = [], []
    for corpus in (*human, *(machine.translated(corpus) for corpus in human)):
        good.append(judged(machine, corpus, corpus.targets))
        bad.append({error: judged(machine, corpus, corrupted(corpus, error))
                    for errors in ERRORS.values() for error in errors})  # fmt: skip
        print(f"{corpus.name} {corpus.lang}: {len(corpus.targets)} good texts", flush=True)
    detectors = {name: fit_detector(name, good, bad) for name in FEATURES}
    people = {corpus.lang: [table, judged(machine, more, more.targets)]
              for corpus, more, table in zip(human, train, good[: len(human)], strict=True)}  # fmt: skip
    for name, fitted in detectors.items():
        fitted["zero"] = zeros(name, fitted, people)
    content = {
        "engine": machine.model,
        "fitted_on": [f"{corpus.name} {corpus.lang}, human and machine translations" for corpus in human],
        "zeros_of": [f"{corpus.name} {corpus.lang}, human translations" for corpus in (*human, *train)],
        "detectors": detectors,
    }
    COEFFICIENTS.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    """Read the command line, fit and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, required=True, help="folder with multi30k/ and xgqa/")
    data = parser.parse_args().data
    fit = corpora(data, "fit")
    write_lengths(fit)
    write_adequacy(fit, captions(data / "multi30k", "train", MORE), Machine.load())


if __name__ == "__main__":
    main()
