"""Which reader each source format has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from glotmill.engine.sources.contract import Reader, SourceMember
from glotmill.engine.sources.shared.image_checks import require_libraries
from glotmill.recipes.families import Family
from glotmill.recipes.sections.sources import SourceBase
from glotmill.schemas.errors import InputError
from glotmill.schemas.members import Members, Provider

MEMBERS: Members[SourceMember[Any]] = Members(
    "glotmill.engine.sources",
    "glotmill.sources",
    SourceMember,
    "format",
    order=("jsonl", "parquet", "coco_captions", "gqa", "vqav2", "aokvqa", "llava", "image_text", "lines", "hub"),
)
SOURCES = Family(SourceBase, "format", MEMBERS)


def located(name: str, source: SourceBase) -> SourceBase:
    """The source with everything about it known: its files are there, its revision on the Hub is a commit.

    Raises:
        InputError: A file is missing or cannot be read, or the Hub does not know the dataset.
    """
    for key, path in source.files().items():
        if (found := _unreadable(path)) is not None:
            msg = f"sources.{name}.{key}: {path} {found}: give the file with --set sources.{name}.{key}=FILE"
            raise InputError(msg)
    if source.images.check:
        require_libraries(f"sources.{name}.images.check")
        folder = source.images.folder
        if folder is not None and not folder.is_dir():
            msg = f"sources.{name}.images.folder: {folder} is no folder; expected the one with the image files"
            raise InputError(msg)
    member = MEMBERS.get(SOURCES.name_of(source))
    located: SourceBase = member.located(name, source) if member.located else source
    return located


def _unreadable(path: Path) -> str | None:
    """Why a file cannot be read; None where its first byte can. A pipe is not opened: it might wait for ever."""
    try:
        if not path.is_file():
            return "is a folder" if path.is_dir() else "is no regular file" if path.exists() else "does not exist"
        with path.open("rb") as file:
            file.read(1)
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    return None


def open_source(name: str, source: SourceBase) -> Reader:
    """The reader of a recipe's source, wherever it stands.

    Raises:
        InputError: A file is missing or of another shape than its format, or the Hub does not know the dataset.
    """
    return reader_of(name, located(name, source))


def reader_of(name: str, source: SourceBase) -> Reader:
    """The reader of a located source.

    Raises:
        InputError: A file is of another shape than its format.
    """
    return MEMBERS.get(SOURCES.name_of(source)).reader(name, source)


def provider_of(source: SourceBase) -> Provider | None:
    """The package that a source's format comes from; None for one of ours."""
    return MEMBERS.provider(SOURCES.name_of(source))
