"""Text processing of GQA questions: split, protect, compose and check, in records per second of one core.

    python -m benchmarks.text --questions xgqa/en/train_48.json xgqa/en/dev.json

Every pass starts with empty caches. Translations come from a dictionary, so nothing but our own work is measured.
The last line is one JSON object with ``--json``.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from pathlib import Path
from typing import Any

from glotmill.engine.sources import open_source
from glotmill.engine.sources.gqa import GqaSource
from glotmill.engine.text import segments, text_structure
from glotmill.engine.text.answers import AnswerRule
from glotmill.engine.text.composition import EngineName, compose
from glotmill.engine.text.fields import answer_requests, turn_requests
from glotmill.engine.text.parts import Entry
from glotmill.recipes.model import Answers
from glotmill.schemas.languages import ENGLISH
from glotmill.schemas.sample import Origin, sample_row
from glotmill.schemas.sample_checks import check

Translations = dict[tuple[str, str], Entry]
ENGINE = EngineName("fake", "fake", "0" * 32)
RULE = AnswerRule(Answers(policy="target"), {})


def read(files: list[Path]) -> list[dict[str, Any]]:
    """Sample rows of GQA question files."""
    rows = []
    for path in files:
        reader = open_source("questions", GqaSource(format="gqa", path=path))
        for _, raw in reader.rows():
            sample = reader.sample(raw)
            check(sample)
            rows.append(sample_row(sample, Origin("gqa", path.name, "default", "dev", "cc-by-4.0"), ENGLISH))
    return rows


def translations(rows: list[dict[str, Any]], lang: str) -> Translations:
    """A made-up entry for each request of the rows."""
    texts = {text for row in rows for text in (*turn_requests(row), *answer_requests(row, lang, RULE)[0])}
    return {
        (lang, text): Entry(f"{text[:-1]} xx{text[-1]}", None, -0.5, 9, hit_limit=False, back=text) for text in texts
    }


def one_pass(rows: list[dict[str, Any]], langs: list[str], known: dict[str, Translations]) -> tuple[float, int]:
    """(seconds, failed records) of asking and composing every row in every language from empty caches."""
    for cached in (segments.split, text_structure.structure, text_structure.sentence_count):
        cached.cache_clear()
    failed = 0
    started = time.perf_counter()
    for row in rows:
        turn_requests(row)
        for lang in langs:
            answer_requests(row, lang, RULE)
            failed += compose(row, lang, known[lang], RULE, ENGINE).failure is not None
    return time.perf_counter() - started, failed


def main() -> None:
    """Measure, and print one line a language set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", nargs="+", type=Path, required=True, help="GQA question files")
    parser.add_argument("--passes", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    rows = read(args.questions)
    result: dict[str, Any] = {"samples": len(rows), "passes": args.passes, "python": platform.python_version()}
    for langs in (["deu_Latn"], ["deu_Latn", "fra_Latn", "zho_Hans"]):
        known = {lang: translations(rows, lang) for lang in langs}
        times = sorted(one_pass(rows, langs, known) for _ in range(args.passes))
        records = len(rows) * len(langs)
        median = times[len(times) // 2][0]
        name = f"{len(langs)}_languages"
        result[name] = {
            "records": records,
            "failed": times[0][1],
            "seconds": [round(seconds, 4) for seconds, _ in times],
            "records_per_s": round(records / median),
        }
        print(f"{name}: {records:,} records, {records / median:,.0f} records/s (median of {args.passes} passes)")
    if args.json:
        print(json.dumps(result))


if __name__ == "__main__":
    main()
