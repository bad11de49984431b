"""Reading files as streams: plain or gzip, with or without a byte-order mark, one line in memory at a time."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from glotmill.schemas.errors import InputError

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


def lines(path: Path, where: str) -> Iterator[tuple[int, bytes]]:
    """(number from 1, line without its end) of a text file; only line feeds end a line, with or without a return.

    Raises:
        InputError: The file stops being readable.
    """
    with opened(path, where) as file:
        for number, line in enumerate(file, start=1):
            yield number, line.removesuffix(b"\n").removesuffix(b"\r")


def decoded(line: bytes) -> str:
    """A line as text; bytes that are no UTF-8 become lone surrogates, which fail their row and not the file."""
    return line.decode("utf-8", "surrogateescape")
