"""Publications and pulls that are killed before each of their writes: what readers find then, and the next run's end.

A trial knows nothing of how a command is killed: in the soak with a SIGKILL, in the test suite by an exception.
"""

from __future__ import annotations

import copy
import itertools
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from glotmill.engine.dataset.commit import recover
from glotmill.engine.storage.folder import Folder
from glotmill.schemas.keys import bytes_sha256
from tests.faults.trials import content
from tests.hub import StandInHub

OLD, NEW = "old", "new"
Run = Callable[[list[str], int], bool]
"""Runs ``glotmill`` with these arguments and kills it before its n-th write, or never for 0; whether it was killed.

Raises where the command ends in an error of its own.
"""


@dataclass(frozen=True, slots=True)
class Trial:
    """A command that is killed, on a fresh copy of what it works on.

    Attributes:
        command: Its arguments.
        prepare: Makes everything be as it was before the command.
        found: What readers find: ``old``, ``new``, or what is wrong.
        left: All that the command leaves, to be compared.
    """

    command: list[str]
    prepare: Callable[[], None]
    found: Callable[[], str]
    left: Callable[[], Any]


def killed_at_writes(trial: Trial, run: Run, writes: Iterable[int] | None = None) -> Counter[str]:
    """What readers found after each kill; ``DIFFERENT`` where the command, run again, left something else.

    Args:
        trial: The command, and what it works on.
        run: Runs it.
        writes: Before which writes it is killed, ascending; before each without it.
    """
    trial.prepare()
    run(trial.command, 0)
    expected = trial.left()
    found: Counter[str] = Counter()
    for n in writes or itertools.count(1):
        trial.prepare()
        if not run(trial.command, n):
            break
        readers = trial.found()
        run(trial.command, 0)
        same = trial.left() == expected and trial.found() == NEW
        found[readers if same else f"DIFFERENT after write {n}"] += 1
    return found


class FolderTrials:
    """Trials of a folder of versions.

    Args:
        url: Where there is room for folders: on a disk, or at an object store.
        builds: The builds that are published as versions 1 and 2.
        run: Runs a command.
    """

    def __init__(self, url: str, builds: tuple[Path, Path], run: Run) -> None:
        self.old, self.new = builds
        self.place = f"{url}/place"
        self._run = run
        self._states: list[dict[str, bytes]] = [{}]
        self._cards: list[bytes | None] = [None]
        for build in builds:
            run(["publish", str(build), "--to", self.place, "--tag", f"v{len(self._states)}"], 0)
            self._states.append(everything(self.place))
            self._cards.append(self._states[-1]["README.md"])

    def first(self) -> Trial:
        """The first publication into a new folder."""
        return self._trial(["publish", str(self.old), "--to", self.place, "--tag", "v1"], 0, self._cards[1])

    def second(self) -> Trial:
        """A publication over another version."""
        return self._trial(["publish", str(self.new), "--to", self.place, "--tag", "v2"], 1, self._cards[2])

    def back(self) -> Trial:
        """A return to the version before."""
        command = ["rollback", "v1", "--to", self.place]
        return self._trial(command, 2, self._cards[1])

    def _trial(self, command: list[str], before: int, card: bytes | None) -> Trial:
        def found() -> str:
            files = everything(self.place)
            shown = files.get("README.md")
            if shown is not None and (wrong := unreadable(files)):
                return wrong
            return OLD if shown == self._cards[before] else NEW if shown == card else "ANOTHER CARD"

        return Trial(command, lambda: fill(self.place, self._states[before]), found, lambda: everything(self.place))


def everything(url: str) -> dict[str, bytes]:
    """All files of a folder that are not hidden, by name."""
    folder = Folder(url)
    if folder.path is not None:
        names = [path.relative_to(folder.path).as_posix() for path in folder.path.rglob("*") if path.is_file()]
    else:
        names = [name.removeprefix(f"{folder._root}/") for name in folder._fs.find(folder._root)]
    return {name: folder.read(name) for name in sorted(names) if not name.rpartition("/")[2].startswith(".")}


def fill(url: str, files: dict[str, bytes]) -> None:
    """Make a folder hold these files and no others."""
    folder = Folder(url)
    if folder.path is not None:
        shutil.rmtree(folder.path, ignore_errors=True)
    for name in everything(url).keys() - files.keys():
        folder.delete(name)
    for name, data in files.items():
        folder.overwrite(name, data)


def unreadable(files: dict[str, bytes]) -> str | None:
    """What is wrong with the files that the card at the top names."""
    for name in set(re.findall(r"[\w./-]+\.parquet", files["README.md"].decode())):
        if name not in files or not name.endswith(f"-{bytes_sha256(files[name])[:12]}.parquet"):
            return f"{name} IS NOT WHAT THE CARD NAMES"
    return None


class HubTrials:
    """Trials of a repository of the stand-in Hub."""

    def __init__(self, hub: StandInHub, builds: tuple[Path, Path], run: Run) -> None:
        self.hub, (self.old, self.new) = hub, builds
        command = self._command(self.old, "v1")
        run(command, 0)
        self._repository = copy.deepcopy(hub.repositories["org/set"])

    def first(self) -> Trial:
        """The first publication, which makes the repository."""
        return Trial(
            self._command(self.old, "v1"), lambda: self._prepare(None), lambda: self._found({}, self.old), self._left
        )

    def second(self) -> Trial:
        """A publication over another version."""
        old = content(self.old / "dataset")
        command = self._command(self.new, "v2")
        return Trial(command, lambda: self._prepare(self._repository), lambda: self._found(old, self.new), self._left)

    @staticmethod
    def _command(build: Path, tag: str) -> list[str]:
        return ["publish", str(build), "--to", "hf://datasets/org/set", "--tag", tag, "--skip-rows"]

    def _prepare(self, repository: Any) -> None:
        self.hub.stored.clear()
        self.hub.repositories.clear()
        if repository is not None:
            self.hub.repositories["org/set"] = copy.deepcopy(repository)

    def _files(self, oid: str) -> dict[str, str]:
        files = self.hub.repository("org/set").at(oid).files
        return {path: file.sha256 for path, file in files.items() if path != ".gitattributes"}

    def _found(self, old: dict[str, str], build: Path) -> str:
        files = self._files("main") if "org/set" in self.hub.repositories else {}
        return OLD if files == old else NEW if files == content(build / "dataset") else "OTHER FILES"

    def _left(self) -> Any:
        repository = self.hub.repository("org/set")
        tags = {name: self._files(oid) for name, oid in repository.tags.items()}
        return self._files("main"), len(repository.history()), tags


class PullTrials:
    """Trials of a folder that a dataset is pulled into."""

    def __init__(self, folder: Path, builds: tuple[Path, Path], run: Run) -> None:
        self.place, self.pulled, self.before = (str(folder / name) for name in ("from", "pulled", "before"))
        for tag, build in zip((OLD, NEW), builds, strict=True):
            run(["publish", str(build), "--to", self.place, "--tag", tag], 0)
        self._states: dict[str, Any] = {}
        for tag in (OLD, NEW):
            shutil.rmtree(self.pulled, ignore_errors=True)
            run(self._command(tag), 0)
            self._states[tag] = self._left()
            if tag == OLD:
                shutil.copytree(self.pulled, self.before)

    def first(self) -> Trial:
        """A pull into a new folder."""
        return Trial(self._command(NEW), lambda: self._prepare(again=False), lambda: self._found({}), self._left)

    def second(self) -> Trial:
        """A pull into the folder of an earlier one."""
        old = self._states[OLD]
        return Trial(self._command(NEW), lambda: self._prepare(again=True), lambda: self._found(old), self._left)

    def _command(self, tag: str) -> list[str]:
        return ["pull", f"{self.place}@{tag}", self.pulled, "--all"]

    def _prepare(self, *, again: bool) -> None:
        shutil.rmtree(self.pulled, ignore_errors=True)
        if again:
            shutil.copytree(self.before, self.pulled)

    def _found(self, old: dict[str, str]) -> str:
        recover(Path(self.pulled))  # as any command does that finds the folder
        left = self._left()
        return OLD if left == old else NEW if left == self._states[NEW] else "OTHER FILES"

    def _left(self) -> dict[str, str]:
        files = content(Path(self.pulled))
        return {name: sha256 for name, sha256 in files.items() if not any(p.startswith(".") for p in name.split("/"))}
