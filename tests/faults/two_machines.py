"""A build on two machines that share nothing but a wire, one of which dies in the middle.

``python -m tests.faults.two_machines RECIPE FOLDER KILL_AT``, as root on Linux; it dies after so many commits to the
memory, or, for ``pack``, once it has made a shard. Each machine is a network namespace
with an address of its own; the second one has other ``/tmp`` and ``/dev/shm`` than the first, so it sees neither the
build's folder nor the memory, nor Ray's files and shared memory. What both have is Glotmill, Python and the model's
files.

Prints a JSON object: the machines that worked, the attempts that failed, the shards that the second machine made.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.faults.launcher import descendants

HEAD, OTHER = "10.77.0.1", "10.77.0.2"
NAMES = ("glotmill-one", "glotmill-two")
PORT = 6399
START = f"{sys.executable} -m ray.scripts.scripts start --num-cpus 1 --disable-usage-stats --block"
HIDDEN = "mount -t tmpfs none /tmp && mount -t tmpfs none /dev/shm && mkdir -p $RAY_TMPDIR"


def in_machine(number: int, command: str) -> subprocess.Popen[bytes]:
    """Start a shell command in a machine."""
    words = ["ip", "netns", "exec", NAMES[number], "unshare", "-m", "sh", "-c", command]
    return subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)


@contextmanager
def machines() -> Iterator[subprocess.Popen[bytes]]:
    """Two machines with a wire between them and a Ray node each; the second one's process."""
    steps = [f"netns add {name}" for name in NAMES]
    steps.append(f"link add gm0 netns {NAMES[0]} type veth peer name gm1 netns {NAMES[1]}")
    for number, address in enumerate((HEAD, OTHER)):
        steps += [f"-n {NAMES[number]} addr add {address}/24 dev gm{number}"]
        steps += [f"-n {NAMES[number]} link set {link} up" for link in (f"gm{number}", "lo")]
    _remove()
    for step in steps:
        subprocess.run(["ip", *step.split()], check=True)
    started: list[subprocess.Popen[bytes]] = []
    with TemporaryDirectory(prefix="gm") as files:
        os.environ |= {"RAY_TMPDIR": files, "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
        try:
            started.append(in_machine(0, f"{START} --head --node-ip-address {HEAD} --port {PORT}"))
            await_nodes(1)
            started.append(in_machine(1, f"{HIDDEN} && {START} --address {HEAD}:{PORT} --node-ip-address {OTHER}"))
            await_nodes(2)
            yield started[1]
        finally:
            for process in started:
                kill(process.pid)
            _remove()


def await_nodes(count: int) -> None:
    """Wait until so many nodes are there."""
    look = f"import ray; ray.init('{HEAD}:{PORT}', log_to_driver=False); print(sum(n['Alive'] for n in ray.nodes()))"
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        words = ["ip", "netns", "exec", NAMES[0], sys.executable, "-c", look]
        found = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.split()
        if found and int(found[-1]) >= count:
            return
    raise TimeoutError(f"{count} Ray nodes are not there after two minutes")


def kill(pid: int) -> None:
    """Kill a machine's processes, all at once."""
    for each in [pid, *(found for found, _ in descendants(pid))]:
        try:
            os.kill(each, signal.SIGKILL)
        except ProcessLookupError:
            continue


def _remove() -> None:
    for name in NAMES:
        subprocess.run(["ip", "netns", "del", name], stderr=subprocess.DEVNULL)


def build_on_both(recipe: str, folder: Path, kill_at: str, other: int) -> dict[str, Any]:
    """Build in the first machine, with a worker on each, until the second one dies; both pack."""
    import ray

    from glotmill.engine.commands import make_windows
    from glotmill.engine.commands.build import build
    from glotmill.engine.commands.job import prepare
    from glotmill.engine.commands.load_recipe import load_recipe
    from glotmill.engine.memory.translations import Memory
    from glotmill.engine.records import build_shards
    from glotmill.engine.runs.progress import ProgressReport

    commits = 0
    machines: set[str] = set()
    commit = Memory.commit

    def wrapped(self: Memory, entries: Any) -> Any:
        nonlocal commits
        made = commit(self, entries)
        commits += 1
        if commits == (3 if kill_at == "pack" else int(kill_at)):
            from ray.util.state import list_actors

            addresses = {node["NodeID"]: node["NodeManagerAddress"] for node in ray.nodes()}
            machines.update(addresses[each.node_id] for each in list_actors(filters=[("state", "=", "ALIVE")]))
            if kill_at != "pack":
                kill(other)
        return made

    def kept(work: Any, group: Any, sent: Any) -> Any:
        came.append(len(group))
        if kill_at == "pack" and len(came) == 1:
            kill(other)
        return steps.write(work, group, sent)

    Memory.commit = wrapped  # type: ignore[method-assign]
    build_shards.FINISHED_TOGETHER = 10
    make_windows.FEWEST_APART = 0
    steps, came = make_windows.BUILD_GROUP, list[int]()
    make_windows.BUILD_GROUP = replace(steps, write=kept)
    address = f"{HEAD}:{PORT}"
    job = prepare(load_recipe(recipe), out=folder / "out", memory=folder / "memory", ray_address=address)
    summary = build(job, ProgressReport())
    events = [json.loads(line) for log in folder.glob("out/runs/*/events.jsonl") for line in log.open()]
    return {
        "commits": commits,
        "machines": sorted(machines),
        "failed_attempts": [event["reason"] for event in events if event["event"] == "attempt_failed"],
        "failed_records": summary.failed,
        "shards_from_the_other": sum(came),
        "shards": sum(1 for _ in (folder / "out/dataset/data").rglob("*.parquet")),
    }


def main() -> None:
    """Make the machines and build in the first, or be the build in it."""
    recipe, folder, kill_at, *other = sys.argv[1:]
    if other:
        print(json.dumps(build_on_both(recipe, Path(folder), kill_at, int(other[0]))))
        return
    with machines() as second:
        inside = [sys.executable, "-m", "tests.faults.two_machines", recipe, folder, kill_at, str(second.pid)]
        done = subprocess.run(["ip", "netns", "exec", NAMES[0], *inside])
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
