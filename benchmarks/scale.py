"""How fast one process makes records when the engine costs nothing, beside the code of another tree.

    python -m benchmarks.scale --data FOLDER --baseline OTHER_TREE --json
    python -m benchmarks.scale --data FOLDER --rows 3000                   # seconds: this tree alone

Builds with engine `fake` in one process, one thread for Polars, Arrow and the rest, the two trees in turn, each build
in a process and a memory of its own. Figures are CPU seconds, of each phase the least of all rounds: what else the
machine does can only add to them. ``rounds`` has those of each round. With ``--free-loops`` the older code is built
once more, its retry ladder's look for loops made free: the stand-in's text repeats itself as real text does not.
``same_bytes`` says whether both trees made the same shards and manifest, ``other_values`` names the
columns of both whose values differ, ``other_columns`` those that one of them lacks.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

from benchmarks.scale_cases import CASES, LOOSER, Wanted
from benchmarks.watched import ROOT, hardware, load_average, versions

ONE_THREAD = dict.fromkeys(
    ("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "ARROW_IO_THREADS"), "1"
)
BUILD = Path(__file__).with_name("scale_build.py")
PACKING = ("pack", "rows", "lay_out", "entries", "compose", "score", "judge", "write")
Figures = dict[str, Any]


def built(tree: Path, case: str, options: argparse.Namespace, *extra: str) -> Figures:
    """The figures of one build with a tree's code."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        recipe = folder / "recipe.yaml"
        recipe.write_text(yaml.safe_dump(CASES[case](Wanted(options.data, options.rows, options.languages, folder))))
        command: list[str | Path] = [sys.executable, "-P", BUILD, recipe, folder / "made", *extra]
        settings = {**os.environ, **ONE_THREAD, "PYTHONPATH": str(tree / "src"), "PYTHONHASHSEED": "0"}
        done = subprocess.run(command, env=settings, cwd=folder, stdout=subprocess.PIPE, check=True, text=True)
    found: Figures = json.loads(done.stdout.splitlines()[-1])
    if not Path(found.pop("tree")).is_relative_to(tree.resolve()):
        msg = f"the build did not run the code of {tree}"
        raise RuntimeError(msg)
    return found


def packing(found: Figures) -> float:
    """CPU seconds of packing: look-ups, composing, scoring, judging, writing."""
    phases: dict[str, float] = found["phases"]
    return sum(phases.get(name, 0.0) for name in PACKING)


def summed(rounds: list[Figures]) -> Figures:
    """A tree's best round with the least seconds of each phase, and the seconds of all rounds."""
    best = min(rounds, key=lambda found: found["total"])
    least = {
        kind: {name: min(found[kind].get(name, seconds) for found in rounds) for name, seconds in best[kind].items()}
        for kind in ("phases", "engine")
    }
    best = {**best, **least}
    packed = packing(best)
    return {
        **best,
        "rounds": [{name: found[name] for name in ("total", "phases", "engine")} for found in rounds],
        "packing": round(packed, 3),
        "records_per_second": round(best["records"] / best["total"], 1),
        "packed_per_second": round(best["records"] / packed, 1),
    }


def ratios(old: Figures, new: Figures) -> Figures:
    """How many times as fast the new tree is, as a whole, in packing, and by phase where it takes time."""
    phases = {name: old["phases"][name] / new["phases"][name] for name in old["phases"] if new["phases"].get(name)}
    for name in old["engine"].keys() & {"force", "back"}:
        ours = [tree["phases"][name] - tree["engine"][name] for tree in (old, new)]
        phases[f"{name}_without_engine"] = ours[0] / ours[1]
    found = {"whole": old["total"] / new["total"], "packing": old["packing"] / new["packing"], **phases}
    if "refilter" in old:
        found["refilter"] = old["refilter"] / new["refilter"]
    return {name: round(value, 3) for name, value in found.items()}


def measure(case: str, options: argparse.Namespace) -> Figures:
    """One case with this tree and, where it is given, with the other."""
    trees = {"baseline": options.baseline, "this": ROOT} if options.baseline else {"this": ROOT}
    extra = {"captions": ["--refilter", LOOSER], "shards": ["--bare"]}.get(case, [])
    rounds: dict[str, list[Figures]] = {name: [] for name in trees}
    for _ in range(options.rounds):
        for name, tree in trees.items():
            rounds[name].append(built(tree, case, options, *extra))
    found: Figures = {name: summed(made) for name, made in rounds.items()}
    columns = {name: found[name].pop("columns") for name in trees}
    if options.baseline:
        found["ratios"] = ratios(found["baseline"], found["this"])
        found["same_bytes"] = found["baseline"]["digest"] == found["this"]["digest"]
        old, new = columns["baseline"], columns["this"]
        found["other_values"] = [name for name in old if name in new and old[name] != new[name]]
        found["other_columns"] = sorted(old.keys() ^ new.keys())
        if options.free_loops:
            free = summed([built(options.baseline, case, options, "--free-loops") for _ in range(options.rounds)])
            del free["columns"]
            found["free_loops"] = {"baseline": free, "ratios": ratios(free, found["this"])}
    return found


def of_a_shard(found: Figures) -> Figures:
    """CPU seconds of a shard beyond its rows, by tree: the same records in many shards less those in few.

    ``bare_writer`` stands beside them: pyarrow's writer alone, with the same columns and settings.
    """
    many, few = found["shards"], found["whole_shards"]
    seconds = {
        name: (many[name]["total"] - few[name]["total"]) / (many[name]["shards"] - few[name]["shards"])
        for name in ("baseline", "this")
        if name in many
    }
    seconds["bare_writer"] = many["this"]["bare"] / many["this"]["shards"]
    return {name: round(value, 5) for name, value in seconds.items()}


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with coco/, xgqa/ and llava/")
    parser.add_argument("--baseline", type=Path, help="another tree of this project, such as a worktree")
    parser.add_argument("--case", action="append", choices=list(CASES), help="which build; repeat it [captions]")
    parser.add_argument("--rows", type=int, help="samples of each source [all; of llava 300, of shards 4]")
    parser.add_argument("--languages", type=int, default=200, help="of the cases shards and whole_shards [200]")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument(
        "--free-loops", action="store_true", help="the baseline once more, its look for loops made free"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object, otherwise the ratios and rates")
    options = parser.parse_args()
    load = load_average()
    found = {case: measure(case, options) for case in options.case or ["captions"]}
    if found.keys() >= {"shards", "whole_shards"}:
        found["seconds_of_a_shard"] = of_a_shard(found)
    if not options.json:
        print(yaml.safe_dump(found, sort_keys=False))
        return
    settings = {
        "rows": options.rows,
        "languages": options.languages,
        "rounds": options.rounds,
        "environment": ONE_THREAD,
        "workers": 0,
    }
    loads = {"before": load, "after": load_average()}
    print(
        json.dumps(
            {**found, "settings": settings, "load_average": loads, "hardware": hardware(), "versions": versions()}
        )
    )


if __name__ == "__main__":
    main()
