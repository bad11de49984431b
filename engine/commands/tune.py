"""Tune: the settings with which an engine is fastest on this machine, tried on some texts of a recipe.

A build never times anything, as its bytes would then depend on the machine's load. What is found here goes into the
recipe.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl

from glotmill.engine.commands.job import Job
from glotmill.engine.commands.make_samples import make_samples
from glotmill.engine.runs.progress import ProgressReport
from glotmill.engine.samples.sample_files import sample_tables
from glotmill.engine.text.notebook import NotebookResult, View
from glotmill.engine.translation.drawn_texts import drawn
from glotmill.engine.translation.requests import segments_of
from glotmill.engine.translators import load_translator, resolve_translator
from glotmill.engine.workers.unit_plan import plan_units
from glotmill.engine.workers.units import do_unit
from glotmill.recipes.sections.translate import Ct2Translate
from glotmill.schemas.errors import InputError

BATCH_TOKENS = (512, 2048, 8192, 16_384)
COMPUTE_TYPES = {
    "cpu": ("int8_float32", "float32", "bfloat16"),
    "cuda": ("float16", "bfloat16", "int8_float16", "int8_bfloat16"),
}
WARM_UP = 8  # texts: the first call sets things up


@dataclass(frozen=True, slots=True)
class Trial(NotebookResult):
    """One way to run the engine.

    Attributes:
        settings: Keys of ``translate`` with the values that were tried.
        segments: Translated in the time.
        seconds: Of translating them; loading the model not counted.
        workers: Workers of these settings that this machine's cores hold, or 1 on a GPU.
    """

    settings: dict[str, Any]
    segments: int
    seconds: float
    workers: int

    @property
    def rate(self) -> float:
        """Segments a second of all workers together, if none slows another down."""
        return self.segments / self.seconds * self.workers

    def as_json(self) -> dict[str, Any]:
        """The object that ``--json`` prints of it."""
        return {**asdict(self), "segments_per_second": round(self.rate, 2)}


@dataclass(frozen=True, slots=True)
class Tuning(NotebookResult):
    """What was tried.

    Attributes:
        lang: The target language of the texts.
        trials: In the order in which they were tried; the first one's settings are the recipe's.
    """

    lang: str
    trials: list[Trial]

    @property
    def best(self) -> Trial:
        """The fastest; of equals the first."""
        return max(self.trials, key=lambda trial: trial.rate)

    def as_json(self) -> dict[str, Any]:
        """The object that ``--json`` prints."""
        gain = round(self.best.rate / self.trials[0].rate, 3)
        trials = [trial.as_json() for trial in self.trials]
        return {"lang": self.lang, "best": self.best.settings, "gain": gain, "trials": trials}

    def notebook_view(self) -> View:
        """The fastest settings, and each trial."""
        rows = [(*trial.settings.values(), trial.workers, f"{trial.rate:,.1f}") for trial in self.trials]
        head = (*self.trials[0].settings, "workers", f"segments/s into {self.lang}")
        return f"Fastest: {self.best.settings}", [head, *rows]


def tune_engine(job: Job, segments: int, seconds: float, progress: ProgressReport) -> Tuning:
    """Try precisions, batch sizes and threads, one after the other, each beside the best of those before.

    Args:
        job: The job; its samples are made aside and thrown away.
        segments: Texts to translate, of the language with the most.
        seconds: A trial ends after the batch in which they pass.
        progress: Shows the trials.

    Raises:
        InputError: The engine is not one that computes on this machine, or there is nothing to translate.
        TranslatorError: The engine broke.
    """
    section = job.translator.section
    if not isinstance(section, Ct2Translate):
        msg = f"translate.engine: {job.translator.engine} has no settings to try here; expected nllb or madlad"
        raise InputError(msg)
    with TemporaryDirectory(prefix="glotmill-") as folder:
        rows = _texts(job, make_samples(job, Path(folder), progress).files, segments)
    tried: dict[tuple[Any, ...], Trial] = {}
    with progress.stage("tune", "trials") as stage:

        def trial(chosen: Ct2Translate) -> Trial:
            key = (chosen.compute_type, chosen.batch_tokens, chosen.threads)
            if key not in tried:
                tried[key] = _tried(chosen, rows, seconds)
                stage.advance(1)
            return tried[key]

        best = section.model_copy(update={"compute_type": job.translator.placement.compute_type})
        fastest = trial(best)
        for key, values in _space(job, section).items():
            for value in values:
                chosen = best.model_copy(update={key: value})
                if (found := trial(chosen)).rate > fastest.rate:
                    best, fastest = chosen, found
    return Tuning(rows["target_lang"][0], list(tried.values()))


def _space(job: Job, section: Ct2Translate) -> dict[str, Iterator[Any]]:
    """The values to try by key."""
    import ctranslate2

    device = job.translator.placement.device
    supported = ctranslate2.get_supported_compute_types(device)
    cores = os.cpu_count() or 1
    return {
        "compute_type": (name for name in COMPUTE_TYPES[device] if name in supported),
        "batch_tokens": (size for size in BATCH_TOKENS if size <= section.unit_tokens),
        "threads": (number for number in (1, 2, 4, 8) if device == "cpu" and number <= cores),
    }


def _texts(job: Job, files: list[Path], count: int) -> pl.DataFrame:
    """Texts of the language that has the most, as `plan_units` takes them."""
    requested = segments_of(sample_tables(files), job.answers)
    sizes = {direction: requested.table(direction).height for direction in requested.directions()}
    if not sizes:
        msg = "tune: the recipe has nothing to translate"
        raise InputError(msg)
    lang = max(sizes, key=lambda direction: sizes[direction]).target_lang
    chosen = drawn(requested, lang, count)
    rows = [(f"{n:09}", direction.source_lang, lang, text) for n, (direction, text) in enumerate(chosen)]
    return pl.DataFrame(rows, schema=["key", "source_lang", "target_lang", "text"], orient="row")


def _tried(section: Ct2Translate, rows: pl.DataFrame, seconds: float) -> Trial:
    """Translate texts with a section's settings, for a while."""
    spec = resolve_translator(section)
    translator = load_translator(spec)
    units = plan_units(rows, batch_tokens=section.batch_tokens, unit_tokens=section.unit_tokens)
    do_unit(translator, units.tail(WARM_UP).to_arrow())
    done, began = 0, time.perf_counter()
    for _, batch in units.group_by("batch", maintain_order=True):
        do_unit(translator, batch.to_arrow())
        done += batch.height
        if time.perf_counter() - began >= seconds:
            break
    workers = max(1, (os.cpu_count() or 1) // section.threads) if spec.placement.device == "cpu" else 1
    settings = {name: getattr(section, name) for name in ("compute_type", "batch_tokens", "threads")}
    return Trial(settings, done, time.perf_counter() - began, workers)
