"""One build in this process, with the CPU seconds of its phases; `benchmarks.scale` runs it with the code of any tree.

    PYTHONPATH=TREE/src python -P benchmarks/scale_build.py RECIPE FOLDER [--profile FILE]

Prints one JSON object. The product is not asked for any of it: functions are wrapped from outside, by names that old
and new trees have.
"""

from __future__ import annotations

import argparse
import cProfile
import functools
import hashlib
import importlib
import importlib.util
import inspect
import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

# Phases within `pack`, by what does them. What is missing in a tree is passed over; each phase needs one that is there.
PACK = {
    "rows": [
        f"glotmill.engine.records.layout:{name}"
        for name in ("SampleIndex.rows", "SampleIndex.tables", "SampleRows.tables")
    ],
    "lay_out": ["glotmill.engine.records.layout:lay_out"],
    "entries": [
        "glotmill.engine.translation.language_entries:LanguageEntries.into",
        "glotmill.engine.translation.back_translation:entries_into",
    ],
    "compose": [f"glotmill.engine.records.compose:Composer.{name}" for name in ("compose", "compose_small")],
    "score": ["glotmill.engine.records.score:score"],
    "judge": ["glotmill.engine.records.pack:Packer._judged"],
    "write": [f"glotmill.engine.dataset.shards:ShardWriter.{name}" for name in ("__init__", "write", "close")],
}
# What times the stages of a build; in newer trees, those of one with several windows, too.
STAGES = (
    "glotmill.engine.runs.progress:ProgressReport.stage",
    "glotmill.engine.runs.windows_progress:WindowsProgress.stage",
)
# What the stand-in itself does.
ENGINE = [f"glotmill.engine.translators.fake:FakeTranslator.{name}" for name in ("translate", "score")]
# What looks for loops, of one text or of many.
LOOPS = {
    "glotmill.engine.translators.shared.retry:loops": lambda _: lambda _text: False,
    "glotmill.engine.translators.shared.loops:looping": lambda _: lambda texts: [False] * len(texts),
}


class Phases:
    """CPU seconds by phase; what a phase within another takes is the inner one's alone.

    The windows of a build in one process come one after the other, so a phase's seconds are those of all windows.

    Attributes:
        seconds: By phase.
        engine: Of these, what the stand-in itself took.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self.engine: dict[str, float] = defaultdict(float)
        self._open: list[str] = []
        self._since = time.process_time()

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Count what happens meanwhile."""
        self._note()
        self._open.append(name)
        try:
            yield
        finally:
            self._note()
            self._open.pop()

    def _note(self) -> None:
        now = time.process_time()
        self.seconds[self._open[-1] if self._open else "rest"] += now - self._since
        self._since = now

    def stage(self, timed: Callable[..., Any]) -> Callable[..., Any]:
        """What times a stage, which counts as a phase of that name."""

        @contextmanager
        def counted(report: Any, name: str, unit: str) -> Iterator[Any]:
            with self.phase(name), timed(report, name, unit) as made:
                yield made

        return counted

    def of_engine(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """A function of the stand-in, whose seconds are noted beside those of the phase that calls it."""

        @functools.wraps(function)
        def call(*args: Any, **options: Any) -> Any:
            began = time.process_time()
            try:
                return function(*args, **options)
            finally:
                self.engine[self._open[-1]] += time.process_time() - began

        return call

    def wrapped(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """A function, or a generator function, that counts as a phase."""

        @functools.wraps(function)
        def call(*args: Any, **options: Any) -> Any:
            with self.phase(name):
                return function(*args, **options)

        @functools.wraps(function)
        def generate(*args: Any, **options: Any) -> Iterator[Any]:
            made = function(*args, **options)
            while True:
                with self.phase(name):
                    item = next(made, self)
                if item is self:
                    return
                yield item

        return generate if inspect.isgeneratorfunction(function) else call


def replace(where: str, change: Callable[[Any], Any]) -> bool:
    """Put another function in the place of ``module:name``, wherever it was imported; whether it is there."""
    module, _, name = where.partition(":")
    if importlib.util.find_spec(module) is None:
        return False
    holder: Any = importlib.import_module(module)
    *outer, last = name.split(".")
    for part in outer:
        holder = getattr(holder, part, None)
    old = getattr(holder, last, None)
    if old is None:
        return False
    new = change(old)
    setattr(holder, last, new)
    for loaded in [found for key, found in sys.modules.items() if key.startswith("glotmill.")]:
        for attribute in [key for key, value in vars(loaded).items() if value is old]:
            setattr(loaded, attribute, new)
    return True


def instrument(phases: Phases) -> None:
    """Count the stages of a build, the stand-in's own part of them, and the parts of packing."""
    for place in STAGES:
        replace(place, phases.stage)
    for place in ENGINE:
        replace(place, phases.of_engine)
    for name, places in PACK.items():
        if not sum(replace(place, functools.partial(phases.wrapped, name)) for place in places):
            msg = f"nothing of this tree is known to do {name}"
            raise LookupError(msg)


def dataset_digest(dataset: Path) -> str:
    """Of the bytes of all shards and of the manifest."""
    found = hashlib.sha256()
    for path in [*sorted((dataset / "data").rglob("*.parquet")), dataset / "manifest.json"]:
        found.update(path.relative_to(dataset).as_posix().encode() + path.read_bytes())
    return found.hexdigest()


def column_digests(dataset: Path) -> dict[str, str]:
    """Of the values of each column, over all shards."""
    found: dict[str, Any] = defaultdict(hashlib.sha256)
    for path in sorted((dataset / "data").rglob("*.parquet")):
        table = pq.ParquetFile(path).read()
        for name in table.column_names:
            column = pa.table({name: table[name].combine_chunks()})  # without the metadata of the others
            with pa.BufferOutputStream() as sink:
                with pa.ipc.new_stream(sink, column.schema) as stream:
                    stream.write_table(column)
                found[name].update(sink.getvalue())
    return {name: state.hexdigest() for name, state in found.items()}


def bare_seconds(dataset: Path, target: Path) -> float:
    """CPU seconds that pyarrow's writer alone takes to write all shards again, with the settings of the manifest."""
    settings = json.loads((dataset / "manifest.json").read_bytes())["writer"]
    settings = {name: value for name, value in settings.items() if name not in ("pyarrow", "datasets")}
    seconds = 0.0
    for path in sorted((dataset / "data").rglob("*.parquet")):
        with pq.ParquetFile(path) as file:
            groups = [file.read_row_group(number) for number in range(file.num_row_groups)]
        began = time.process_time()
        with pq.ParquetWriter(target, groups[0].schema, **settings) as writer:
            for rows in groups:
                writer.write_table(rows, row_group_size=rows.num_rows)
        seconds += time.process_time() - began
    return seconds


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """The build's figures."""
    from glotmill import schemas
    from glotmill.engine.commands.build import build
    from glotmill.engine.commands.job import prepare
    from glotmill.engine.commands.load_recipe import load_recipe
    from glotmill.engine.commands.refilter import refilter
    from glotmill.engine.runs.progress import ProgressReport

    imported = time.process_time()
    phases = Phases()
    instrument(phases)
    if options.free_loops and not sum(replace(place, free) for place, free in LOOPS.items()):
        msg = "nothing of this tree is known to look for loops"
        raise LookupError(msg)
    began = time.process_time()
    with (options.profile and cProfile.Profile(time.process_time)) or nullcontext() as profile:
        places = {"out": options.folder / "build", "memory": options.folder / "memory"}
        job = prepare(load_recipe(str(options.recipe)), **places, stop_on_signal=False)
        summary = build(job, ProgressReport())  # an older tree prints its stages on standard error
    total = time.process_time() - began
    phases._note()
    if profile is not None:
        profile.dump_stats(options.profile)
    shards = sum(1 for _ in (summary.dataset / "data").rglob("*.parquet"))
    found = {
        "tree": str(Path(schemas.__file__).resolve().parents[1]),
        "import": imported,
        "total": total,
        "phases": {name: round(seconds, 4) for name, seconds in phases.seconds.items()},
        "engine": {name: round(seconds, 4) for name, seconds in phases.engine.items()},
        "records": summary.rows,
        "segments": summary.segments.unique,
        "shards": shards,
        "digest": dataset_digest(summary.dataset),
        "columns": column_digests(summary.dataset),
    }
    if options.bare:
        found["bare"] = bare_seconds(summary.dataset, options.folder / "bare.parquet")
    if options.refilter:
        began = time.process_time()
        refilter(options.folder / "build", overrides=[options.refilter])
        found["refilter"] = time.process_time() - began
        found["refiltered_digest"] = dataset_digest(summary.dataset)
    return found


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("recipe", type=Path)
    parser.add_argument("folder", type=Path, help="an empty one")
    parser.add_argument(
        "--free-loops", action="store_true", help="an older retry ladder's look for loops costs nothing"
    )
    parser.add_argument("--refilter", metavar="KEY=VALUE", help="judge again with this afterwards")
    parser.add_argument("--bare", action="store_true", help="write the shards once more with pyarrow's writer alone")
    parser.add_argument("--profile", type=Path, help="a file for cProfile's statistics; times are then too long")
    print(json.dumps(measure(parser.parse_args())))


if __name__ == "__main__":
    main()
