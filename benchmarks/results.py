"""Results of comparisons: one JSON file each, saved as they come, and what is computed of any of them."""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.peers import default_scratch
from benchmarks.watched import hardware, load_average, versions
from glotmill.schemas.keys import digest

Result = dict[str, Any]


def exponent(sizes: Sequence[float], seconds: Sequence[float]) -> float:
    """Least-squares slope of log seconds over log sizes: 1 is linear growth."""
    slope, _ = np.polyfit(np.log(sizes), np.log(seconds), 1)
    return float(slope)


def median(values: Sequence[float]) -> float:
    """Of raw seconds."""
    return statistics.median(values)


def agreement(outputs: dict[str, list[str]], reference: dict[str, list[str]]) -> float:
    """Share of texts that two ways translated alike, over all languages."""
    pairs = [pair for lang, texts in reference.items() for pair in zip(texts, outputs[lang], strict=True)]
    return sum(one == other for one, other in pairs) / len(pairs)


def output_digest(outputs: dict[str, list[str]]) -> str:
    """Identifies translations, order included."""
    return digest(outputs)


def parser(doc: str | None) -> argparse.ArgumentParser:
    """The options that all comparisons have."""
    made = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--data", type=Path, required=True, help="folder with coco/, xgqa/ and multi30k/")
    made.add_argument("--scratch", type=Path, default=default_scratch(), help="environments and models [user's cache]")
    made.add_argument("--results", type=Path, help="folder for the JSON [SCRATCH/results]")
    made.add_argument("--quick", action="store_true", help="tiny sizes: proves that it runs, measures nothing")
    made.add_argument("--json", action="store_true", help="print one JSON object last")
    return made


def carry_out(name: str, measure: Callable[[argparse.Namespace], Result], options: argparse.Namespace) -> Result:
    """Measure, add what ran it, save as ``NAME.json`` in the results folder, and print."""
    options.scratch.mkdir(parents=True, exist_ok=True)
    load, began = load_average(), time.perf_counter()
    found = measure(options)
    result = {
        "benchmark": name,
        "quick": options.quick,
        **found,
        "wall_seconds": round(time.perf_counter() - began, 1),
        "load_average": {"before": load, "after": load_average()},
        "hardware": hardware(),
        "versions": {**versions(), **found.get("versions", {})},
    }
    folder = results_folder(options)
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(result, ensure_ascii=False)
    aside = folder / f".{name}.tmp"
    aside.write_text(text + "\n", encoding="utf-8")
    aside.rename(folder / f"{name}.json")
    print(text if options.json else "\n".join(f"{key}: {value}" for key, value in result.items()))
    return result


def results_folder(options: argparse.Namespace) -> Path:
    """Where results are saved."""
    chosen: Path | None = options.results
    return chosen or options.scratch / ("results-quick" if options.quick else "results")


def read_results(folder: Path) -> dict[str, Result]:
    """The results saved so far, by name."""
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("[!.]*.json"))}
