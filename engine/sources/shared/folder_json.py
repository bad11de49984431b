"""JSON files of a folder that Arrow's parser cannot bear: it would end the process, without a word.

That happens to version 26 at about 30,000 levels of nesting, and where a row is ``null`` itself.
"""

from __future__ import annotations

import re
from pathlib import Path

from glotmill.engine.sources.shared.text_files import opened
from glotmill.schemas.errors import InputError

MAX_LEVELS = 1000
SUFFIXES = (".json", ".jsonl", ".ndjson", ".gz")
CHUNK = 16 << 20  # bytes

_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_OTHERS = bytes(set(range(256)) - set(b"[]{}n"))  # outside of strings, n begins a null


def refuse_unbearable_json(folder: Path, where: str) -> None:
    """Look at the JSON files of a folder before they are parsed.

    Raises:
        InputError: One is nested too deeply, has a row that is null, or stops being readable.
    """
    for path in sorted(folder.rglob("*")):
        if path.suffix in SUFFIXES and path.is_file():
            found = _unbearable(path, where)
            if found is not None:
                msg = f"{where}: {path.name}: {found}; expected rows that are JSON objects"
                raise InputError(msg)


def _unbearable(path: Path, where: str) -> str | None:
    """What is wrong with a file. A string on the edge of a chunk may be miscounted, which takes away few levels."""
    level = 0
    with opened(path, where) as file:
        while chunk := file.read(CHUNK):
            for mark in _STRING.sub(b"", chunk).translate(None, _OTHERS):
                if mark in b"[{":
                    level += 1
                elif mark in b"]}":
                    level = max(level - 1, 0)
                elif level == 0:
                    return "a row that is null"
                if level > MAX_LEVELS:
                    return f"JSON nested more than {MAX_LEVELS:,} levels deep"
    return None
