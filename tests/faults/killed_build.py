"""A build that a SIGKILL ends, for tests of what the next one makes of it."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from tests.faults.trials import ROOT


def kill_build(recipe: Path, out: Path, memory: Path, event: str, number: int) -> None:
    """Build in a process that is killed at an event, and check that it was, before any dataset stood.

    Args:
        recipe: The recipe's file.
        out: The build's folder.
        memory: The memory's folder.
        event: As `tests.faults.launcher` names it.
        number: Which of these events.
    """
    marker = out.with_name(f"{out.name}.marker")
    command = ["build", str(recipe), "--out", str(out), "--memory", str(memory), "--workers", "0"]
    launcher = [sys.executable, "-m", "tests.faults.launcher", event, str(number), str(marker)]
    killed = subprocess.run([*launcher, *command], cwd=ROOT, capture_output=True, check=False)
    assert (killed.returncode, marker.exists()) == (-signal.SIGKILL, True)
    assert not (out / "dataset" / "manifest.json").exists()
