"""A verification and a refilter on two machines that share nothing but a wire, one of which dies in the middle.

``python -m tests.faults.shards_on_two_machines BUILD DAMAGED RULE``, as root on Linux: DAMAGED is verified, then RULE
is set in BUILD, the second machine is killed once it has made a shard, and the one that is left verifies BUILD. The
machines are those of `tests.faults.two_machines`: the second one sees neither folder.

Prints a JSON object: what was found in DAMAGED and in BUILD, the shards that the second machine was sent before it was
killed, those that it made, and those that were written.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import astuple, replace
from pathlib import Path
from typing import Any

from tests.faults.two_machines import HEAD, NAMES, PORT, kill, machines


def work_on_both(build: Path, damaged: Path, rule: str, other: int) -> dict[str, Any]:
    """Verify and refilter in the first machine, with tasks on both until the second one dies."""
    from glotmill.engine.commands.refilter import refilter
    from glotmill.engine.commands.verify.verify_dataset import verify
    from glotmill.engine.records import rejudge_tasks
    from glotmill.engine.report import page
    from glotmill.engine.runs.progress import ProgressReport
    from glotmill.engine.workers import sent_shard

    sent, read, steps, came = [], sent_shard.read_files, rejudge_tasks.REWRITE, list[str]()

    def counted(dataset: Path, places: Any) -> Any:
        sent.extend(places)
        return read(dataset, places)

    def kept(rewriting: Any, verdict: Any, made: Any) -> Any:
        came.append(verdict.shard.path)
        if len(came) == 1:
            kill(other)
        return steps.write(rewriting, verdict, made)

    sent_shard.read_files = counted
    rejudge_tasks.REWRITE = replace(steps, write=kept)
    page.FEWEST_SENT = 0
    address = f"{HEAD}:{PORT}"
    found = verify(damaged, ProgressReport(), deep=True, ray_address=address)
    checked_elsewhere = len(sent)
    done = refilter(build, overrides=(rule,), ray_address=address)
    left = verify(build, ProgressReport(), deep=True, ray_address=address)
    return {
        "damaged": [astuple(problem) for problem in found.problems],
        "left": [astuple(problem) for problem in left.problems],
        "checked_elsewhere": checked_elsewhere,
        "made_elsewhere": len(came),
        "written": done.rewritten,
        "flipped": done.flipped,
    }


def main() -> None:
    """Make the machines and work in the first, or be the work in it."""
    build, damaged, rule, *other = sys.argv[1:]
    if other:
        print(json.dumps(work_on_both(Path(build), Path(damaged), rule, int(other[0]))))
        return
    with machines() as second:
        inside = [sys.executable, "-m", "tests.faults.shards_on_two_machines", build, damaged, rule, str(second.pid)]
        done = subprocess.run(["ip", "netns", "exec", NAMES[0], *inside])
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
