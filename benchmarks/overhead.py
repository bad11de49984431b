"""What the phases of a build cost beside the engine: segments/s on Ray against a bare CTranslate2 loop.

There, forced scores and back: both do the same texts or pairs in the same batches with the same model, on the same two
cores. The bare loop encodes, calls ``translate_batch`` or ``score_batch`` and decodes, in whichever of two arrangements
is faster (two models of one thread, one model of two). The phases do everything that a build does: look-ups, planning,
writing units down, sending them to Ray actors, committing each, reading back and joining. Loading the model and
starting Ray are timed apart. ``cpu_seconds`` count all processes of a side, and say more where others use the machine.

    python -m benchmarks.overhead --captions captions_val2017.json --json
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import ctranslate2
import polars as pl

from benchmarks.bare import Bare, Decoding
from glotmill.engine.memory.entries import Direction
from glotmill.engine.memory.scores import ScoreStore
from glotmill.engine.memory.translations import Memory
from glotmill.engine.runs.run import Run
from glotmill.engine.storage.folder import Folder
from glotmill.engine.text.segments import split
from glotmill.engine.translation.back_translation import back_requests, join_back
from glotmill.engine.translation.forced_scores import ForcedStage
from glotmill.engine.translation.requests import Segments
from glotmill.engine.translation.stage import TranslateStage
from glotmill.engine.translators import TranslatorSpec, resolve_translator
from glotmill.engine.translators.nllb import NllbTranslate
from glotmill.engine.workers.pool import make_pool
from glotmill.schemas.keys import digest

GERMAN = Direction("eng_Latn", "deu_Latn")
PHASES = ("forward", "forced", "back")
ARRANGEMENTS = {"bare_2x1": (2, 1), "bare_1x2": (1, 2)}
Batches = list[list[tuple[Any, ...]]]


@dataclass(slots=True)
class Side:
    """What one way took and gave, by phase.

    Attributes:
        seconds: Of wall clock.
        cpu: Seconds of all its processes.
        outputs: A translation by text, or ln P by pair.
    """

    seconds: dict[str, float] = field(default_factory=dict)
    cpu: dict[str, float] = field(default_factory=dict)
    outputs: dict[str, dict[Any, Any]] = field(default_factory=dict)

    def timed(self, phase: str, do: Callable[[], Any]) -> Any:
        """Do a phase, and note what it took."""
        before, began = cpu_seconds(), time.perf_counter()
        made = do()
        self.seconds[phase] = time.perf_counter() - began
        self.cpu[phase] = cpu_seconds() - before
        return made


def cpu_seconds() -> float:
    """CPU seconds so far of this process and all below it, Ray's own ones among them; Linux tells them."""
    parents: dict[int, int] = {}
    ticks: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            values = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        number = int(stat.parent.name)
        parents[number], ticks[number] = int(values[1]), sum(map(int, values[11:15]))
    ours = {os.getpid()}
    while more := {number for number, parent in parents.items() if parent in ours} - ours:
        ours |= more
    return sum(ticks.get(number, 0) for number in ours) / os.sysconf("SC_CLK_TCK")


def segments_of_captions(path: Path, captions: int) -> Segments:
    """The segments of the first captions of an official COCO file."""
    rows = json.loads(path.read_text())["annotations"][:captions]
    asked = Segments()
    for row in rows:
        asked.add("eng_Latn", ("deu_Latn",), list(split(row["caption"].strip(), "eng_Latn").requests))
    return asked


def staged(
    spec: TranslatorSpec, asked: Segments, folder: Path, workers: int = 2
) -> tuple[Side, dict[str, Batches], float]:
    """(what the phases took, the batches of each, seconds of starting Ray and the workers)."""
    run = Run.open(folder, {}, "benchmark")
    side = Side()
    with make_pool(spec, workers) as pool:
        began = time.perf_counter()
        pool.start()
        started = time.perf_counter() - began
        stage = TranslateStage(spec, Memory(Folder(folder / "memory")), run, pool)
        forcing = ForcedStage(spec, stage, asked, ScoreStore(Folder(folder / "memory")), run, pool)

        def forward() -> pl.DataFrame:
            stage.translate("forward", asked, retry_failed=False, advance=lambda *_: None)
            return stage.entries("forward", GERMAN)

        def forced() -> pl.DataFrame:
            forcing.force(lambda *_: None)
            return next(rows for _, rows in forcing.beside({GERMAN: entries}))

        def back() -> pl.DataFrame:
            stage.translate("back", back_requests(stage, asked), retry_failed=False, advance=lambda *_: None)
            return join_back(entries, stage.entries("back", GERMAN.back), GERMAN.target_lang)

        entries = side.timed("forward", forward)
        scored = side.timed("forced", forced)
        side.timed("back", back)
        # The loop has no ladder that refuses what looped.
        for phase, found in (("forward", entries), ("back", stage.entries("back", GERMAN.back))):
            whole = found.filter(pl.col("failure").is_null())
            side.outputs[phase] = dict(whole.select("text", "translation").iter_rows())
    pairs = scored.filter(pl.col("reverse").is_not_null())
    logprob = pl.col("reverse").list.slice(0, pl.col("reverse").list.len() - 1).list.sum()  # the last is the tokens
    found = pairs.select(pl.concat_list("translation", "text"), logprob.alias("value")).iter_rows()
    side.outputs["forced"] = {tuple(pair): value for pair, value in found}
    return side, {phase: batches_of(run, phase) for phase in PHASES}, started


def batches_of(run: Run, phase: str) -> Batches:
    """What was sent in a phase, batch by batch: languages, text, and the translation where it is forced."""
    units = pl.concat([pl.read_parquet(path) for path in run.unit_files(phase)])
    rows = [name for name in ("source_lang", "target_lang", "text", "translation") if name in units.columns]
    return [group.select(rows).rows() for _, group in units.group_by("batch", maintain_order=True)]


def bare(spec: TranslatorSpec, batches: dict[str, Batches], models: int, threads: int) -> Side:
    """What plain loops over the same batches took, models in threads of their own."""
    section = spec.section
    assert isinstance(section, NllbTranslate)
    assert spec.folder is not None
    decoding = Decoding(
        compute_type=spec.placement.compute_type,
        beam_size=section.beam_size,
        max_tokens=section.max_decoding_tokens,
        length_penalty=section.length_penalty,
    )
    loop, side = Bare(spec.folder, decoding, models, threads), Side()
    for phase in PHASES:
        sent = batches[phase]
        do = partial(loop.score, sent) if phase == "forced" else partial(loop.translate_rows, sent)
        _, made = side.timed(phase, do)
        side.outputs[phase] = dict(_by(sent, made, lambda row: (row[0], row[2:])))
    for phase, lang in zip(PHASES, (GERMAN.source_lang, GERMAN.target_lang, GERMAN.target_lang), strict=True):
        found = {texts: made for (source, texts), made in side.outputs[phase].items() if source == lang}
        side.outputs[phase] = found if phase == "forced" else {text: made for (text,), made in found.items()}
    return side


def _by(sent: Batches, made: list[list[Any]], name: Callable[[tuple[Any, ...]], Any]) -> Iterator[tuple[Any, Any]]:
    for batch, results in zip(sent, made, strict=True):
        yield from zip(map(name, batch), results, strict=True)


def measure(captions: Path, count: int, beam: int, rounds: int) -> dict[str, Any]:
    """All arrangements in turn, `rounds` times (the slower one once); medians, and the ratio of the medians."""
    spec = resolve_translator(NllbTranslate(engine="nllb", model="embedded", beam_size=beam, retry=None))
    asked = segments_of_captions(captions, count)
    sides: dict[str, list[Side]] = {"stage": [], **{name: [] for name in ARRANGEMENTS}}
    starts: list[float] = []
    arrangements = list(ARRANGEMENTS)
    for done in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            side, batches, started = staged(spec, asked, Path(folder))
        sides["stage"].append(side)
        starts.append(started)
        if done == 1:  # the slower arrangement is tried once
            arrangements = [min(arrangements, key=lambda name: sum(sides[name][0].seconds.values()))]
        for name in arrangements:
            sides[name].append(bare(spec, batches, *ARRANGEMENTS[name]))
    return {
        "batches": {phase: len(batches[phase]) for phase in PHASES},
        "rows": {phase: sum(map(len, batches[phase])) for phase in PHASES},
        "settings": {"beam_size": beam, "compute_type": spec.placement.compute_type, "workers": 2, "threads": 1},
        "seconds": {name: _rounded(found, "seconds") for name, found in sides.items()},
        "cpu_seconds": {name: _rounded(found, "cpu") for name, found in sides.items()},
        "start_seconds": [round(value, 2) for value in starts],
        "ratio_to_bare": {phase: _ratio(sides, "seconds", [phase]) for phase in PHASES}
        | {"all": _ratio(sides, "seconds", PHASES)},
        "cpu_ratio_to_bare": {phase: _ratio(sides, "cpu", [phase]) for phase in PHASES},
        "outputs": {phase: compared([side.outputs[phase] for found in sides.values() for side in found])
                    for phase in PHASES},
        "versions": {"ctranslate2": ctranslate2.__version__, "python": platform.python_version()},
    }  # fmt: skip


def _rounded(sides: list[Side], name: str) -> dict[str, list[float]]:
    return {phase: [round(getattr(side, name)[phase], 2) for side in sides] for phase in PHASES}


def _ratio(sides: dict[str, list[Side]], name: str, phases: Sequence[str]) -> float:
    """How fast the stage is, the faster loop being 1."""
    median: dict[str, float] = {
        way: statistics.median(sum(getattr(side, name)[phase] for phase in phases) for side in found)
        for way, found in sides.items()
    }
    return round(min(median[way] for way in ARRANGEMENTS) / median["stage"], 4)


def compared(outputs: list[dict[Any, Any]]) -> dict[str, Any]:
    """How far the ways gave the same: texts as they are, ln P to a hundredth."""
    judged = sorted(set.intersection(*(set(found) for found in outputs)))
    if judged and isinstance(outputs[0][judged[0]], float):
        apart = max(abs(found[one] - outputs[0][one]) for found in outputs for one in judged)
        return {"compared": len(judged), "equal": apart < 0.01, "largest_difference": round(apart, 6)}
    digests = sorted({digest({text: found[text] for text in judged}) for found in outputs})
    return {"compared": len(judged), "equal": len(digests) == 1, "digest": digests[0]}


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
