"""Reading files as streams: plain or gzip, with or without a byte-order mark, one line in memory at a time."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from glotmill.schemas.errors import InputError, RowError

LONGEST_LINE = 1 << 26  # bytes: beyond it a line is taken for damaged, not read on into memory
CHUNK = 1 << 20
GZIP = b"\x1f\x8b"
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


def lines(path: Path, where: str) -> Iterator[tuple[int, bytes | RowError]]:
    """(number from 1, line without its end) of a text file; only line feeds end a line, with or without a return.

    A line of more than `LONGEST_LINE` bytes is the reason why its row is rejected; it is never held as a whole.

    Raises:
        InputError: The file stops being readable.
    """
    with opened(path, where) as file:
        for number, line in enumerate(iter(lambda: file.readline(LONGEST_LINE + 1), b""), start=1):
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
