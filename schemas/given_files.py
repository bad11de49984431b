"""Text files that a recipe names beside its data: tables, banks, templates, calibrations.

Guarantees: what is read is a regular file of bounded size in UTF-8; anything else is one `InputError` that names the
key and the file. A pipe or a device is never opened, so that no command waits for one.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import yaml

from glotmill.schemas.errors import InputError, one_line, shortened
from glotmill.schemas.plain_yaml import load_plain, unstorable

MAX_BYTES = 64 << 20  # the largest table that a paper recipe names has 3 MB
MAX_CELL = 131_072  # characters: the limit of the csv module


def given_text(key: str, path: Path, expected: str) -> str:
    """The text of a file that a recipe names.

    Args:
        key: The recipe's key.
        path: The file.
        expected: What it should be, for the message.

    Raises:
        InputError: It is not there, no regular file, too large, or not UTF-8.
    """
    try:
        if not path.is_file():
            found = "is no regular file" if path.exists() else "does not exist"
            msg = f"{key}: {shortened(str(path))} {found}; expected {expected}"
            raise InputError(msg)
        size = path.stat().st_size
        if size > MAX_BYTES:
            msg = f"{key}: {shortened(str(path))} has {size:,} bytes, the limit is {MAX_BYTES:,}; expected {expected}"
            raise InputError(msg)
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else one_line(error)
        msg = f"{key}: {shortened(str(path))} cannot be read: {reason}; expected {expected}"
        raise InputError(msg) from None


def given_yaml(key: str, path: Path, expected: str) -> Any:
    """The content of a YAML file that a recipe names.

    Raises:
        InputError: As `given_text`; or it is not YAML, or holds what no table can.
    """
    text = given_text(key, path, expected)
    try:
        content = load_plain(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        msg = f"{key}: {path}: not usable YAML: {shortened(one_line(error))}; expected {expected}"
        raise InputError(msg) from None
    if bad := next(unstorable(content), None):
        msg = f"{key}: {path}: {shortened(bad)}"
        raise InputError(msg)
    return content


def given_table(
    key: str, path: Path, expected: str, *, comments: bool = True, delimiter: str = "\t"
) -> list[list[str]]:
    """The rows of a table that a recipe names, cells without quotes.

    Args:
        key: The recipe's key.
        path: The file.
        expected: What it should be, for the message.
        comments: Whether lines that begin with ``#`` are no rows, nor are empty ones.
        delimiter: What parts the cells.

    Raises:
        InputError: As `given_text`; or a cell is too long.
    """
    lines = given_text(key, path, expected).splitlines()
    lines = [line for line in lines if not (comments and line.startswith("#"))]
    try:
        rows = list(csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE))
    except csv.Error as error:
        msg = f"{key}: {path}: {error}; a cell has at most {MAX_CELL:,} characters"
        raise InputError(msg) from None
    return [row for row in rows if row or not comments]
