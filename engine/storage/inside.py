"""Files below a folder, by names that came from outside: whatever links lie there, nothing outside of it is opened."""

from __future__ import annotations

import os
from pathlib import Path


def file_inside(folder: Path, name: str) -> Path | None:
    """The file that a name leads to, all links followed; None where it leads out of the folder.

    The folder itself may be a link. The file need not be there.

    Raises:
        ValueError: No file can have this name.
    """
    file = Path(os.path.normpath(folder / name))
    real = Path(os.path.realpath(file))
    inside = file.is_relative_to(os.path.normpath(folder)) and real.is_relative_to(os.path.realpath(folder))
    return real if inside else None
