"""Reading files as streams: plain or gzip, with or without a byte-order mark, one line in memory at a time."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from glotmill.schemas.errors import InputError, RowError

LONGEST_LINE = 1 << 26  # bytes: beyond it a line is taken for damaged, not read on into memory
CHUNK = 1 << 20
GZIP = b"\x1f\x8b"
PORTION_BYTES = 1 << 20  # some 7,000 captions
UTF8_MARK = b"\xef\xbb\xbf"
UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


@contextmanager
def opened(path: Path, where: str) -> Iterator[BinaryIO]:
    """A file's bytes, decompressed where it is gzip, past its byte-order mark.

    Raises:
        InputError: It is UTF-16, or it stops being gzip.
    """
    with path.open("rb") as plain:
        packed = plain.read(len(GZIP)) == GZIP
        plain.seek(0)
        file = io.BufferedReader(gzip.GzipFile(fileobj=plain)) if packed else plain
        try:
            mark = file.read(len(UTF8_MARK))
            if mark.startswith(UTF16_MARKS):
                msg = f"{where}: it is UTF-16; expected UTF-8 (iconv -f UTF-16 -t UTF-8 converts it)"
                raise InputError(msg)
            if mark != UTF8_MARK:
                file.seek(0)
            yield file
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            msg = f"{where}: not a whole gzip file: {error}; fetch it again"
            raise InputError(msg) from None


@dataclass(frozen=True, slots=True)
class LinesPortion:
    """Some lines of a plain text file.

    Attributes:
        start: The place of the first one's first byte.
        first: Its number.
        lines: How many there are.
    """

    start: int
    first: int
    lines: int


def line_portions(path: Path, where: str) -> list[LinesPortion]:
    """The lines of a file in portions of `PORTION_BYTES` or more; none of a gzip file, which has no middle.

    Raises:
        InputError: The file is UTF-16, or no whole gzip file.
    """
    portions: list[LinesPortion] = []
    with opened(path, where) as file:
        if isinstance(file, io.BufferedReader) and isinstance(file.raw, gzip.GzipFile):
            return []
        start, first = file.tell(), 1
        while data := file.read(PORTION_BYTES):
            ends, last = data.count(b"\n"), data[-1:]
            while last != b"\n" and (data := file.readline(CHUNK)):
                ends, last = ends + data.endswith(b"\n"), data[-1:]
            portions.append(LinesPortion(start, first, ends + (last != b"\n")))
            start, first = file.tell(), first + portions[-1].lines
    return portions


def lines(path: Path, where: str, portion: LinesPortion | None = None) -> Iterator[tuple[int, bytes | RowError]]:
    """(number from 1, line without its end) of a text file; only line feeds end a line, with or without a return.

    A line of more than `LONGEST_LINE` bytes is the reason why its row is rejected; it is never held as a whole.

    Args:
        path: The file.
        where: Its place in the recipe, for errors.
        portion: The lines that are read; None is all.

    Raises:
        InputError: The file stops being readable.
    """
    with opened(path, where) as file:
        if portion is not None:
            file.seek(portion.start)
        read = islice(iter(lambda: file.readline(LONGEST_LINE + 1), b""), portion.lines if portion else None)
        for number, line in enumerate(read, start=portion.first if portion else 1):
            if len(line) > LONGEST_LINE and not line.endswith(b"\n"):
                size = len(line) + _passed_over(file)
                yield number, RowError("line_too_long", f"{size:,} bytes; the limit is {LONGEST_LINE:,}")
            else:
                yield number, line.removesuffix(b"\n").removesuffix(b"\r")


def _passed_over(file: BinaryIO) -> int:
    """Bytes that are left of a line, which are read and dropped."""
    passed = 0
    while part := file.readline(CHUNK):
        passed += len(part)
        if part.endswith(b"\n"):
            break
    return passed


def decoded(line: bytes) -> str:
    """A line as text; bytes that are no UTF-8 become lone surrogates, which fail their row and not the file."""
    return line.decode("utf-8", "surrogateescape")
