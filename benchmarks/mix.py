"""mBLIP's language mix over many rows: exact totals, none at zero, and what appending rows does.

Rows are synthetic ids; the weights are mBLIP's mC4 shares. Then as many rows as mBLIP has of ImageNet, of 1,000 labels
that each have names in languages of their own: each language's share is of all rows, as far as its names go.
Run: python -m benchmarks.mix --json
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from typing import Any

import polars as pl

from glotmill.engine.samples.language_mix import MIX_ROWS, MixRule, assign
from glotmill.recipes.language_sets import groups
from glotmill.recipes.sections.mix import Mix

ROWS = (23_240, 2_273_005)
LABELS = 1_000
LABELLED = 295_856


def synthetic(count: int, only: list[list[str]] | None = None) -> pl.DataFrame:
    """So many samples of one source; of labels by turns that have names in these languages only."""
    ids = ["s1:" + hashlib.sha256(str(i).encode()).hexdigest()[:32] for i in range(count)]
    named = [only[i % len(only)] for i in range(count)] if only else [None] * count
    return pl.DataFrame(
        {"set": ["web"] * count, "source_id": ids, "task": ["caption"] * count, "only": named}, MIX_ROWS
    )


def names(languages: tuple[str, ...]) -> list[list[str]]:
    """The languages that each label has a name in: the first languages have nearly all names, the last hardly any."""
    drawn = [hashlib.sha256(f"label {i}".encode()).digest() * 3 for i in range(LABELS)]
    shares = [(1 - place / len(languages)) ** 2 for place in range(len(languages))]
    return [
        [code for code, share, byte in zip(languages, shares, label, strict=False) if byte < 256 * share]
        for label in drawn
    ]


def measure_labels(rule: MixRule) -> dict[str, Any]:
    """The mix of rows whose languages depend on their label, then of one hundredth more."""
    rows = synthetic(LABELLED + LABELLED // 100, names(rule.languages))
    first = rows[:LABELLED]
    start = time.perf_counter()
    given = assign(first, rule)
    middle = time.perf_counter()
    more = assign(rows, rule, first.select("source_id").with_columns(langs=given.langs))
    end = time.perf_counter()
    count = given.counts["web"]
    return {
        "labelled_rows": LABELLED,
        "labels": LABELS,
        "assigned": sum(count.rows.values()),
        "languages_on_target": sum(count.rows[code] == target for code, target in count.target.items()),
        "languages_short": len(count.short),
        "rows_short": sum(count.short.values()),
        "moved": int((more.langs[:LABELLED] != given.langs).sum()),
        "seconds": round(middle - start, 2),
        "seconds_after": round(end - middle, 2),
    }


def measure(count: int, rule: MixRule) -> dict[str, Any]:
    """The mix of so many rows, then of one hundredth more."""
    rows = synthetic(count + count // 100)
    first = rows[:count]
    start = time.perf_counter()
    given = assign(first, rule)
    middle = time.perf_counter()
    more = assign(rows, rule, first.select("source_id").with_columns(langs=given.langs))
    end = time.perf_counter()
    before, after = given.counts["web"], more.counts["web"]
    return {
        "rows": count,
        "assigned": sum(before.rows.values()),
        "languages": len(before.rows),
        "at_zero": sum(not rows for rows in before.rows.values()),
        "on_target": before.rows == before.target,
        "seconds": round(middle - start, 2),
        "appended": len(rows) - count,
        "assigned_after": sum(after.rows.values()),
        "moved": int((more.langs[:count] != given.langs).sum()),
        "furthest_from_target_after": max(abs(after.rows[code] - after.target[code]) for code in after.rows),
        "seconds_after": round(end - middle, 2),
        "table": before.rows,
        "table_after": after.rows,
    }


def main() -> None:
    """Print one JSON object, or the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    wanted = parser.parse_args()
    rule = MixRule(Mix(mode="one_each", weights="mc4", seed=42), groups()["mblip"])
    found = [measure(count, rule) for count in ROWS]
    uniform = MixRule(Mix(mode="one_each", seed=42), groups()["mblip"])
    labelled = measure_labels(uniform)
    if wanted.json:
        print(json.dumps([*found, labelled]))
        return
    print(labelled)
    for result in found:
        print({key: value for key, value in result.items() if not key.startswith("table")})
    print("language", *(f"{count:>12,}" for count in ROWS))
    for code in found[0]["table"]:
        print(code, *(f"{result['table'][code]:>12,}" for result in found))


if __name__ == "__main__":
    main()
