"""Tasks on a Ray cluster that grows by them: ``python -m tests.faults.growing_cluster``, as root on Linux.

The head of the cluster offers no CPU, and its autoscaler may start two nodes of one CPU each, as processes of this
machine. Tasks are given out until a second node has done one. Everything runs in namespaces of processes, mounts and
network of its own, so that nothing else on the machine is seen or ended.

Prints a JSON object: how many machines did tasks, the CPUs requested one after the other, and whether the results are
those of the items, in order.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ADDRESS = "127.0.0.1:6379"
HEAD_TYPE = "ray.head.default"  # as Ray's provider of such nodes calls it
APART = ["unshare", "--pid", "--fork", "--kill-child", "--mount", "--mount-proc", "--net"]
LONGEST_S = 300.0
MORE = 8  # items of a stage


def start(files: Path) -> None:
    """Start the cluster's head and its autoscaler."""
    node = {"node_config": {}, "resources": {"CPU": 1}, "min_workers": 0, "max_workers": 2}
    head = {"node_config": {}, "resources": {"CPU": 0}, "max_workers": 0}
    none: dict[str, Any] = {"auth": {}, "docker": {}, "file_mounts": {}}
    for name in ("initialization", "setup", "head_setup", "worker_setup", "head_start_ray", "worker_start_ray"):
        none[f"{name}_commands"] = []
    config = {
        "cluster_name": "growing", "provider": {"type": "fake_multinode"}, "head_node_type": HEAD_TYPE,
        "available_node_types": {HEAD_TYPE: head, "cpu": node}, "max_workers": 2, "idle_timeout_minutes": 10,
        "upscaling_speed": 1.0, "cluster_synced_files": [], "file_mounts_sync_continuously": False,
        "rsync_exclude": [], "rsync_filter": [],
        **none,
    }  # fmt: skip
    (files / "config.json").write_text(json.dumps(config))  # YAML, too
    words = ["ray.scripts.scripts", "start", "--head", "--num-cpus", "0", "--port", "6379", "--disable-usage-stats"]
    words += ["--node-ip-address", "127.0.0.1"]
    done = subprocess.run(
        [sys.executable, "-m", *words, "--include-dashboard", "false", f"--autoscaling-config={files / 'config.json'}"],
        env={**os.environ, "AUTOSCALER_UPDATE_INTERVAL_S": "1", "RAY_FAKE_CLUSTER": "1"},
        stdout=subprocess.DEVNULL,
    )
    done.check_returncode()


def machine(_shared: None, item: int, _read: Any = None) -> tuple[int, str]:
    """The item, and the machine that did it."""
    import ray

    time.sleep(1)
    return item, ray.get_runtime_context().get_node_id()


def nothing(_shared: None, _item: int) -> None:
    """What has to be read."""


def as_it_is(_shared: None, _item: int, made: tuple[int, str]) -> tuple[int, str]:
    """What has to be written."""
    return made


def grow() -> dict[str, Any]:
    """Do tasks until another machine does some."""
    from glotmill.engine.workers.ray_session import one_ray
    from glotmill.engine.workers.ray_tasks import RayTasks
    from glotmill.engine.workers.stage_tasks import Steps

    requests: list[int] = []

    def note(_name: str, **values: Any) -> None:
        requests.append(values["cpus"])

    steps = Steps(machine, lambda _: True, nothing, machine, as_it_is)
    machines: set[str] = set()
    right = True
    ends = time.monotonic() + LONGEST_S
    with one_ray():
        while len(machines) < 2 and time.monotonic() < ends:
            done = list(RayTasks(ADDRESS, note).run(steps, None, list(range(MORE))))
            right &= [item for item, _ in done] == list(range(MORE))
            machines.update(node for _, node in done)
    return {"machines": len(machines), "requests": requests, "right": right}


def main() -> None:
    """Make the namespaces, or be in them."""
    if sys.argv[1:] == ["inside"]:
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        start(Path(os.environ["RAY_TMPDIR"]))
        print(json.dumps(grow()))
        return
    with TemporaryDirectory(prefix="gm") as files:
        inside = [*APART, sys.executable, "-m", "tests.faults.growing_cluster", "inside"]
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        token = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
        done = subprocess.run(inside, env={**os.environ, **token, "RAY_TMPDIR": files, "PATH": path})
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
