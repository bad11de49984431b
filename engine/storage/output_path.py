"""Finding out before any work whether something can be written at a path that a user named."""

from __future__ import annotations

import os
from pathlib import Path

from glotmill.schemas.errors import InputError, one_line, shortened


def check_new_folder(path: Path, option: str = "") -> None:
    """Find a folder to be there, or to be one that can be made.

    Args:
        path: The folder.
        option: The option that named it, for the message.

    Raises:
        InputError: A file or a dead link is in the way, or no folder can be made there.
    """
    place, named = _nearest(path, option)
    if place == path.absolute() and place.is_file():
        msg = f"{named}: expected a folder, found a file"
        raise InputError(msg)
    _check_above(place, path, named)


def check_new_file(path: Path, option: str = "") -> None:
    """Find a path to be one that a file can be written to, in a folder that is there or can be made.

    Args:
        path: The file. A file or a dead link of this name will give way to it.
        option: The option that named it, for the message.

    Raises:
        InputError: It is a folder, a file or a dead link is in the way, or no file can have this name.
    """
    place, named = _nearest(path, option)
    if place != path.absolute():
        _check_above(place, path, named)
    elif place.is_dir():
        msg = f"{named}: expected the name of a file to write, found a folder"
        raise InputError(msg)


def _nearest(path: Path, option: str) -> tuple[Path, str]:
    """(what is there of a path and those above it, be it a dead link; the path's name in messages)."""
    named = f"{option} {shortened(str(path))}".strip()
    for place in (path.absolute(), *path.absolute().parents):
        try:
            place.lstat()
        except (FileNotFoundError, NotADirectoryError):
            continue
        except (OSError, ValueError) as error:  # a name that is too long, a loop of links
            why = error.strerror if isinstance(error, OSError) else one_line(error)
            msg = f"{named}: nothing can be written there: {why}; name another place"
            raise InputError(msg) from None
        return place, named
    return Path("/"), named


def _check_above(place: Path, path: Path, named: str) -> None:
    """Find what is there of a path to be a folder, into which the rest can be written."""
    if not place.exists():
        msg = f"{named}: {place} is a link to {place.readlink()}, which is not there; name another place"
    elif not place.is_dir():
        msg = f"{named}: {place} is a file, so there can be nothing below it; name another place"
    elif place != path.absolute() and not os.access(place, os.W_OK | os.X_OK):
        msg = f"{named}: nothing may be written into {place}; name another place"
    else:
        return
    raise InputError(msg)
