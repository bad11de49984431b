"""The long fault test: ``make soak``.

For each engine, builds with one SIGKILL at an event that the seed picks, and builds with one at a random moment; each
is run again until it is done and must give the bytes of the undisturbed build. Then refilters, killed before each of
their writes and at random moments; publications and pulls, killed before each of their writes. Progress goes to
standard error, a line a trial; the result is one JSON object.

    python -m tests.faults.soak --engine embedded --engine fake --events 40 --moments 10 --seed 1
    python -m tests.faults.soak --only publish --only pull
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.faults.refilters import soak_refilters
from tests.faults.soak_publications import soak_publications, soak_pulls
from tests.faults.trials import AT_RANDOM, DRIVER_EVENTS, ENGINES, RAY_EVENTS, Outcome, Trials

PARTS = ("builds", "refilter", "publish", "pull")


def soak(trials: Trials, events: int, moments: int, rng: random.Random) -> list[Outcome]:
    """All trials of one engine; the events take turns, without Ray and with it."""
    kinds = [(event, 2) for event in RAY_EVENTS] + [(event, 0) for event in DRIVER_EVENTS]
    planned = [kinds[i % len(kinds)] for i in range(events)] + [(AT_RANDOM, 2)] * moments
    outcomes = []
    for number, (event, workers) in enumerate(planned, start=1):
        began = time.monotonic()
        outcome = trials.run(number, trials.fault(rng, event, workers))
        while event == AT_RANDOM and outcome.same and not outcome.happened:  # it had ended before
            outcome = trials.run(number, trials.fault(rng, event, workers))
        outcomes.append(outcome)
        print(
            f"{trials.engine} {number}/{len(planned)}: {outcome.fault}, killed {outcome.killed or 'nothing'}, "
            f"{outcome.runs} runs, {'same' if outcome.same else 'DIFFERENT'}, {time.monotonic() - began:.0f} s",
            file=sys.stderr,
            flush=True,
        )
    return outcomes


def figures(trials: Trials, outcomes: list[Outcome]) -> dict[str, Any]:
    """What the soak showed of one engine."""
    return {
        "segments_there": trials.summary["segments"]["unique"],
        "segments_back": trials.summary["back_translation"]["unique"],
        "builds": len(outcomes),
        "faults_that_happened": sum(outcome.happened for outcome in outcomes),
        "by_event": dict(Counter(outcome.fault.event for outcome in outcomes if outcome.happened)),
        "runs_until_done": dict(sorted(Counter(outcome.runs for outcome in outcomes).items())),
        "same_bytes": sum(outcome.same for outcome in outcomes),
    }


def soak_builds(options: argparse.Namespace) -> tuple[dict[str, Any], bool]:
    """(what the builds of each engine showed, whether all were the same)."""
    result: dict[str, Any] = {}
    sound = True
    for engine in options.engine or sorted(ENGINES):
        with tempfile.TemporaryDirectory() as folder:
            trials = Trials(Path(folder), engine, options.segments)
            outcomes = soak(trials, options.events, options.moments, random.Random(options.seed))
            result[engine] = figures(trials, outcomes)
            sound = sound and all(outcome.same for outcome in outcomes)
    return result, sound


def main() -> None:
    """Run the soak; exit 1 where a dataset differs."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", action="append", choices=PARTS, help="repeatable; all parts without it")
    parser.add_argument("--engine", action="append", choices=sorted(ENGINES), help="repeatable; all without it")
    parser.add_argument("--events", type=int, default=40, help="builds with a kill at an event")
    parser.add_argument("--moments", type=int, default=10, help="builds with a kill at a random moment")
    parser.add_argument("--segments", type=int, default=2000, help="segments of a build, there")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    parts = options.only or PARTS
    result: dict[str, Any] = {"seed": options.seed}
    sound = True
    if "builds" in parts:
        builds, sound = soak_builds(options)
        result |= builds
    others: dict[str, Callable[[Path], dict[str, Any]]] = {
        "refilter": lambda folder: soak_refilters(folder, 600, options.moments, random.Random(options.seed)),
        "publish": soak_publications,
        "pull": soak_pulls,
    }
    for part in (part for part in others if part in parts):
        with tempfile.TemporaryDirectory() as folder:
            result[part] = others[part](Path(folder))
            sound = sound and set(result[part]["left"]) <= {"old", "new"}
    print(json.dumps(result))
    sys.exit(not sound)


if __name__ == "__main__":
    main()
