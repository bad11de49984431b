"""Where a build and its memory lie: the folders that a command names, or their defaults."""

from __future__ import annotations

from pathlib import Path

from glotmill.engine.storage.folder import Folder
from glotmill.engine.storage.output_path import check_new_folder
from glotmill.schemas.errors import InputError


def build_folder(out: str | Path | None, name: str) -> Path:
    """The folder of a build; None is ``outputs/<name>`` in the working directory.

    Raises:
        InputError: It is not local, or holds what is not ours.
    """
    if out is not None and "://" in str(out):
        msg = f"--out {out}: a build's folder is local in this version, whose commits rename files; name a local one"
        raise InputError(msg)
    folder = Path(out or Path("outputs") / name).absolute()
    check_new_folder(folder, "--out")
    ours = (folder / "runs").exists() or (folder / "dataset" / "manifest.json").exists()
    if not ours and any((folder / part).exists() for part in ("dataset", "samples")):
        msg = f"--out {folder}: it holds a dataset/ or samples/ that Glotmill did not make; name another folder"
        raise InputError(msg)
    return folder


def memory_folder(place: str | Path | None) -> Folder:
    """The folder of a memory; None is ``outputs/.memory`` in the working directory."""
    place = place or Path("outputs") / ".memory"
    return Folder(place if "://" in str(place) else Path(place).absolute())


def open_memory(place: str | Path | None) -> Folder:
    """The folder of a memory that will be written to, found usable.

    Raises:
        InputError: It is a file, or a storage that cannot be reached or cannot hold a memory.
    """
    folder = memory_folder(place)
    try:
        folder.check()
    except InputError as error:
        msg = f"--memory {error}"
        raise InputError(msg) from None
    return folder
