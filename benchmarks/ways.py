"""Ways to translate that need nothing but Glotmill's own environment; one way a process, from a job to an out file.

    python -m benchmarks.ways WAY JOB OUT

``glotmill_ray`` is the translate stage of a build on two Ray actors of one thread each, ``glotmill_ray_1`` on one,
``glotmill_ray_1x2`` on one of all threads, ``glotmill_inline`` the same in this process, ``glotmill_ray_int8`` with the
engine's default precision, ``…_32768`` and so on with so many output tokens, ``…_lists`` with the lists that ship for
the embedded model; ``bare_…`` are plain CTranslate2 loops (`benchmarks.bare`), named by models × threads, and
``…_distinct`` such a loop over the different texts alone: about a floor, as nothing is kept or committed. All are
timed from texts to texts: for Glotmill that is cutting into segments, look-up, planning, writing units down,
committing them, reading back, and putting texts together again. Of these, all but the first and the last is the
translate stage itself, which is timed besides.

A job is `Job` as JSON, the out file ``{"load_seconds", "sets": {name: {"seconds", "cpu_seconds", "stage_seconds",
"outputs", "sent"}}}``; CPU seconds are those of all processes of the way.
"""

from __future__ import annotations

import argparse
import itertools
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.bare import Bare, Decoding, batches_of
from benchmarks.watched import cpu_seconds
from glotmill.engine.memory.entries import Direction
from glotmill.engine.memory.translations import Memory
from glotmill.engine.runs.run import Run
from glotmill.engine.storage.folder import Folder
from glotmill.engine.text.segments import split
from glotmill.engine.translation.requests import Segments
from glotmill.engine.translation.stage import TranslateStage
from glotmill.engine.translators import resolve_translator
from glotmill.engine.translators.contract import TranslatorSpec
from glotmill.engine.translators.nllb import NllbTranslate
from glotmill.engine.translators.shared.output_vocabulary import OutputVocabulary
from glotmill.engine.translators.shared.shipped_vocabularies import shipped_path
from glotmill.engine.translators.shared.vocabulary_lists import model_tokens, read_list
from glotmill.engine.workers.pool import Pool, make_pool
from glotmill.recipes.sections.translate import ComputeType

BATCH_TOKENS = 2048
COUNTS = (131_072, 65_536, 32_768)  # output tokens


@dataclass(frozen=True, slots=True)
class Done:
    """What a way made of a set.

    Attributes:
        outputs: Translations by language.
        sent: Texts that went to the model.
        stage_seconds: Of a build's translate stage alone; of a loop all of it.
    """

    outputs: dict[str, list[str]]
    sent: int
    stage_seconds: float


@dataclass(frozen=True, slots=True)
class Set:
    """Texts to translate into some languages; `rounds` by way, once where a way is not named, 0 leaves it out."""

    texts: list[str]
    targets: list[str]
    rounds: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Job:
    """What every way of a comparison is given.

    Attributes:
        model: CTranslate2 folder.
        checkpoint: The same weights for transformers.
        decoding: How to decode.
        warm: Texts done first and not timed.
        sets: What is timed, by name.
        cores: CPU cores to use.
        unit_tokens: Of Glotmill's units.
    """

    model: str
    checkpoint: str
    decoding: Decoding
    warm: list[str]
    sets: dict[str, Set]
    source_lang: str = "eng_Latn"
    cores: int = 2
    unit_tokens: int = 32_768

    def write(self, path: Path) -> None:
        """As JSON."""
        path.write_text(json.dumps(asdict(self), ensure_ascii=False), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Job:
        """From JSON."""
        values = json.loads(path.read_text(encoding="utf-8"))
        values["decoding"] = Decoding(**values["decoding"])
        values["sets"] = {name: Set(**wanted) for name, wanted in values["sets"].items()}
        return cls(**values)


class Loop:
    """A bare loop over all texts, or over the different ones."""

    def __init__(self, job: Job, models: int, threads: int, compute_type: str, *, distinct: bool = False) -> None:
        self._job = job
        self._distinct = distinct
        decoding = replace(job.decoding, compute_type=compute_type)
        self._bare = Bare(Path(job.model), decoding, models, threads)

    def translate(self, texts: list[str], targets: list[str]) -> Done:
        """All texts into all languages."""
        began = time.perf_counter()
        sent: Sequence[str] = texts
        asked: Sequence[int] = range(len(texts))
        if self._distinct:
            place = {text: number for number, text in enumerate(dict.fromkeys(texts))}
            sent, asked = list(place), [place[text] for text in texts]
        batches = batches_of(list(sent), BATCH_TOKENS)
        found: dict[str, list[str]] = {}
        for target in targets:
            _, made = self._bare.translate([[sent[r] for r in rows] for rows in batches], self._job.source_lang, target)
            order = itertools.chain.from_iterable(batches)
            known = dict(zip(order, itertools.chain.from_iterable(made), strict=True))
            found[target] = [known[row] for row in asked]
        return Done(found, len(sent) * len(targets), time.perf_counter() - began)

    def close(self) -> None:
        """Nothing is open."""


def _known(entries: dict[str, str | None], request: str) -> str:
    return entries[request] or ""


Lists = Callable[[TranslatorSpec, str], OutputVocabulary | None]  # the output tokens of a target language


def first_tokens(count: int) -> Lists:
    """Lists of the first tokens of a model with random weights, where any are as good; half of a small model's."""

    def made(spec: TranslatorSpec, _: str) -> OutputVocabulary:
        size = _size(spec)
        return OutputVocabulary.of(np.arange(min(count, size // 2), dtype=np.uint32), size)

    return made


def shipped(spec: TranslatorSpec, lang: str) -> OutputVocabulary | None:
    """The list that ships for the embedded model, whose weights the job's model has; None where none does."""
    assert spec.folder is not None
    path = shipped_path(lang)
    return read_list(model_tokens(spec.folder), lang, path) if path.exists() else None


def _size(spec: TranslatorSpec) -> int:
    assert spec.folder is not None
    return len(model_tokens(spec.folder).tokens)


class Stage:
    """The translate stage of builds, with an empty memory each time."""

    def __init__(
        self, job: Job, workers: int, threads: int, compute_type: ComputeType, lists: Lists | None = None
    ) -> None:
        self._source = job.source_lang
        self._scratch = tempfile.TemporaryDirectory()
        section = NllbTranslate(
            engine="nllb", model=job.model, compute_type=compute_type, beam_size=job.decoding.beam_size,
            length_penalty=job.decoding.length_penalty, max_decoding_tokens=job.decoding.max_tokens, threads=threads,
            batch_tokens=BATCH_TOKENS, unit_tokens=job.unit_tokens, retry=None,
        )  # fmt: skip
        spec = resolve_translator(section)
        targets = dict.fromkeys(target for wanted in job.sets.values() for target in wanted.targets)
        self._spec = replace(spec, vocabularies={lang: lists(spec, lang) for lang in targets}) if lists else spec
        self._pool: Pool = make_pool(self._spec, workers)
        self._pool.start()

    def translate(self, texts: list[str], targets: list[str]) -> Done:
        """All texts into all languages."""
        folder = Path(tempfile.mkdtemp(dir=self._scratch.name))
        stage = TranslateStage(
            self._spec, Memory(Folder(folder / "memory")), Run.open(folder, {}, "benchmark"), self._pool
        )
        cuts = [split(text, self._source) for text in texts]
        asked = Segments()
        for cut in cuts:
            asked.add(self._source, tuple(targets), list(cut.requests))
        began = time.perf_counter()
        count = stage.translate("forward", asked, retry_failed=False, advance=lambda *_: None)
        entries = {target: stage.entries("forward", Direction(self._source, target)) for target in targets}
        seconds = time.perf_counter() - began
        found: dict[str, list[str]] = {}
        for target in targets:
            known = dict(entries[target].select("text", "translation").iter_rows())
            found[target] = [cut.join(partial(_known, known)) for cut in cuts]
        return Done(found, count.translated, seconds)

    def close(self) -> None:
        """End the workers."""
        self._pool.__exit__(None, None, None)
        self._scratch.cleanup()


def _with_first_tokens(count: int, job: Job) -> Stage:
    return Stage(job, job.cores, 1, "int8", first_tokens(count))


WAYS: dict[str, Callable[[Job], Loop | Stage]] = {
    "glotmill_ray": lambda job: Stage(job, job.cores, 1, "float32"),
    "glotmill_ray_1": lambda job: Stage(job, 1, 1, "float32"),
    "glotmill_ray_1x2": lambda job: Stage(job, 1, job.cores, "float32"),
    "glotmill_ray_int8": lambda job: Stage(job, job.cores, 1, "int8"),
    "glotmill_ray_int8_lists": lambda job: Stage(job, job.cores, 1, "int8", shipped),
    **{f"glotmill_ray_int8_{count}": partial(_with_first_tokens, count) for count in COUNTS},
    "glotmill_inline": lambda job: Stage(job, 0, job.cores, "float32"),
    "bare_2x1": lambda job: Loop(job, job.cores, 1, "float32"),
    "bare_1x2": lambda job: Loop(job, 1, job.cores, "float32"),
    "bare_2x1_int8": lambda job: Loop(job, job.cores, 1, "int8"),
    "bare_2x1_int8_distinct": lambda job: Loop(job, job.cores, 1, "int8", distinct=True),
    "bare_1x2_int8": lambda job: Loop(job, 1, job.cores, "int8"),
}


def run(way: str, job: Job) -> dict[str, Any]:
    """Do a job's sets in one way."""
    began = time.perf_counter()
    engine = WAYS[way](job)
    loaded = time.perf_counter() - began
    engine.translate(job.warm, ["deu_Latn"])
    sets: dict[str, Any] = {}
    for name, wanted in job.sets.items():
        seconds, stage_seconds, cpu = [], [], []
        rounds = wanted.rounds.get(way, 1)
        if not rounds:
            continue
        for _ in range(rounds):
            split.cache_clear()
            began, before = time.perf_counter(), cpu_seconds()
            done = engine.translate(wanted.texts, wanted.targets)
            seconds.append(time.perf_counter() - began)
            cpu.append(cpu_seconds() - before)
            stage_seconds.append(done.stage_seconds)
        sets[name] = {"seconds": seconds, "cpu_seconds": cpu, "stage_seconds": stage_seconds,
                      "outputs": done.outputs, "sent": done.sent}  # fmt: skip
    engine.close()
    return {"load_seconds": loaded, "sets": sets}


def main() -> None:
    """Do a job file in one way and write what came out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("way", choices=WAYS)
    parser.add_argument("job", type=Path)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    found = run(arguments.way, Job.read(arguments.job))
    arguments.out.write_text(json.dumps(found, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main()
