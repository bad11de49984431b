"""Publications and pulls in processes that get a SIGKILL before each of their writes: on a disk, on S3, at the Hub."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from tests.faults.publications import FolderTrials, HubTrials, PullTrials, Trial, killed_at_writes
from tests.faults.refilters import THRESHOLD
from tests.faults.trials import FAKE, LANGUAGES, ROOT, write_recipe
from tests.hub import StandInHub
from tests.s3 import new_bucket, s3_server


class Glotmill:
    """Runs the command in a process of its own, with a SIGKILL before its n-th write.

    Args:
        folder: Where it notes that the kill happened.
        environment: Settings beside those of this process.
    """

    def __init__(self, folder: Path, environment: dict[str, str] | None = None) -> None:
        self._marker = folder / "marker"
        self._environment = os.environ | (environment or {})

    def __call__(self, command: list[str], n: int) -> bool:
        self._marker.unlink(missing_ok=True)
        launcher = [sys.executable, "-m", "tests.faults.launcher", "write" if n else "none", str(n), str(self._marker)]
        done = subprocess.run([*launcher, *command], cwd=ROOT, env=self._environment, capture_output=True)
        killed = self._marker.exists()
        if done.returncode and not killed:
            raise RuntimeError(done.stderr.decode())
        return killed


def soak_publications(folder: Path) -> dict[str, Any]:
    """Kills of publications; what readers found after each, by place."""
    builds = _two_versions(folder)
    disk = FolderTrials(str(folder / "disk"), builds, Glotmill(folder))
    killed: dict[str, Counter[str]] = {}
    for name in ("first", "second", "back"):
        killed[f"disk, {name}"] = _say(f"disk, {name}", getattr(disk, name)(), Glotmill(folder))
    with s3_server() as settings:
        os.environ.update(settings)
        s3 = FolderTrials(new_bucket(), builds, Glotmill(folder))
        killed["S3, second"] = _say("S3, second", s3.second(), Glotmill(folder))
    with StandInHub() as hub:
        run = Glotmill(folder, {"HF_ENDPOINT": hub.url, "HF_TOKEN": hub.token, "HF_HUB_DISABLE_XET": "1"})
        trials = HubTrials(hub, builds, run)
        for name in ("first", "second"):
            killed[f"Hub, {name}"] = _say(f"Hub, {name}", getattr(trials, name)(), run)
    return _figures(killed)


def soak_pulls(folder: Path) -> dict[str, Any]:
    """Kills of pulls; what a reader found in the folder after each."""
    run = Glotmill(folder)
    trials = PullTrials(folder, _two_versions(folder), run)
    return _figures({name: _say(f"pull, {name}", getattr(trials, name)(), run) for name in ("first", "second")})


def _two_versions(folder: Path) -> tuple[Path, Path]:
    """A build, and a copy of it under other rules."""
    run = Glotmill(folder)
    recipe = write_recipe(folder, FAKE, 150)
    pack = ["--set", f"pack={{shard_rows: {150 // len(LANGUAGES) // 2}, row_group_rows: 10}}"]
    old, new = folder / "old", folder / "stricter"
    run(["build", str(recipe), "--out", str(old), "--memory", str(folder / "memory"), "--workers", "0", *pack], 0)
    shutil.copytree(old, new)
    run(["refilter", str(new), "--set", THRESHOLD], 0)
    return old, new


def _say(name: str, trial: Trial, run: Glotmill) -> Counter[str]:
    found = killed_at_writes(trial, run)
    print(f"{name}: {found.total()} kills, {dict(found)}", file=sys.stderr, flush=True)
    return found


def _figures(killed: dict[str, Counter[str]]) -> dict[str, Any]:
    left = sum(killed.values(), Counter[str]())
    return {
        "kills": left.total(),
        "by_place": {name: found.total() for name, found in killed.items()},
        "left": dict(sorted(left.items())),
    }
