"""Deduplication: strings asked for against strings translated, and the records a second that come of it.

    python -m benchmarks.dedup --data FOLDER --json

xGQA's 2,912 questions with their answers into the seven other languages of xGQA, and COCO's captions into the same
seven, each built with the `fake` engine from an empty memory (and once more from the full one). How many strings are
sent does not depend on the engine; ``effective_records_per_second`` takes the embedded model's measured rate from the
results of ``benchmarks.translate`` where they are there: records over strings sent / strings a second.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from benchmarks.mixed import measured
from benchmarks.results import Result, carry_out, parser, read_results, results_folder
from benchmarks.texts import question_files
from glotmill.engine.commands.build import build
from glotmill.engine.commands.job import prepare
from glotmill.engine.commands.load_recipe import load_recipe
from glotmill.engine.runs.progress import ProgressReport

LANGUAGES = ["deu_Latn", "por_Latn", "rus_Cyrl", "ind_Latn", "ben_Beng", "kor_Hang", "zho_Hans"]
KEPT = ("samples", "records", "asked", "different", "sent", "saved_there", "failed", "seconds")


def sources(data: Path, case: str) -> dict[str, Any]:
    """The sources of a case."""
    if case == "captions":
        path = str((data / "coco/captions_val2017.json").absolute())
        return {"captions": {"format": "coco_captions", "path": path, "dataset": "coco_captions"}}
    return {
        path.stem: {"format": "gqa", "path": str(path.absolute()), "dataset": "gqa", "config": path.stem}
        for path in question_files(data)
    }


def case_of(data: Path, folder: Path, case: str, languages: list[str]) -> Result:
    """Build a case twice."""
    content = {
        "name": case, "sources": sources(data, case), "languages": languages, "mix": {"mode": "fanout"},
        "translate": {"engine": "fake"}, "answers": {"policy": "target"}, "score": {"scorers": ["integrity"]},
        "workers": 0, "max_failed": 1, "memory": str(folder / f"memory-{case}"),
    }  # fmt: skip
    file = folder / f"{case}.yaml"
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    found: Result = {}
    for again in ("first", "again"):
        job = prepare(load_recipe(str(file)), out=folder / f"{case}-{again}")
        began = time.perf_counter()
        done = measured(build(job, ProgressReport()), time.perf_counter() - began)
        found[again] = {key: done[key] for key in KEPT} | {"seconds": round(time.perf_counter() - began, 1)}
    first = found["first"]
    return {**found, "asked_per_sent": round(first["asked"] / first["sent"], 3), "sent_again": found["again"]["sent"]}


def effective(case: Result, strings_per_second: float) -> float:
    """Records a second where translating is what takes time."""
    first = case["first"]
    rate: float = first["records"] / (first["sent"] / strings_per_second)
    return round(rate, 1)


def measure(options: argparse.Namespace) -> Result:
    """Both cases."""
    languages = LANGUAGES[:1] if options.quick else LANGUAGES
    with TemporaryDirectory() as name:
        cases = {case: case_of(options.data, Path(name), case, languages) for case in
                 (("questions",) if options.quick else ("questions", "captions"))}  # fmt: skip
    rates = read_results(results_folder(options)).get("translate")
    for case, found in cases.items():
        if rates:
            timed = rates["rows"]["glotmill_ray"][case]
            rate = timed["sent"] / (timed["asked"] / timed["sentences_per_second"])
            found["strings_per_second"] = round(rate, 1)
            found["effective_records_per_second"] = effective(found, rate)
    return {"languages": languages, "cases": cases}


if __name__ == "__main__":
    carry_out("dedup", measure, parser(__doc__).parse_args())
