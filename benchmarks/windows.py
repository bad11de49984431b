"""How busy engines are over a whole build, and what the head's memory holds, on simulated workers.

    python -m benchmarks.windows --samples 75000 --json
    python -m benchmarks.windows --samples 75000 --baseline TREE --json
    python -m benchmarks.windows --samples 250000 --workers 512 --memory --json

The engine is simulated: a worker sleeps for as long as a unit would take a GPU, and its translations are made by Arrow
in no time. First the build is done with workers that do not sleep at all: its records/s are what this machine can pack.
Then it is done again with workers that are together 0.8 times as fast as that. *Busy* is the time that workers were in
units, over workers × the time from the first unit to the commit. With many workers the first build alone
(``--memory``) says what the head bears: units and records a second with an engine that is never waited for.
``--baseline`` does the same in another checkout, in the same run. Each build has a process of its own, whose
peak memory is stated: the head's, without those that pack.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Self

import orjson
import yaml

LANGUAGES = ("deu_Latn", "fra_Latn", "ces_Latn", "swh_Latn")
IN_FLIGHT, IDLE_S = 2, 0.1  # as Ray's pool has them (`ray_worker`, `ray_pool`)
SPEED = 0.8  # of the engine, as a share of what is packed when it costs nothing
THINGS = ("dog", "cat", "train", "boat", "horse", "child", "clock", "tree", "bird", "man")
SCORERS = ("integrity", "language_id", "lexical", "script", "structure", "nmt", "round_trip", "cross_entropy", "fan_in")


class SimulatedPool:
    """Workers that take so many seconds a row, and give what Arrow makes of each text.

    As in the pool of Ray's actors, a worker has a unit at work and one that waits, of the last units none waits while
    a worker is idle, and an idle worker gets what is handed in meanwhile.

    Args:
        workers: How many.
        row_seconds: What a row takes a worker.
    """

    def __init__(self, workers: int, row_seconds: float) -> None:
        self.workers = workers
        self.spans: list[tuple[float, float]] = []
        self.rows = 0
        self._row_seconds = row_seconds

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """There is nothing to end."""

    def start(self) -> None:
        """There is nothing to start."""

    def run(self, units: Iterable[Any]) -> Iterator[Any]:
        """The result of each unit when its worker has it."""
        try:
            from glotmill.engine.workers.pending_units import PendingUnits
        except ImportError:  # a checkout from before it had a place of its own
            from glotmill.engine.workers.ray_pool import PendingUnits  # type: ignore[attr-defined]

        line = PendingUnits(units)
        queues: list[deque[tuple[float, Any]]] = [deque() for _ in range(self.workers)]  # (when it ends, unit)
        while True:
            self._fill(queues, line)
            if not any(queues):
                return
            first = min(filter(None, queues), key=lambda queue: queue[0][0])
            wait = first[0][0] - time.monotonic()
            if wait > IDLE_S and not all(queues):
                time.sleep(IDLE_S)
                continue
            time.sleep(max(0.0, wait))
            _, unit = first.popleft()
            self.rows += unit.rows.num_rows
            yield _result(unit)

    def _fill(self, queues: list[deque[tuple[float, Any]]], line: Any) -> None:
        while True:
            queue = min(queues, key=len)
            if len(queue) == IN_FLIGHT or (queue and not line.has(self.workers + 1)) or (case := line.next()) is None:
                return
            now = time.monotonic()
            begins = max(now, queue[-1][0]) if queue else now
            ends = begins + self._row_seconds * case.unit.rows.num_rows
            queue.append((ends, case.unit))
            self.spans.append((begins, ends))


def _result(unit: Any) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    from glotmill.engine.workers.units import FORCED_SCHEMA, RESULT_SCHEMA, UnitResult

    rows, count = unit.rows, unit.rows.num_rows
    if "translation" in rows.column_names:
        words = pc.add(pc.count_substring(rows["text"], " "), 3)
        ends = pa.concat_arrays([pa.array([0], pa.int32()), pc.cumulative_sum(words).combine_chunks().cast(pa.int32())])
        values = pa.repeat(pa.scalar(-1.5, pa.float32()), ends[-1].as_py())
        return UnitResult(unit, pa.table([pa.ListArray.from_arrays(ends, values)], schema=FORCED_SCHEMA))
    # One sentence without a digit stays one, as most translations of captions are.
    text = pc.binary_join_element_wise(pc.utf8_slice_codeunits(rows["target_lang"], 0, 3), rows["text"], " ")
    fixed = {"settings": "first", "attempt": 1, "logprob": -0.5, "source_tokens": 12, "target_tokens": 12,
             "hit_limit": False, "requests": 0, "prompt_tokens": 0, "completion_tokens": 0}  # fmt: skip
    columns = [
        text if field.name == "text" else pa.repeat(pa.scalar(fixed.get(field.name), field.type), count)
        for field in RESULT_SCHEMA
    ]
    return UnitResult(unit, pa.table(columns, schema=RESULT_SCHEMA))


def _name(number: int) -> str:
    """A name of its own for each number: a digit would make a text one of the few that are cut word by word."""
    letters = ""
    for _ in range(5):
        number, letter = divmod(number, 26)
        letters = chr(ord("a") + letter) + letters
    return letters.capitalize()


def one_build(folder: Path, samples: int, mix: str, workers: int, row_seconds: float, packers: int) -> dict[str, Any]:
    """Build in this process, as the command line does; what was measured."""
    try:
        from glotmill.engine.workers.few_heaps import share_few_heaps

        share_few_heaps()  # before Arrow is loaded
    except ImportError:  # a checkout from before this was done
        pass
    from glotmill.engine.commands import build as building
    from glotmill.engine.commands.job import prepare
    from glotmill.engine.commands.load_recipe import load_recipe
    from glotmill.engine.runs.progress import ProgressReport

    places = [building]
    try:
        from glotmill.engine.commands import make_records

        places = [make_records]
    except ImportError:  # a checkout from before there were windows
        pass
    pool = SimulatedPool(workers, row_seconds)
    for place in places:
        place.make_pool = lambda *_args, **_options: pool  # type: ignore[attr-defined]
    captions = folder / "captions.jsonl"
    with captions.open("wb") as lines:
        for n in range(samples):
            text = f"A {THINGS[n % 10]} called {_name(n)} stands near the {THINGS[n // 10 % 10]} on a street."
            lines.write(orjson.dumps({"id": f"c{n}", "task": "caption", "image": f"{n}.jpg", "caption": text}) + b"\n")
    recipe = {
        "name": "windows",
        "sources": {"captions": {"format": "jsonl", "path": str(captions), "license": "cc0-1.0"}},
        "languages": list(LANGUAGES),
        **({"mix": {"mode": "one_each", "weights": "uniform"}} if mix == "one_each" else {}),
        "translate": {"engine": "fake"},
        "score": {"scorers": list(SCORERS)},
        "workers": packers,
        "memory": str(folder / "memory"),
    }
    path = folder / "recipe.yaml"
    path.write_text(yaml.safe_dump(recipe))
    job = prepare(load_recipe(str(path), ()), out=folder / "out")
    committed: list[float] = []
    commit = building.commit

    def timed(*values: Any, **options: Any) -> None:
        commit(*values, **options)
        committed.append(time.monotonic())

    building.commit = timed
    began, cpu = time.monotonic(), time.process_time()
    progress = ProgressReport()
    summary = building.build(job, progress)
    ended = time.monotonic()
    records = sum(count.rows for count in summary.languages.values())
    first = min(start for start, _ in pool.spans)
    busy = sum(end - start for start, end in pool.spans) / (workers * (committed[0] - first))
    return {
        "records": records,
        "rows": pool.rows,
        "units": len(pool.spans),
        "wall_seconds": round(ended - began, 2),
        "to_commit_seconds": round(committed[0] - began, 2),
        "from_first_unit": round(committed[0] - first, 2),
        "head_cpu_seconds": round(time.process_time() - cpu, 2),
        "children_cpu_seconds": round(sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2]), 2),
        "records_per_second": round(records / (committed[0] - began), 1),
        "units_per_second": round(len(pool.spans) / (committed[0] - first), 2),
        "head_cpu_seconds_per_million": round((time.process_time() - cpu) / records * 1e6, 1),
        "busy": round(busy, 4),
        "peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "windows": len(list((folder / "out/runs").glob("*/windows/*"))) or 1,
        "seconds": progress.seconds,
        "manifest": (folder / "out/dataset/manifest.json").stat().st_size,
    }


def apart(tree: Path, options: argparse.Namespace, row_seconds: float) -> dict[str, Any]:
    """A build in a process of its own, with the code of a checkout."""
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        words = [
            sys.executable, "-P", __file__, "--one", name, "--samples", str(options.samples), "--mix", options.mix,
            "--workers", str(options.workers), "--packers", str(options.packers), "--row-seconds", repr(row_seconds),
        ]  # fmt: skip
        threads = {"POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONPATH": f"{tree / 'src'}:{tree}"}
        done = subprocess.run(words, env={**os.environ, **threads}, stdout=subprocess.PIPE, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def measure(tree: Path, options: argparse.Namespace) -> dict[str, Any]:
    """How fast a checkout packs, and how busy engines are that are nearly as fast."""
    free = apart(tree, options, 0.0)
    stated = ("units_per_second", "records_per_second", "head_cpu_seconds_per_million", "peak_mib")
    if options.memory:
        return {"free": free, **{key: free[key] for key in stated}}
    seconds = free["to_commit_seconds"] / SPEED  # of all workers together
    paced = apart(tree, options, seconds * options.workers / free["rows"])
    return {"free": free, "paced": paced, "busy": paced["busy"], **{key: paced[key] for key in stated}}


def main() -> None:
    """Read the command line, measure and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--samples", type=int, default=75_000)
    options.add_argument("--mix", default="all", help="all: each sample in each language; one_each")
    options.add_argument("--workers", type=int, default=8, help="simulated ones")
    options.add_argument("--packers", type=int, default=2, help="`workers` of the recipe: 0 packs in the head")
    options.add_argument("--memory", action="store_true", help="only the build whose engine costs nothing")
    options.add_argument("--baseline", type=Path, help="another checkout")
    options.add_argument("--folder", type=Path, help="where to build [the system's]")
    options.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    options.add_argument("--row-seconds", type=float, default=0.0, help=argparse.SUPPRESS)
    options.add_argument("--json", action="store_true", help="print one JSON object last")
    chosen = options.parse_args()
    if chosen.one:
        build = one_build(chosen.one, chosen.samples, chosen.mix, chosen.workers, chosen.row_seconds, chosen.packers)
        print(json.dumps(build))
        return
    here = Path(__file__).resolve().parent.parent
    found = {"settings": {name: getattr(chosen, name) for name in ("samples", "mix", "workers", "packers")}}
    found["now"] = measure(here, chosen)
    if chosen.baseline:
        found["baseline"] = measure(chosen.baseline.resolve(), chosen)
    print(json.dumps(found, default=str))


if __name__ == "__main__":
    main()
