"""What a second process gives: whole builds with engine `fake`, one process against two, one thread each.

    python -m benchmarks.stage_tasks --data FOLDER --json
    python -m benchmarks.stage_tasks --data FOLDER --rows 3000 --json     # a minute

Builds COCO's captions into four languages with ``workers: 0`` and with ``workers: 2``. On a busy machine wall time says
little, so the figures are CPU seconds by stage and process. ``critical`` of two processes is, stage by stage, what the
driver took and then what the busier of the two others took, as if the driver never worked beside them; ``overlapped``
is the larger of both, as if it always did. The truth lies between. The start of Ray, of its processes and of what they
import is left out (``start``); what tasks load for themselves, as a scorer's model, counts.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from benchmarks.scale import ONE_THREAD
from benchmarks.scale_build import dataset_digest
from benchmarks.scale_cases import Wanted, captions
from benchmarks.watched import hardware, load_average, versions

SPANS = "GLOTMILL_BENCH_SPANS"  # names the folder in which tasks note their CPU seconds
TICKS = os.sysconf("SC_CLK_TCK")
WORKERS = ("translate", "force", "back")  # stages of the engine's actors
Figures = dict[str, Any]


def noted(work: Any, group: Any) -> Any:
    """A task of packing, which notes the CPU seconds that it took."""
    from glotmill.engine.records.build_shards import build_group_apart

    began = time.process_time()
    done = build_group_apart(work, group)
    with (Path(os.environ[SPANS]) / str(os.getpid())).open("a") as lines:
        lines.write(f"{time.process_time() - began}\n")
    return done


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


class Stages:
    """CPU and wall seconds of the driver by stage, and CPU seconds of the actors."""

    def __init__(self) -> None:
        self.driver: dict[str, float] = defaultdict(float)
        self.wall: dict[str, float] = defaultdict(float)
        self.actors: dict[str, list[float]] = {}
        self.start = 0.0  # of the driver, for Ray and its actors
        self._ready: dict[int, float] = {}

    def note(self, event: dict[str, Any]) -> None:
        """Take what processes have spent when a worker is ready as their start."""
        if event["event"] == "worker_ready":
            self._ready = cpu_of_descendants()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count what happens meanwhile."""
        self._ready = cpu_of_descendants()
        cpu, wall, start = time.process_time(), time.monotonic(), self.start
        yield
        self.driver[name] += time.process_time() - cpu - (self.start - start)
        self.wall[name] += time.monotonic() - wall
        now = cpu_of_descendants()
        self.actors[name] = sorted((now[pid] - spent for pid, spent in self._ready.items() if pid in now), reverse=True)


def leave_out_starts(stages: Stages) -> None:
    """Count what the driver takes to start Ray and its actors apart."""
    from glotmill.engine.workers.ray_pool import RayPool

    start = RayPool.start

    def counted(self: RayPool) -> None:
        cpu = time.process_time()
        start(self)
        stages.start += time.process_time() - cpu

    RayPool.start = counted  # type: ignore[method-assign]


def one_build(recipe: Path, folder: Path) -> Figures:
    """The figures of one build in this process and those below it."""
    from glotmill.engine.commands import build as command
    from glotmill.engine.commands.job import prepare
    from glotmill.engine.commands.load_recipe import load_recipe
    from glotmill.engine.runs.progress import ProgressReport

    stages, spans = Stages(), folder / "spans"
    spans.mkdir(parents=True)
    os.environ[SPANS] = str(spans)
    command.build_group_apart, command.FEWEST_APART = noted, 0
    stage, record = ProgressReport.stage, ProgressReport.record

    @contextmanager
    def counted(self: Any, name: str, unit: str) -> Iterator[Any]:
        with stages.stage(name), stage(self, name, unit) as made:
            yield made

    def listened(self: Any, run: Any) -> None:
        run.listen(stages.note)
        record(self, run)

    ProgressReport.stage, ProgressReport.record = counted, listened  # type: ignore[method-assign]
    leave_out_starts(stages)
    job = prepare(load_recipe(str(recipe)), out=folder / "out", memory=folder / "memory", stop_on_signal=False)
    cpu, wall = time.process_time(), time.monotonic()
    summary = command.build(job, ProgressReport())
    cpu, wall = time.process_time() - cpu, time.monotonic() - wall
    tasks = sorted((sum(map(float, path.read_text().split())) for path in spans.iterdir()), reverse=True)
    return {
        "cpu": cpu, "wall": wall, "driver": {**stages.driver, "rest": cpu - stages.start - sum(stages.driver.values())},
        "driver_start": stages.start,
        "stage_wall": dict(stages.wall), "actors": {name: stages.actors[name][:2] for name in WORKERS}, "tasks": tasks,
        "records": summary.rows, "digest": dataset_digest(summary.dataset),
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
    others = {**two["actors"], "pack": two["tasks"]}
    busier = {name: max(others.get(name) or [0.0]) for name in two["driver"]}
    ways = {
        "critical": {name: spent + busier[name] for name, spent in two["driver"].items()},
        "overlapped": {name: max(spent, busier[name]) for name, spent in two["driver"].items()},
    }
    return {
        name: {
            "pack": round(one["driver"]["pack"] / spent["pack"], 3),
            "whole": round(one["cpu"] / sum(spent.values()), 3),
            "seconds": {stage: round(value, 3) for stage, value in spent.items()},
        }
        for name, spent in ways.items()
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
    one, two = measured(0, options), measured(2, options)
    found = compared(one, two)
    found["same_bytes"] = one["digest"] == two["digest"]
    if not options.json:
        print(yaml.safe_dump(found, sort_keys=False))
        return
    loads = {"before": load, "after": load_average()}
    print(json.dumps({**found, "one_process": one, "two_processes": two, "environment": ONE_THREAD,
                      "load_average": loads, "hardware": hardware(), "versions": versions()}))  # fmt: skip


if __name__ == "__main__":
    main()
