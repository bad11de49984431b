"""Publishing and pulling that are killed at any write: readers find the old version or the new, the next run ends it.

The short version: an exception instead of a SIGKILL; ``python -m tests.faults.soak --only publish`` sends SIGKILLs.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from glotmill.engine.cli.app import app
from tests.faults.publications import NEW, OLD, FolderTrials, HubTrials, PullTrials, killed_at_writes
from tests.faults.writes import before_writes
from tests.hub import StandInHub


class KilledError(BaseException):
    """The kill: nothing in the engine may catch it."""


def run(command: list[str], n: int) -> bool:
    """Runs a command that is killed before its n-th write; it tidies nothing up then."""
    writes = 0

    def count() -> None:
        nonlocal writes
        writes += 1
        if writes == n:
            raise KilledError

    def while_alive(method: Callable[..., None]) -> Callable[..., None]:
        def remove(*arguments: Any, **options: Any) -> None:
            if not n or writes < n:
                method(*arguments, **options)

        return remove

    try:
        with before_writes(count) as patches:
            for owner, name in ((Path, "unlink"), (Path, "rmdir"), (shutil, "rmtree")):
                patches.enter_context(patch.object(owner, name, while_alive(getattr(owner, name))))
            app(command, standalone_mode=False)
    except KilledError:
        return True
    return False


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process is killed here, not a machine: nothing has to reach the disk."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.fixture
def builds(variants: dict[str, Path], tmp_path: Path) -> tuple[Path, Path]:
    found = tuple(tmp_path / name for name in ("base", "stricter"))
    for path in found:
        shutil.copytree(variants[path.name] / "dataset", path / "dataset")
    return found[0], found[1]


# The last writes are the list of the version, LATEST, the card and the tag.
@pytest.mark.parametrize(("which", "writes"), [("first", (1, 8, 14, 16, 17)), ("second", (1, 6, 10, 11, 12, 13))])
def test_a_publication_to_a_disk_killed_at_any_write(which: str, writes, builds: tuple[Path, Path], tmp_path: Path):
    trials = FolderTrials(str(tmp_path / "places"), builds, run)
    assert set(killed_at_writes(getattr(trials, which)(), run, writes)) == {OLD, NEW}


def test_a_return_to_an_older_version_killed_at_any_write(builds: tuple[Path, Path], tmp_path: Path):
    trials = FolderTrials(str(tmp_path / "places"), builds, run)
    assert killed_at_writes(trials.back(), run) == {OLD: 3}  # the list, LATEST and, as the last one, the card


@pytest.mark.long
def test_a_publication_to_s3_killed_at_any_write(builds: tuple[Path, Path], s3_bucket: str):
    trials = FolderTrials(s3_bucket, builds, run)
    assert set(killed_at_writes(trials.second(), run)) == {OLD, NEW}


@pytest.mark.parametrize("which", ["first", "second"])
def test_a_publication_to_the_hub_killed_at_any_write(which: str, hub: StandInHub, builds: tuple[Path, Path]):
    """The last write is the tag, the one before it the commit; shards are noted one by one."""
    trials = HubTrials(hub, builds, run)
    writes = {"first": (1, 4, 9, 15, 16), "second": (1, 4, 10, 11)}[which]
    assert set(killed_at_writes(getattr(trials, which)(), run, writes)) == {OLD, NEW}


@pytest.mark.parametrize(("which", "steps"), [("first", range(1, 9)), ("second", (1, 3))])
def test_a_pull_killed_at_its_start(which: str, steps: Iterable[int], builds: tuple[Path, Path], tmp_path: Path):
    """Killed before each of its first steps, and so after the one before it: a folder, the lock, a file in place."""
    trials = PullTrials(tmp_path, builds, run)
    trial = getattr(trials, which)()
    trial.prepare()
    run(trial.command, 0)
    expected = trial.left()
    for n in steps:
        trial.prepare()
        assert killed_at_step(trial.command, n), n
        assert trial.found() == OLD
        assert not run(trial.command, 0)
        assert (trial.found(), trial.left()) == (NEW, expected), n


def killed_at_step(command: list[str], n: int) -> bool:
    """Runs a command that is killed before the n-th folder or file that it makes; nothing is tidied up then."""
    steps = 0

    def step(method: Callable[..., Any], *, is_step: Callable[..., bool]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            nonlocal steps
            steps += is_step(*arguments, **options)
            if steps >= n:
                raise KilledError
            return method(*arguments, **options)

        return call

    def tidied(method: Callable[..., None]) -> Callable[..., None]:
        return lambda *arguments, **options: method(*arguments, **options) if steps < n else None

    def is_new(folder: Path, *_: Any, **__: Any) -> bool:
        return not folder.exists()

    def writes(_path: Path, mode: str = "r", *_: Any, **__: Any) -> bool:
        return "w" in mode

    changes = [(Path, "mkdir", is_new), (Path, "open", writes)]
    changes += [(owner, name, lambda *_, **__: True) for owner, name in ((Path, "replace"), (os, "link"))]
    with ExitStack() as patches:
        for owner, name, is_step in changes:
            patches.enter_context(patch.object(owner, name, step(getattr(owner, name), is_step=is_step)))
        for owner, name in ((Path, "unlink"), (Path, "rmdir"), (shutil, "rmtree")):
            patches.enter_context(patch.object(owner, name, tidied(getattr(owner, name))))
        try:
            app(command, standalone_mode=False)
        except KilledError:
            return True
    return False


@pytest.mark.parametrize("which", ["first", "second"])
def test_a_pull_killed_at_any_write(which: str, builds: tuple[Path, Path], tmp_path: Path):
    trials = PullTrials(tmp_path, builds, run)
    assert set(killed_at_writes(getattr(trials, which)(), run, range(1, 50, 12))) == {OLD, NEW}
