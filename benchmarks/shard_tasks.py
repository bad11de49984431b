"""What work on a dataset's shards costs: by threads of one process, and sent to processes that have none of its files.

    python -m benchmarks.shard_tasks --captions captions_val2017.json --folder /somewhere --json

CPU seconds a shard of 50,000 records to judge, rewrite, verify and verify ``--deep``, and of the report. The rows are
those of `benchmarks.refilter`: a real build's, repeated. ``sent`` is a Ray on this machine that is given every shard as
another machine is: the head reads it, a process lays it out in a folder of its own and sends back what comes out.
``head`` is what this process spends, ``tasks`` those below it, Ray's own among them. Ray's start and what processes
load are left out: a first round loads. The report reads some 900 rows, however many shards there are.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.refilter import RULE, flipping, make
from benchmarks.stage_tasks import cpu_of_descendants
from benchmarks.watched import hardware, load_average, versions
from glotmill.engine.commands.new_rules import new_rules
from glotmill.engine.commands.verify.verify_dataset import verify
from glotmill.engine.dataset.manifest import read_manifest
from glotmill.engine.dataset.recorded_rules import recorded_schema
from glotmill.engine.records.rejudge_tasks import Judging, Rewriting, judge_all, rewrite_all
from glotmill.engine.report.finished_build import open_build
from glotmill.engine.report.page import report_data
from glotmill.engine.runs.progress import ProgressReport
from glotmill.engine.workers.ray_session import protect, start_ray

ROWS = 50_000  # of a shard
SENT = "sent"  # stands for a cluster's address, which is not looked at where Ray runs already
Figures = dict[str, dict[str, float]]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--captions", type=Path, required=True, help="COCO's captions_val2017.json")
    parser.add_argument("--folder", type=Path, required=True, help="scratch space: a build is made there once, minutes")
    parser.add_argument("--shards", type=int, default=4)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    build = arguments.folder / f"refilter-{arguments.shards * ROWS}-{arguments.shards}"
    if not (build / "dataset/manifest.json").exists():
        make(arguments.captions, build, arguments.shards * ROWS, arguments.shards)
    found: dict[str, Any] = {"shards": arguments.shards, "threads": measured(build, None)}
    protect(None)
    start_ray()
    send_everything()
    measured(build, SENT)
    found["sent"] = measured(build, SENT)
    found |= {"hardware": hardware(), "versions": versions(), "load": load_average()}
    print(json.dumps(found) if arguments.json else "\n".join(f"{key}: {value}" for key, value in found.items()))


def measured(build: Path, ray_address: str | None) -> Figures:
    """CPU seconds a shard of each kind of work."""
    dataset = build / "dataset"
    manifest = read_manifest(dataset)
    lock, policy = new_rules(dataset, manifest, None, (f"{RULE}={flipping(build, 0.01)}",))
    judging = Judging(dataset, policy, manifest.facts["schema_version"])
    shards = manifest.all_shards()
    verdicts = judge_all(judging, shards, ray_address)
    found = {"judge": cpu(lambda: judge_all(judging, shards, ray_address), len(shards))}
    with tempfile.TemporaryDirectory(dir=build) as scratch:
        rewriting = Rewriting(dataset, Path(scratch), recorded_schema(lock, manifest.facts))
        found["rewrite"] = cpu(lambda: rewrite_all(rewriting, list(verdicts.values()), ray_address), len(shards))
        shutil.rmtree(scratch)
        Path(scratch).mkdir()
    for name, deep in (("verify", False), ("deep", True)):
        work = partial(verify, build, ProgressReport(), deep=deep, ray_address=ray_address)
        found[name] = cpu(work, len(shards))
    opened = open_build(build, "report")
    report_data(opened, ray_address)
    found["report"] = cpu(partial(report_data, opened, ray_address), len(shards))
    return found


def cpu(work: Callable[[], Any], shards: int) -> dict[str, float]:
    """CPU seconds a shard of this process and of those below it."""
    own, below = time.process_time(), sum(cpu_of_descendants().values())
    work()
    return {
        "head": round((time.process_time() - own) / shards, 3),
        "tasks": round((sum(cpu_of_descendants().values()) - below) / shards, 3),
    }


def send_everything() -> None:
    """Have every shard done as by another machine."""
    from glotmill.engine.workers.task_nodes import TaskNodes

    def another(nodes: TaskNodes, at_work: Counter[str], *, any_node: bool) -> str | None:
        node = "a" * len(nodes.here) if any_node else nodes.here  # one that has died: Ray takes what there is
        return node if at_work.total() < nodes.room else None

    TaskNodes.free = another  # type: ignore[method-assign,assignment]


if __name__ == "__main__":
    main()
