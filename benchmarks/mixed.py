"""COCO captions and GQA questions as one mixed recipe: the realised mix, and the segments that the memory saves.

Run: python -m benchmarks.mixed --captions captions_val2017.json --questions train_48.json dev.json --json

``one_each`` (half English, the rest uniform) and ``fanout`` (every sample in every language) hold both; ``captions``
and ``questions`` are the two by themselves in every language, the answers translated too. Each is built from an empty
memory, and then once more. Segments that are copied are in neither number.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from glotmill.engine.api.boundary import reporter
from glotmill.engine.commands.build import build
from glotmill.engine.commands.job import prepare
from glotmill.engine.commands.load_recipe import load_recipe
from glotmill.engine.commands.summary import BuildSummary

LANGUAGES = ["eng_Latn", "deu_Latn", "fra_Latn", "ces_Latn"]
ENGINES = {"fake": {"engine": "fake"}, "embedded": {"engine": "nllb", "model": "embedded", "beam_size": 1}}
TABLE = {"policy": "source", "table": "embedded"}
# mix, sources (None = all) and answers of each case
CASES: dict[str, tuple[dict[str, Any], str | None, dict[str, Any]]] = {
    "one_each": ({"mode": "one_each", "english_share": 0.5}, None, TABLE),
    "fanout": ({"mode": "fanout"}, None, TABLE),
    "captions": ({"mode": "fanout"}, "captions", TABLE),
    "questions": ({"mode": "fanout"}, "questions", {"policy": "target"}),
}


def recipe(folder: Path, captions: Path, questions: list[Path], case: str, engine: str) -> Path:
    """The recipe file of one case."""
    mix, only, answers = CASES[case]
    sources: dict[str, Any] = {}
    if only != "questions":
        sources["captions"] = {"format": "coco_captions", "path": str(captions.absolute()), "dataset": "coco_captions"}
    for path in questions if only != "captions" else ():
        sources[path.stem] = {"format": "gqa", "path": str(path.absolute()), "dataset": "gqa", "config": path.stem}
    content = {
        "name": case,
        "sources": sources,
        "languages": LANGUAGES,
        "mix": mix,
        "splits": {"validation": 0.01},
        "translate": ENGINES[engine],
        "answers": answers,
        "score": {"scorers": ["integrity", "nmt", "round_trip"]},
        "workers": 0,
        "max_failed": 1,
    }
    file = folder / f"{case}.yaml"
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    return file


def measured(summary: BuildSummary, seconds: float) -> dict[str, Any]:
    """What one build says."""
    there, back = summary.segments, summary.back_translation
    return {
        "samples": sum(count.samples for count in summary.mix.sources.values()),
        "records": summary.rows,
        "by_source": {name: count.rows for name, count in summary.mix.sources.items()},
        "on_target": all(count.rows == count.target for count in summary.mix.sources.values()),
        "splits": summary.mix.splits,
        "asked": there.requested,
        "different": there.unique,
        "sent": there.translated,
        "saved_there": round(1 - there.translated / there.requested, 4),
        "sent_back": back.translated if back else 0,
        "saved_back": round(1 - back.translated / back.requested, 4) if back else None,
        "failed": summary.failed,
        "kept": sum(count.kept for count in summary.languages.values()),
        "seconds": round(seconds, 1),
    }


def main() -> None:
    """Build each case twice, and print what they say."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--captions", type=Path, required=True, help="a COCO captions file")
    parser.add_argument("--questions", type=Path, nargs="+", required=True, help="GQA question files")
    parser.add_argument("--engine", choices=ENGINES, default="fake")
    parser.add_argument("--cases", choices=CASES, nargs="+", default=list(CASES), help="which to build")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    wanted = parser.parse_args()
    found = {}
    with TemporaryDirectory() as name:
        folder = Path(name)
        for case in wanted.cases:
            file = recipe(folder, wanted.captions, wanted.questions, case, wanted.engine)
            for again in ("", "_again"):
                job = prepare(load_recipe(str(file)), out=folder / case, memory=folder / f"memory-{case}")
                started = time.perf_counter()
                summary = build(job, reporter(not wanted.json))
                found[case + again] = measured(summary, time.perf_counter() - started)
    if wanted.json:
        print(json.dumps(found))
        return
    for case, facts in found.items():
        print(case)
        for key, value in facts.items():
            print(f"  {key}: {value}")


if __name__ == "__main__":
    main()
