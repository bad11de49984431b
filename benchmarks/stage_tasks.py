"""What a second process gives: whole builds with engine `fake`, one process against two, one thread each.

    python -m benchmarks.stage_tasks --data FOLDER --json
    python -m benchmarks.stage_tasks --data FOLDER --rows 3000 --json     # a minute

Builds COCO's captions into four languages with ``workers: 0`` and with ``workers: 2``. On a busy machine wall time says
little, so the figures are CPU seconds by process. They grow where a core's other thread is busy, so the one process is
measured beside a twin, as two processes are beside each other. ``packing`` is the one process's against the busier of
the two that pack: composing, scoring, judging and writing. Reading entries is left out of it: one process reads them as
it packs (``entries`` of ``one_process``), of several the head does, for all. ``whole`` is the one process's build
against what two cores need at the least for all that the others do: half of the CPU seconds of all processes, or those
of the busiest. ``wall`` is as it was, with Ray's start, which the others leave out; what tasks load for themselves, as
a scorer's model, counts.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from benchmarks.scale import ONE_THREAD
from benchmarks.scale_build import dataset_digest
from benchmarks.scale_cases import Wanted, captions
from benchmarks.watched import hardware, load_average, versions

SPANS = "GLOTMILL_BENCH_SPANS"  # names the folder in which tasks note their CPU seconds
TICKS = os.sysconf("SC_CLK_TCK")
Figures = dict[str, Any]


def noted(task: Callable[[Any, Any], Any], work: Any, item: Any) -> Any:
    """A task of packing, which notes the CPU seconds that it took."""
    began = time.process_time()
    done = task(work, item)
    with (Path(os.environ[SPANS]) / str(os.getpid())).open("a") as lines:
        lines.write(f"{time.process_time() - began}\n")
    return done


class Reading:
    """CPU seconds that the one process took to read entries; with more threads than one this cannot be told."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def count(self) -> None:
        """Count them from now on."""
        from glotmill.engine.translation.language_entries import LanguageEntries

        into = LanguageEntries.into

        def counted(entries: LanguageEntries, lang: str) -> Any:
            began = time.process_time()
            found = into(entries, lang)
            self.seconds += time.process_time() - began
            return found

        LanguageEntries.into = counted  # type: ignore[assignment]


def cpu_of_descendants() -> dict[int, float]:
    """CPU seconds of every process below this one."""
    parents: dict[int, int] = {}
    seconds: dict[int, float] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended
            continue
        parents[int(path.parent.name)] = int(fields[1])
        seconds[int(path.parent.name)] = (int(fields[11]) + int(fields[12])) / TICKS
    return {pid: spent for pid, spent in seconds.items() if pid != os.getpid() and _below(pid, parents)}


def _below(pid: int, parents: dict[int, int]) -> bool:
    while pid in parents:
        pid = parents[pid]
        if pid == os.getpid():
            return True
    return False


class Starts:
    """What this process and those below it had spent when Ray's workers were ready: no part of a build's work."""

    def __init__(self) -> None:
        self.driver = 0.0
        self.others: dict[int, float] = {}
        self.spent: dict[str, list[float]] = {"actors": [], "ray": []}  # since then

    def leave_out(self) -> None:
        """Count the start of Ray and its actors apart, and read what they spent before they are ended."""
        from glotmill.engine.workers.ray_session import protect

        protect(None)  # before Ray's import, as a build does
        from glotmill.engine.workers.ray_pool import RayPool

        start, end = RayPool.start, RayPool.__exit__

        def counted(pool: RayPool) -> None:
            cpu = time.process_time()
            start(pool)
            self.driver += time.process_time() - cpu
            self.others = self.others or cpu_of_descendants()

        def ended(pool: RayPool, *error: Any) -> None:
            self.spent = self._since()
            end(pool, *error)

        RayPool.start, RayPool.__exit__ = counted, ended  # type: ignore[assignment]

    def _since(self) -> dict[str, list[float]]:
        """CPU seconds of the engine's actors, and of Ray's own processes together."""
        now = cpu_of_descendants()
        spent = {pid: now[pid] - before for pid, before in self.others.items() if pid in now}
        actors = [pid for pid in spent if "TranslatorActor" in Path(f"/proc/{pid}/cmdline").read_text()]
        return {
            "actors": sorted((spent[pid] for pid in actors), reverse=True),
            "ray": [sum(seconds for pid, seconds in spent.items() if pid not in actors)],
        }


def one_build(recipe: Path, folder: Path) -> Figures:
    """The figures of one build in this process and those below it."""
    from glotmill.engine.commands import make_windows
    from glotmill.engine.commands.build import build
    from glotmill.engine.commands.job import prepare
    from glotmill.engine.commands.load_recipe import load_recipe
    from glotmill.engine.records.build_shards import join_parts
    from glotmill.engine.records.sent_shards import BUILD_GROUP
    from glotmill.engine.runs.progress import ProgressReport

    starts, reading, spans = Starts(), Reading(), folder / "spans"
    spans.mkdir(parents=True)
    os.environ[SPANS] = str(spans)
    watched = {"BUILD_GROUP": partial(noted, BUILD_GROUP.here), "join_parts": partial(noted, join_parts)}
    for name, value in {**watched, "FEWEST_APART": 0}.items():
        setattr(make_windows, name, value)
    starts.leave_out()
    reading.count()
    job = prepare(load_recipe(str(recipe)), out=folder / "out", memory=folder / "memory", stop_on_signal=False)
    cpu, wall = time.process_time(), time.monotonic()
    summary = build(job, ProgressReport())
    driver, wall = time.process_time() - cpu - starts.driver, time.monotonic() - wall
    packing = sorted((sum(map(float, path.read_text().split())) for path in spans.iterdir()), reverse=True)
    return {
        "driver": driver, "packing": packing, "entries": reading.seconds, **starts.spent, "start": starts.driver,
        "wall": wall, "seconds": summary.seconds, "records": summary.rows, "digest": dataset_digest(summary.dataset),
    }  # fmt: skip


def measured(workers: int, options: argparse.Namespace) -> Figures:
    """The figures of one build in a process of its own."""
    with tempfile.TemporaryDirectory() as name:
        recipe = Path(name) / "recipe.yaml"
        content = captions(Wanted(options.data.resolve(), options.rows, 4, Path(name))) | {"workers": workers}
        recipe.write_text(yaml.safe_dump(content))
        command = [sys.executable, "-m", "benchmarks.stage_tasks", "--one", str(recipe), "--folder", f"{name}/made"]
        settings = {**os.environ, **ONE_THREAD, "PYTHONHASHSEED": "0"}
        done = subprocess.run(command, env=settings, stdout=subprocess.PIPE, check=True, text=True)
    found: Figures = json.loads(done.stdout.splitlines()[-1])
    return found


def compared(one: Figures, two: Figures) -> Figures:
    """How many times as fast two processes are, in packing and in all."""
    each = [two["driver"], *two["actors"], *two["packing"]]
    spent = sum(each) + sum(two["ray"])
    return {
        "packing": round((one["packing"][0] - one["entries"]) / two["packing"][0], 3),
        "whole": round(one["driver"] / max(*each, spent / 2), 3),
        "wall": round(one["wall"] / two["wall"], 3),
        "cpu": {"one": round(one["driver"], 2), "two": round(spent, 2), "busiest": round(max(each), 2)},
        "same_bytes": one["digest"] == two["digest"],
    }


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder with coco/")
    parser.add_argument("--rows", type=int, help="captions [all]")
    parser.add_argument("--one", type=Path, metavar="RECIPE", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true", help="one JSON object, otherwise the ratios")
    options = parser.parse_args()
    if options.one:
        print(json.dumps(one_build(options.one, options.folder)))
        return
    load = load_average()
    with ThreadPoolExecutor(2) as threads:  # both cores are busy, as they are with two processes
        one, twin = threads.map(lambda _: measured(0, options), range(2))
    two = measured(2, options)
    found = compared(one, two)
    if not options.json:
        print(yaml.safe_dump(found, sort_keys=False))
        return
    loads = {"before": load, "after": load_average()}
    print(json.dumps({**found, "one_process": one, "its_twin": twin, "two_processes": two, "environment": ONE_THREAD,
                      "load_average": loads, "hardware": hardware(), "versions": versions()}))  # fmt: skip


if __name__ == "__main__":
    main()
