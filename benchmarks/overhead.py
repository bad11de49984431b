"""What the translate stage costs beside the engine: segments/s on Ray against a bare CTranslate2 loop.

Both translate the same length-sorted segments in the same batches with the embedded model, on the same two cores. The
bare loop encodes, translates and decodes, in whichever of two arrangements is faster (two models of one thread, one
model of two). The stage does everything that a build does: look-up, planning, writing units down, sending them to
Ray actors, committing each to the memory, reading back. Loading the model and starting Ray are timed apart.

    python -m benchmarks.overhead --captions captions_val2017.json --json
"""

from __future__ import annotations

import argparse
import itertools
import json
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ctranslate2
import polars as pl

from benchmarks.bare import Bare, Decoding
from glotmill.engine.embedded import MODEL_DIR
from glotmill.engine.memory.translations import Direction, Memory
from glotmill.engine.runs.run import Run
from glotmill.engine.storage.folder import Folder
from glotmill.engine.text.segments import split
from glotmill.engine.translation.requests import Segments
from glotmill.engine.translation.stage import TranslateStage, with_keys
from glotmill.engine.translators import TranslatorSpec, resolve_translator
from glotmill.engine.translators.nllb import NllbTranslate
from glotmill.engine.workers.pool import make_pool
from glotmill.engine.workers.units import plan_units
from glotmill.schemas.keys import digest

GERMAN = Direction("eng_Latn", "deu_Latn")


def segments_of_captions(path: Path, captions: int) -> Segments:
    """The segments of the first captions of an official COCO file."""
    rows = json.loads(path.read_text())["annotations"][:captions]
    asked = Segments()
    for row in rows:
        asked.add("eng_Latn", ("deu_Latn",), list(split(row["caption"].strip(), "eng_Latn").requests))
    return asked


def bare(spec: TranslatorSpec, batches: list[list[str]], models: int, threads: int) -> tuple[float, dict[str, str]]:
    """(seconds, translation by text) of a plain loop over batches, models in threads of their own."""
    section = spec.section
    assert isinstance(section, NllbTranslate)
    decoding = Decoding(
        compute_type=spec.placement.compute_type,
        beam_size=section.beam_size,
        max_tokens=section.max_decoding_tokens,
        length_penalty=section.length_penalty,
    )
    loop = Bare(MODEL_DIR, decoding, models, threads)
    seconds, translated = loop.translate(batches, GERMAN.source_lang, GERMAN.target_lang)
    texts = itertools.chain.from_iterable(batches)
    return seconds, dict(zip(texts, itertools.chain.from_iterable(translated), strict=True))


def staged(spec: TranslatorSpec, asked: Segments, folder: Path) -> tuple[float, float, dict[str, str]]:
    """(seconds of the stage, seconds of starting Ray and the workers, translation by text)."""
    run = Run.open(folder, {}, "benchmark")
    with make_pool(spec, 2) as pool:
        began = time.perf_counter()
        pool.start()
        started = time.perf_counter() - began
        stage = TranslateStage(spec, Memory(Folder(folder / "memory")), run, pool)
        began = time.perf_counter()
        stage.translate("forward", asked, retry_failed=False, advance=lambda *_: None)
        entries = stage.entries("forward", GERMAN)
        seconds = time.perf_counter() - began
    whole = entries.filter(pl.col("failure").is_null())  # the loop has no ladder that refuses what looped
    return seconds, started, dict(whole.select("text", "translation").iter_rows())


def measure(captions: Path, count: int, beam: int, rounds: int) -> dict[str, Any]:
    """All arrangements in turn, `rounds` times (the slower one once); medians, and the ratio of the medians."""
    section = NllbTranslate(engine="nllb", model="embedded", beam_size=beam, retry=None)
    spec = resolve_translator(section)
    asked = segments_of_captions(captions, count)
    rows = with_keys(GERMAN, asked.table(GERMAN), spec.fingerprint)
    rows = rows.select("key", "source_lang", "target_lang", "text")
    planned = plan_units(rows, batch_tokens=section.batch_tokens, unit_tokens=section.unit_tokens)
    batches = [group["text"].to_list() for _, group in planned.group_by("batch", maintain_order=True)]
    seconds: dict[str, list[float]] = {"bare_2x1": [], "bare_1x2": [], "stage": [], "start": []}
    outputs: list[dict[str, str]] = []
    arrangements: dict[str, Callable[[], tuple[float, dict[str, str]]]] = {
        "bare_2x1": lambda: bare(spec, batches, 2, 1),
        "bare_1x2": lambda: bare(spec, batches, 1, 2),
    }
    for done in range(rounds):
        if done:  # the slower arrangement is tried once
            best = min(arrangements, key=lambda name: seconds[name][0])
            arrangements = {best: arrangements[best]}
        for name, do in arrangements.items():
            taken, found = do()
            seconds[name].append(taken)
            outputs.append(found)
        with tempfile.TemporaryDirectory() as folder:
            taken, started, found = staged(spec, asked, Path(folder))
        seconds["stage"].append(taken)
        seconds["start"].append(started)
        outputs.append(found)
    judged = set.intersection(*(set(found) for found in outputs))
    digests = {digest({text: found[text] for text in judged}) for found in outputs}
    median = {name: statistics.median(values) for name, values in seconds.items()}
    loop = min(median["bare_2x1"], median["bare_1x2"])
    return {
        "segments": rows.height,
        "units": planned["unit"].n_unique(),
        "batches": len(batches),
        "settings": {"beam_size": beam, "compute_type": spec.placement.compute_type, "workers": 2, "threads": 1},
        "seconds": {name: [round(value, 2) for value in values] for name, values in seconds.items()},
        "segments_per_second": {
            name: round(rows.height / taken, 1) for name, taken in median.items() if name != "start"
        },
        "ratio_to_bare": round(loop / median["stage"], 4),
        "ratio_to_bare_with_start": round(loop / (median["stage"] + median["start"]), 4),
        "outputs_compared": len(judged),
        "outputs_equal": len(digests) == 1,
        "output_digest": digests.pop(),
        "versions": {"ctranslate2": ctranslate2.__version__, "python": platform.python_version()},
    }


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--captions", type=Path, required=True, help="official COCO captions JSON")
    parser.add_argument("--count", type=int, default=20_000, help="captions")
    parser.add_argument("--beam", type=int, default=4, help="beams; 1 is greedy")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    options = parser.parse_args()
    result = measure(options.captions, options.count, options.beam, options.rounds)
    print(json.dumps(result) if options.json else "\n".join(f"{name}: {value}" for name, value in result.items()))


if __name__ == "__main__":
    main()
