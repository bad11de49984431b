"""Trials: a build with one fault, resumed until it is done, compared byte for byte with an undisturbed one."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import yaml

from tests.faults.launcher import WINDOW, descendants

ROOT = Path(__file__).resolve().parent.parent.parent
MAX_RUNS = 6
EMBEDDED = {"engine": "nllb", "model": "embedded", "beam_size": 2, "batch_tokens": 512, "unit_tokens": 2048}
FAKE = {"engine": "fake", "batch_sensitive": True, "batch_tokens": 512, "unit_tokens": 2048}
# By the name of the trials; those of ``windows`` have windows of so many records.
ENGINES: dict[str, dict[str, Any]] = {"embedded": EMBEDDED, "fake": FAKE, "windows": FAKE}
WINDOW_RECORDS = "100"
LANGUAGES = ["deu_Latn", "fra_Latn", "ces_Latn"]
DRIVER_EVENTS = ("commit", "write")
RAY_EVENTS = ("commit", "write", "batch", "actor", "raylet", "start")
AT_RANDOM = "moment"


def write_recipe(folder: Path, engine: dict[str, Any], segments: int) -> Path:
    """A recipe of captions, all different, that asks for about so many segments over all languages."""
    words = itertools.product(
        ["A", "The", "One", "Some"],
        ["small", "old", "young", "tall", "happy", "wet"],
        ["dog", "man", "woman", "child", "horse", "girl", "boy", "player"],
        ["runs", "sits", "stands", "sleeps", "plays"],
        ["on the grass", "at the beach", "near a red car", "in the snow with two friends and a ball"],
    )
    captions = list(words)
    random.Random(0).shuffle(captions)
    rows = [
        {"id": str(i), "task": "caption", "image": f"{i}.jpg", "caption": " ".join(caption) + "."}
        for i, caption in enumerate(captions[: -(-segments // len(LANGUAGES))])
    ]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "captions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    recipe = {
        "name": "soak",
        "sources": {"captions": {"format": "jsonl", "path": "captions.jsonl", "license": "cc0-1.0"}},
        "languages": LANGUAGES,
        "translate": engine,
        "templates": {"instruction": "target"},
        "score": {"scorers": ["integrity", "language_id", "nmt", "round_trip", "cross_entropy"]},
        "max_failed": 1,
    }
    (folder / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    return folder / "recipe.yaml"


def content(dataset: Path) -> dict[str, str]:
    """Checksum by file."""
    return {
        path.relative_to(dataset).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(dataset.rglob("*"))
        if path.is_file()
    }


@dataclass(frozen=True, slots=True)
class Fault:
    """What is killed when.

    Attributes:
        event: An event of the launcher, or `AT_RANDOM`.
        n: Its n-th time; for `AT_RANDOM` milliseconds after the start.
        workers: Of the build; 0 is without Ray.
        victim: For `AT_RANDOM`, chooses among the driver and the processes it started.
    """

    event: str
    n: int
    workers: int
    victim: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a trial ended.

    Attributes:
        fault: The fault.
        happened: Whether anything was killed.
        runs: Runs until the build was done, the first one included.
        killed: What was killed, for people.
        same: Whether the dataset is the undisturbed one, byte for byte.
        translated: Segments sent to the engine by the last run.
    """

    fault: Fault
    happened: bool
    runs: int
    killed: str
    same: bool
    translated: int


class Trials:
    """Trials of one engine in a folder; the undisturbed build is made first.

    Attributes:
        counts: How often each event comes in an undisturbed build.
        seconds: How long an undisturbed build takes, by its number of workers.
    """

    def __init__(self, folder: Path, engine: str, segments: int) -> None:
        self.folder = folder
        self.engine = engine
        self.recipe = write_recipe(folder, ENGINES[engine], segments)
        self.seconds: dict[int, float] = {}
        found = []
        for workers in (0, 2):
            began = time.monotonic()
            first = self._run(self.folder / f"whole{workers}", Fault("none", 0, workers))
            self.seconds[workers] = time.monotonic() - began
            if first.returncode:
                raise RuntimeError(first.stderr.decode())
            found.append(content(self.folder / f"whole{workers}/out/dataset"))
        several = len(list((self.folder / "whole2/out/runs").glob("*/windows/*"))) > 3
        if several != (engine == "windows"):
            raise RuntimeError("the build has not the windows that its name says")
        if found[0] != found[1]:
            raise RuntimeError("inline and Ray differ")
        self.expected = found[0]
        self.summary = orjson.loads(first.stdout.splitlines()[-1])
        events = [
            orjson.loads(line)
            for log in (self.folder / "whole2/out/runs").glob("*/events.jsonl")
            for line in log.read_bytes().splitlines()
        ]
        commits = sum(event["event"] == "unit_done" for event in events)
        units = (self.folder / "whole2/out/runs").rglob("units-*.parquet")
        batches = sum(pl.read_parquet(path)["batch"].n_unique() for path in units)
        self.counts = {
            "commit": commits, "actor": commits, "raylet": commits,
            "write": commits + 10,  # beside memory files: plan, units, asked, intent, every file that is moved
            "start": 1,
            "batch": max(1, batches // 3),  # of one actor of two, which sees about half of them
        }  # fmt: skip

    def fault(self, rng: random.Random, event: str, workers: int) -> Fault:
        """A fault of a kind, at a moment that the generator picks."""
        if event == AT_RANDOM:
            return Fault(event, rng.randrange(int(self.seconds[workers] * 1000)), workers, rng.randrange(1000))
        return Fault(event, rng.randint(1, self.counts[event]), workers)

    def run(self, number: int, fault: Fault) -> Outcome:
        """One trial: the build with its fault, then without until it is done."""
        folder = self.folder / f"trial{number}"
        first = self._run(folder, fault)
        killed = first.killed if fault.event == AT_RANDOM else fault.event
        happened = bool(first.killed) if fault.event == AT_RANDOM else (folder / "marker").exists()
        runs, last = 1, first
        while last.returncode and runs < MAX_RUNS:
            last = self._run(folder, Fault("none", 0, fault.workers))
            runs += 1
        dataset = folder / "out/dataset"
        same = last.returncode == 0 and content(dataset) == self.expected
        translated = 0
        if last.returncode == 0:
            summary = orjson.loads(last.stdout.splitlines()[-1])
            translated = summary["segments"]["translated"] + summary["back_translation"]["translated"]
        outcome = Outcome(fault, happened, runs, killed, same, translated)
        if same:
            shutil.rmtree(folder)
        else:
            (folder / "stderr.txt").write_bytes(last.stderr)
        return outcome

    def _run(self, folder: Path, fault: Fault) -> Ended:
        folder.mkdir(parents=True, exist_ok=True)
        event = "none" if fault.event == AT_RANDOM else fault.event
        command = [
            sys.executable, "-m", "tests.faults.launcher", event, str(fault.n), str(folder / "marker"), "build",
            str(self.recipe), "--out", str(folder / "out"), "--memory", str(folder / "memory"),
            "--workers", str(fault.workers), "--json",
        ]  # fmt: skip
        small = {WINDOW: WINDOW_RECORDS} if self.engine == "windows" else {}
        process = subprocess.Popen(
            command, cwd=ROOT, env=os.environ | small, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            start_new_session=True,
        )  # fmt: skip
        killed = self._kill_at_random(process, fault) if fault.event == AT_RANDOM else ""
        watched: list[int] = []
        while process.poll() is None:
            watched = [pid for pid, _ in descendants(process.pid)] or watched
            try:
                process.wait(timeout=0.5)
            except subprocess.TimeoutExpired:
                continue
        _end(watched)
        stdout, stderr = process.communicate()
        return Ended(process.returncode, stdout, stderr, killed)

    @staticmethod
    def _kill_at_random(process: subprocess.Popen[bytes], fault: Fault) -> str:
        try:
            process.wait(timeout=fault.n / 1000)
        except subprocess.TimeoutExpired:
            victims = [(process.pid, "driver"), *descendants(process.pid)]
            pid, name = victims[fault.victim % len(victims)]
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                return ""
            return name[:60]
        return ""


@dataclass(frozen=True, slots=True)
class Ended:
    """A run that has ended."""

    returncode: int
    stdout: bytes
    stderr: bytes
    killed: str


def _end(pids: list[int]) -> None:
    """Give what a dead driver left behind a moment to end by itself, then end it."""
    deadline = time.monotonic() + 3
    while time.monotonic() < deadline and any(Path(f"/proc/{pid}").exists() for pid in pids):
        time.sleep(0.1)
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
