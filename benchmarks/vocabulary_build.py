"""A whole build at NLLB-600M's shape with fewer output tokens, beside one with all of them: there, forced, back.

    python -m benchmarks.vocabulary_build --data FOLDER --json

COCO captions into German by a model with random int8 weights (`benchmarks.random_nllb`), beam 4, two Ray workers of one
thread; the scorers translate back and force the source. Each number of output tokens is a recipe with lists
(`translate.vocabulary: {lists: …}`) of the first tokens of the vocabulary, for German and for English, and each build
is a process of its own from an empty memory. Builds take turns. CPU seconds are those of all processes, loading
included; seconds by phase are wall time. Needs 6 GB of memory.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

import yaml

from benchmarks import random_nllb
from benchmarks.results import Result, carry_out, median, parser
from benchmarks.watched import watch
from glotmill.engine.commands.build import build
from glotmill.engine.commands.job import prepare
from glotmill.engine.commands.load_recipe import load_recipe
from glotmill.engine.runs.progress import ProgressReport
from glotmill.engine.translators.shared.vocabulary_lists import LANG

SIZES, QUICK_SIZES = (131_072, 65_536, 32_768), (7_000, 6_000)
TARGET, ENGLISH = "deu_Latn", "eng_Latn"
PHASES = ("translate", "force", "back")


def recipe(options: argparse.Namespace, model: Path, lists: Path | None) -> Result:
    """The recipe of a build with the tokens of some lists, or with all."""
    source = {"format": "coco_captions", "path": str((options.data / "coco/captions_val2017.json").resolve())}
    engine = {"engine": "nllb", "model": str(model), "beam_size": options.beam, "retry": None,
              "max_decoding_tokens": 2 * random_nllb.LENGTH, "compute_type": "int8_float32", "device": "cpu",
              "vocabulary": {"lists": str(lists)} if lists else "full"}  # fmt: skip
    return {
        "name": "bench", "sources": {"coco": {**source, "license": "cc-by-4.0"}}, "languages": [TARGET],
        "translate": engine, "score": {"scorers": ["integrity", "nmt", "round_trip", "cross_entropy"]},
        "workers": options.workers, "max_failed": 1, "limit": options.sentences,
    }  # fmt: skip


def write_lists(folder: Path, model: Path, size: int) -> Path:
    """Lists of the first tokens of a model, for both languages."""
    tokens = json.loads((model / "shared_vocabulary.json").read_text(encoding="utf-8"))[:size]
    lines = "\n".join(json.dumps(token, ensure_ascii=False) for token in tokens)
    for lang in (TARGET, ENGLISH):
        (folder / f"{lang}.{size}.tokens").write_text(lines, encoding="utf-8")
    return folder / f"{LANG}.{size}.tokens"


def built(path: Path, out: Path) -> None:
    """Build a recipe in this process and write what the build says."""
    job = prepare(load_recipe(str(path)), out=path.with_name("out"))
    summary = build(job, ProgressReport())
    found = {"records": summary.rows, "translated": summary.segments.translated, "seconds": summary.seconds,
             "back": summary.back_translation.translated if summary.back_translation else 0,
             "forced": summary.forced.scored if summary.forced else 0}  # fmt: skip
    out.write_text(json.dumps(found), encoding="utf-8")


def one(content: Result) -> Result:
    """A build in a process of its own, from nothing."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path, out = folder / "recipe.yaml", folder / "found.json"
        path.write_text(yaml.safe_dump({**content, "memory": str(folder / "memory")}), encoding="utf-8")
        taken = watch([sys.executable, "-m", "benchmarks.vocabulary_build", "--one", path, out], OMP_NUM_THREADS="1")
        found: Result = json.loads(out.read_text(encoding="utf-8"))
    return {**found, "cpu_seconds": taken.cpu_seconds, "peak_mib": taken.peak_mib}


def measure(options: argparse.Namespace) -> Result:
    """All sizes in turn."""
    model, shape = random_nllb.of_scratch(options.scratch.resolve(), quick=options.quick)
    found: dict[str, list[Result]] = {}
    with tempfile.TemporaryDirectory() as folder:
        sizes = QUICK_SIZES if options.quick else SIZES
        lists = {"full": None} | {str(size): write_lists(Path(folder), model, size) for size in sizes}
        for _ in range(options.rounds):
            for way, place in lists.items():
                found.setdefault(way, []).append(one(recipe(options, model, place)))
                print(way, found[way][-1], file=sys.stderr, flush=True)
    return {
        "settings": {"sentences": options.sentences, "beam_size": options.beam, "workers": options.workers,
                     "tokens": shape.tokens, "target_tokens": random_nllb.LENGTH, "rounds": options.rounds},
        "builds": found,
        "full_over": {way: ratios(found["full"], builds) for way, builds in found.items() if way != "full"},
    }  # fmt: skip


def ratios(full: list[Result], cut: list[Result]) -> Result:
    """How many times the time of a build with fewer tokens one with all of them takes."""

    def of(read: str, phase: str | None = None) -> float:
        first, second = (median([b[read][phase] if phase else b[read] for b in builds]) for builds in (full, cut))
        return round(first / second, 3)

    walls = {phase: of("seconds", phase) for phase in PHASES if all(phase in b["seconds"] for b in full + cut)}
    whole = [median([sum(b["seconds"].values()) for b in builds]) for builds in (full, cut)]
    return {"cpu": of("cpu_seconds"), "wall": round(whole[0] / whole[1], 3), "wall_by_phase": walls}


def main() -> None:
    """Read the command line, measure, save and print; or build one recipe."""
    if sys.argv[1:2] == ["--one"]:
        built(Path(sys.argv[2]), Path(sys.argv[3]))
        return
    options = parser(__doc__)
    options.add_argument("--sentences", type=int, default=400)
    options.add_argument("--beam", type=int, default=4)
    options.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    options.add_argument("--rounds", type=int, default=1)
    carry_out("vocabulary_build", measure, options.parse_args())


if __name__ == "__main__":
    main()
