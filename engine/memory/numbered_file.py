"""The names of a store's numbered files, and which of them count."""

from __future__ import annotations

import re
from dataclasses import dataclass

import polars as pl

from glotmill.engine.storage.folder import Folder

DIGITS = 8
SPAN = "-"  # between the first and the last number of a compacted file
FILE = "file"  # the column that says where a row was read; it sorts by number
_NAME = re.compile(rf"(\d{{{DIGITS}}})(?:-(\d{{{DIGITS}}}))?\.parquet")


@dataclass(frozen=True, slots=True, order=True)
class NumberedFile:
    """One file and the commits it holds: a single number, or after compaction a range."""

    first: int
    last: int

    @property
    def name(self) -> str:
        """Its name in the folder."""
        span = f"{self.first:0{DIGITS}}"
        span += "" if self.first == self.last else f"{SPAN}{self.last:0{DIGITS}}"
        return f"{span}.parquet"

    def covers(self, other: NumberedFile) -> bool:
        """Whether it is another file that holds all the other one's commits."""
        return self != other and self.first <= other.first and other.last <= self.last


def first_number() -> pl.Expr:
    """The number of the file that a row was read from; of a range, the first."""
    return pl.col(FILE).str.extract(rf"(\d{{{DIGITS}}})(?:-\d{{{DIGITS}}})?\.parquet$", 1).cast(pl.Int64)


def file_name(place: str) -> str:
    """The name of a file, by a value of `FILE`."""
    return place.rpartition("/")[2]


def numbered_files(folder: Folder) -> list[NumberedFile]:
    """The files of a folder that have a number; what has another name is none of a store's."""
    matches = (_NAME.fullmatch(name) for name in folder.names())
    return [NumberedFile(int(m[1]), int(m[2] or m[1])) for m in matches if m]


def live_files(present: list[NumberedFile]) -> list[NumberedFile]:
    """The files that no other covers, lowest number first."""
    live: list[NumberedFile] = []
    for file in sorted(present, key=lambda f: (f.first, -f.last)):
        if not (live and live[-1].last >= file.last):
            live.append(file)
    return live
