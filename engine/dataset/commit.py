"""Committing a build: all of its new files, or none.

Guarantees: everything is written into a staging folder first. An intent file then lists every move and deletion;
only after it is on disk do they happen, each of them repeatable. A kill before the intent leaves the old build;
a kill after it leaves the new one as soon as any command calls `recover`, which all do first.

The lock is ``flock`` itself, not the library filelock. That library only locks a file, and only for one holder. We also
lock a folder for the moment in which a file of it is replaced (`glotmill.engine.storage.folder`), and
``glotmill status`` looks with a shared lock whether a build runs.
"""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Annotated

from pydantic import AfterValidator

from glotmill.engine.dataset.manifest import MANIFEST
from glotmill.engine.storage.atomic_write import sync, write_json
from glotmill.engine.storage.checked import FileModel, parsed
from glotmill.schemas.errors import GlotmillError, InputError

STAGING = ".staging"
WORK = "work"  # a folder in it: what nobody needs any more when the new files are complete
INTENT = ".commit.json"
LOCK = ".lock"


@contextmanager
def build_lock(build: Path) -> Iterator[None]:
    """Hold a build's folder for one command.

    The folder is made for it, and taken away again if it stays empty. The lock's own file is taken away from a folder
    that had none, if nothing else came into it.

    Raises:
        GlotmillError: Another command holds it.
    """
    missing = [folder for folder in (build, *build.parents) if not folder.exists()]
    build.mkdir(parents=True, exist_ok=True)
    before = {entry.name for entry in build.iterdir()}
    path = build / LOCK
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            msg = f"{build} is being built by another command; wait for it or stop it"
            raise GlotmillError(msg) from None
        try:
            yield
        finally:
            left = {entry.name for entry in build.iterdir()} - {LOCK}
            if left == before or not left:
                path.unlink()
                for folder in missing:
                    if not any(folder.iterdir()):
                        folder.rmdir()


@contextmanager
def staging(build: Path) -> Iterator[Path]:
    """An empty folder to write the new files into; it is gone afterwards, committed or not."""
    folder = build / STAGING
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        if not (build / INTENT).exists():
            shutil.rmtree(folder, ignore_errors=True)


def commit(build: Path, folders: tuple[str, ...], *, keep: Iterable[str] = (), delete: Iterable[str] = ()) -> None:
    """Make the staged folders the build's own.

    Args:
        build: The build's folder; its staging folder holds the new files.
        folders: Folders that the staged ones replace whole: what is not staged is deleted from them.
        keep: Files in them that stay as they are though they are not staged.
        delete: Files elsewhere that go.

    Raises:
        InputError: Something else has the name of a file of the build; nothing was moved.
    """
    staged = build / STAGING
    new = sorted(p.relative_to(staged).as_posix() for p in staged.rglob("*") if p.is_file())
    old = {p.relative_to(build).as_posix() for name in folders for p in (build / name).rglob("*") if p.is_file()}
    for name in new:
        _check_way(build, name)
        sync(staged / name)
    write_json(build / INTENT, {"move": new, "delete": sorted({*(old - set(new) - set(keep)), *delete})})
    recover(build)


def _check_way(build: Path, name: str) -> None:
    """Refuse a commit that could not be finished.

    Raises:
        InputError: A folder has the name of a file of the build, or a file that of one of its folders.
    """
    path = build / name
    wrong = [path] if path.is_dir() else []
    wrong += [above for above in path.parents[: len(PurePosixPath(name).parts)] if _is_no_folder(above)]  # build last
    if wrong:
        what = "a folder, where a build has a file" if path.is_dir() else "a file, where a build has a folder"
        msg = f"{wrong[0]}: {what}; remove it and run the same command again"
        raise InputError(msg)


def _is_no_folder(path: Path) -> bool:
    return not path.is_dir() and (path.exists() or path.is_symlink())


def recover(build: Path, *, rewrite: bool = False) -> bool:
    """Finish a commit that a kill interrupted.

    Args:
        build: The build's folder.
        rewrite: All files are about to be rewritten, so a commit that cannot be finished is given up; until they are
            there, what is left is no dataset to any command.

    Returns:
        Whether there was one, and it was finished.

    Raises:
        InputError: The intent is damaged, or names a file that is neither staged nor in place.
    """
    path, manifest = build / INTENT, build / "dataset" / MANIFEST
    if not path.exists():
        return False
    try:
        intent = _intent(path)
    except InputError:
        if not rewrite:
            raise
        intent = None
    lost = [name for name in intent.move if not _either(build, name)] if intent else []
    if intent is None or (lost and rewrite):
        if manifest.exists():
            manifest.unlink()
            sync(manifest.parent)
        _close(build)
        return False
    if lost:
        msg = f"{path} lists {lost[0]}, neither staged nor in place; glotmill build --compact rewrites everything"
        raise InputError(msg)
    entered: set[Path] = set()
    for name in intent.move:
        _check_way(build, name)
        source, target = build / STAGING / name, build / name
        if source.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            source.replace(target)
            entered.add(target.parent)
    for folder in sorted(entered):
        sync(folder)
    for name in intent.delete:
        (build / name).unlink(missing_ok=True)
        _remove_empty(build, (build / name).parent)
    _close(build)
    return True


def _below(name: str) -> str:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts or "\0" in name:
        msg = "expected the path of a file below the build's folder"
        raise ValueError(msg)
    return name


Inside = Annotated[str, AfterValidator(_below)]


class Intent(FileModel):
    """What a commit does to the files of a build: names below its folder."""

    move: list[Inside]
    delete: list[Inside]


def _intent(path: Path) -> Intent:
    what, mend = "the list of files that a commit moves", "glotmill build --compact writes all of them again"
    return parsed(Intent, path.read_bytes(), path, what, mend)


def _either(build: Path, name: str) -> bool:
    """Whether a file is staged, or in place."""
    return (build / STAGING / name).exists() or (build / name).exists()


def _close(build: Path) -> None:
    (build / INTENT).unlink()
    sync(build)
    shutil.rmtree(build / STAGING, ignore_errors=True)


def _remove_empty(build: Path, folder: Path) -> None:
    while folder != build and folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
