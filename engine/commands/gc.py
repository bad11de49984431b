"""Garbage collection: what lies in the folders of builds and of a memory that nothing refers to any more.

Guarantees: a build that another command holds is not looked at; nothing that a manifest names, that an unfinished run
needs or that a memory reads is ever garbage; nothing is deleted unless the caller says so.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from glotmill.engine.dataset.commit import LOCK, STAGING, build_lock, recover
from glotmill.engine.dataset.locate import unnamed_files
from glotmill.engine.dataset.manifest import has_manifest, read_manifest
from glotmill.engine.memory.commit_log import UNREADABLE
from glotmill.engine.memory.overview import stores
from glotmill.engine.runs.finished_runs import finished_runs, run_summary
from glotmill.engine.storage.atomic_write import TEMPORARY
from glotmill.engine.storage.folder import Folder
from glotmill.schemas.errors import GlotmillError, InputError

# A memory has no lock: a younger file may be one that a build is writing at this moment.
MIN_AGE_S = 24 * 3600


@dataclass(frozen=True, slots=True)
class Garbage:
    """Something that nothing refers to.

    Attributes:
        path: The file or folder.
        why: What it is.
        bytes: What it takes.
    """

    path: str
    why: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Collection:
    """What was found.

    Attributes:
        garbage: What nothing refers to.
        skipped: Builds that were not looked at, and why.
        deleted: Whether the garbage was deleted.
    """

    garbage: list[Garbage]
    skipped: dict[str, str]
    deleted: bool

    @property
    def bytes(self) -> int:
        """What all of it takes."""
        return sum(item.bytes for item in self.garbage)

    def as_json(self) -> dict[str, Any]:
        """The object that ``--json`` prints."""
        return {**asdict(self), "bytes": self.bytes}


def collect(outputs: Path, *, keep_runs: int = 3, memory: Folder | None = None, delete: bool = False) -> Collection:
    """Find garbage, and delete it on request.

    Args:
        outputs: A folder of builds, or the folder of one.
        keep_runs: Finished runs of each build that stay.
        memory: A memory to look at, too; None looks at none.
        delete: Delete what is found.

    Raises:
        InputError: There is no build, and no memory to look at.
    """
    builds = _builds(outputs)
    if not builds and memory is None:
        msg = f"{outputs}: no build there; name a folder of builds, such as outputs, or the folder of one"
        raise InputError(msg)
    found: list[Garbage] = []
    skipped: dict[str, str] = {}
    for build in builds:
        with ExitStack() as held:
            try:
                held.enter_context(build_lock(build))
                recover(build)
                own = list(_of_build(build, keep_runs))
            except GlotmillError as error:  # held by another command, or damaged: then all of it stays
                skipped[str(build)] = str(error)
                continue
            found += own
            if delete:
                for item in own:
                    _delete(build, Path(item.path))
    if memory is not None:
        found += _of_memory(memory, delete=delete)
    return Collection(found, skipped, delete)


def _builds(outputs: Path) -> list[Path]:
    """The builds in a folder, or the folder where it is one itself."""
    if not outputs.is_dir():
        return []
    folders = [outputs, *sorted(entry for entry in outputs.iterdir() if entry.is_dir() and not entry.is_symlink())]
    found = [f for f in folders if (f / LOCK).is_file() and ((f / "runs").is_dir() or has_manifest(f / "dataset"))]
    return found[:1] if outputs in found else found


def _of_build(build: Path, keep_runs: int) -> Iterator[Garbage]:
    """The garbage of a build that this command holds."""
    if (build / STAGING).is_dir():
        yield _garbage(build / STAGING, "staged by a command that was killed")
    finished = finished_runs(build)
    needed = {*finished[-keep_runs:], *_referred_to(finished)}
    old = [run for run in finished if run not in needed]
    for run in old:
        yield _garbage(run, f"a finished run before the last {keep_runs}")
    for run in needed:
        if (run / "asked").is_dir():
            yield _garbage(run / "asked", "notes of a run that is finished")
    gone = (build / STAGING, *old)
    for path in sorted(build.rglob(".*.tmp")):
        if TEMPORARY.fullmatch(path.name) and path.is_file() and not any(path.is_relative_to(f) for f in gone):
            yield _garbage(path, "half written by a command that was killed")
    if has_manifest(build / "dataset"):
        dataset = build / "dataset"
        manifest = read_manifest(dataset)
        for name in unnamed_files(dataset, manifest.facts, manifest.shards):
            if not TEMPORARY.fullmatch(Path(name).name):
                yield _garbage(dataset / name, "in the dataset, but no manifest names it")


def _referred_to(finished: list[Path]) -> Iterator[Path]:
    """The run that `plan` takes its speed from: the last that translated anything."""
    for run in reversed(finished):
        summary = run_summary(run)
        if any(way and way["translated"] for way in (summary["segments"], summary["back_translation"])):
            yield run
            return


def _of_memory(memory: Folder, *, delete: bool) -> Iterator[Garbage]:
    """What a memory does not read; never an entry in force."""
    for name, files in stores(memory).items():
        folder = files.folder
        leftovers = {file.name: "left by a compaction" for file in files.covered()}
        leftovers |= dict.fromkeys(_abandoned(folder), "half written by a command that was killed")
        for file, why in leftovers.items():
            yield from _of_folder(folder, file, why, delete=delete)
        if name != "corrections":  # what people said cannot be made again
            aside = folder.child(UNREADABLE)
            for file in aside.names():
                yield from _of_folder(aside, file, "unreadable, set aside, and made again since", delete=delete)


def _of_folder(folder: Folder, name: str, why: str, *, delete: bool) -> Iterator[Garbage]:
    try:
        size = folder.size(name)
    except FileNotFoundError:  # another command was faster
        return
    if delete:
        folder.delete(name)
    yield Garbage(folder.location(name), why, size)


def _abandoned(folder: Folder) -> list[str]:
    """Temporary files on a disk that are too old for a writer to be still at work on them."""
    if folder.path is None:
        return []
    names = [name for name in folder.names() if TEMPORARY.fullmatch(name)]
    return [name for name in names if time.time() - (folder.path / name).stat().st_mtime > MIN_AGE_S]


def _garbage(path: Path, why: str) -> Garbage:
    files = [path] if not path.is_dir() else [file for file in path.rglob("*") if not file.is_dir()]
    return Garbage(str(path), why, sum(file.lstat().st_size for file in files))


def _delete(build: Path, path: Path) -> None:
    """Take a file or folder of a build away, and the folders that are empty without it."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    for folder in path.parents:
        if folder == build or any(folder.iterdir()):
            break
        folder.rmdir()
