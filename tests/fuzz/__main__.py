"""``python -m tests.fuzz --cases 5000 [--seed 1] [--only folders]``: every fuzz, and each distinct problem found."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable

from tests.fuzz import folders, recipes, sources

# Each takes a number of cases and a seed, and returns the distinct problems it found, with how to see them again.
FUZZES: dict[str, Callable[[int, int], list[str]]] = {
    "folders": folders.run,
    "recipes": recipes.run,
    "sources": sources.run,
}


def _main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--cases", type=int, default=1000, help="cases of each fuzz")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=sorted(FUZZES))
    chosen = parser.parse_args()
    found = 0
    for name, run in FUZZES.items():
        if chosen.only not in (None, name):
            continue
        began = time.monotonic()
        problems = run(chosen.cases, chosen.seed)
        print(f"{name}: {chosen.cases} cases, {len(problems)} problems, {time.monotonic() - began:.0f} s")
        for problem in problems:
            print(f"  {problem}")
        found += len(problems)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(_main())
