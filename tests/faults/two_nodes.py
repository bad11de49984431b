"""A build on a Ray cluster of two nodes, one of which is killed in its middle: ``python -m tests.faults.two_nodes``.

Prints a JSON object: the summary, the actors' nodes at the start, the attempts that failed, the nodes alive at the end,
and the tasks that packed, which the first node did beside its actor: it has one CPU.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import ray
from ray.cluster_utils import Cluster

from glotmill.engine.commands import make_windows
from glotmill.engine.commands.build import build
from glotmill.engine.commands.job import prepare
from glotmill.engine.commands.load_recipe import load_recipe
from glotmill.engine.memory.translations import Memory
from glotmill.engine.runs.progress import ProgressReport
from glotmill.engine.workers.ray_tasks import RayTasks


def main(recipe: str, folder: Path, kill_at: int) -> None:
    """Build with one worker a node; the second node dies after so many commits."""
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    second = cluster.add_node(num_cpus=1)
    cluster.wait_for_nodes()
    commits = 0
    nodes: set[str] = set()
    commit = Memory.commit

    def wrapped(self: Memory, entries: Any) -> Any:
        nonlocal commits
        made = commit(self, entries)
        commits += 1
        if commits == kill_at:
            from ray.util.state import list_actors

            nodes.update(actor.node_id for actor in list_actors(filters=[("state", "=", "ALIVE")]))
            cluster.remove_node(second, allow_graceful=False)
        return made

    Memory.commit = wrapped  # type: ignore[method-assign]
    tasks: list[Any] = []
    run = RayTasks.run
    RayTasks.run = lambda *a: (tasks.append(done) or done for done in run(*a))  # type: ignore[method-assign]
    make_windows.FEWEST_APART = 0
    job = prepare(load_recipe(recipe), out=folder / "out", memory=folder / "memory", ray_address=cluster.address)
    summary = build(job, ProgressReport())
    events = [json.loads(line) for log in folder.glob("out/runs/*/events.jsonl") for line in log.open()]
    ray.init(address=cluster.address, ignore_reinit_error=True)
    print(
        json.dumps(
            {
                "commits": commits,
                "nodes_with_actors": len(nodes),
                "alive_at_the_end": sum(node["Alive"] for node in ray.nodes()),
                "failed_attempts": [event["reason"] for event in events if event["event"] == "attempt_failed"],
                "failed_records": summary.failed,
                "tasks": len(tasks),
            }
        )
    )
    ray.shutdown()
    cluster.shutdown()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
