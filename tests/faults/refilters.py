"""Refilters with one SIGKILL each: the dataset is the old one or the new one, and the next command makes it the new."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from glotmill.engine.dataset.commit import recover
from tests.faults.trials import FAKE, LANGUAGES, ROOT, content, write_recipe

THRESHOLD = "filter.nmt.min_logprob=-0.95"


class RefilterTrials:
    """Trials on copies of one build; the undisturbed refilter is made first."""

    def __init__(self, folder: Path, segments: int) -> None:
        self.folder = folder
        recipe = write_recipe(folder, FAKE, segments)
        memory = ["--memory", str(folder / "memory"), "--workers", "0"]
        pack = ["--set", f"pack={{shard_rows: {segments // len(LANGUAGES) // 4}, row_group_rows: 50}}"]
        self._glotmill("none", 0, "build", str(recipe), "--out", str(folder / "base"), *memory, *pack)
        shutil.copytree(folder / "base", folder / "whole")
        began = time.monotonic()
        self._glotmill("none", 0, "refilter", str(folder / "whole"), "--set", THRESHOLD)
        self.seconds = time.monotonic() - began
        self.old, self.new = (content(folder / name / "dataset") for name in ("base", "whole"))
        if self.old == self.new:
            raise RuntimeError("the refilter changes nothing")

    def _glotmill(self, event: str, n: int, *command: str) -> None:
        launcher = [sys.executable, "-m", "tests.faults.launcher", event, str(n), str(self.folder / "marker")]
        done = subprocess.run([*launcher, *command], cwd=ROOT, capture_output=True)
        if event == "none" and done.returncode:
            raise RuntimeError(done.stderr.decode())

    def run(self, fault: Callable[[Path], None]) -> str:
        """One trial: what the kill left, ``old`` or ``new`` once recovered; the next refilter must give the new."""
        build = self.folder / "trial"
        shutil.rmtree(build, ignore_errors=True)
        shutil.copytree(self.folder / "base", build)
        fault(build)
        recover(build)
        left = content(build / "dataset")
        for path in (build / "dataset/data").glob("*/*.parquet"):
            pq.read_table(path)
        self._glotmill("none", 0, "refilter", str(build), "--set", THRESHOLD)
        if content(build / "dataset") != self.new:
            return "DIFFERENT"
        return "old" if left == self.old else "new" if left == self.new else "MIXED"

    def at_write(self, n: int) -> tuple[bool, str]:
        """(whether there was an n-th write, what it left) of a kill before a file gets its name."""
        marker = self.folder / "marker"
        marker.unlink(missing_ok=True)
        left = self.run(lambda build: self._glotmill("write", n, "refilter", str(build), "--set", THRESHOLD))
        return marker.exists(), left

    def at_moment(self, seconds: float) -> str:
        """What a kill after so many seconds left."""

        def kill(build: Path) -> None:
            command = [sys.executable, "-m", "glotmill", "refilter", str(build), "--set", THRESHOLD]
            process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(seconds)
            os.kill(process.pid, signal.SIGKILL)
            process.wait()

        return self.run(kill)


def soak_refilters(folder: Path, segments: int, moments: int, rng: random.Random) -> dict[str, Any]:
    """A kill before every write in turn, and kills at random moments."""
    trials = RefilterTrials(folder, segments)
    left: Counter[str] = Counter()
    n = 1
    while (found := trials.at_write(n))[0]:
        left[found[1]] += 1
        n += 1
    left.update(trials.at_moment(rng.uniform(0.2, trials.seconds)) for _ in range(moments))
    return {"refilters": n - 1 + moments, "writes": n - 1, "left": dict(sorted(left.items()))}
