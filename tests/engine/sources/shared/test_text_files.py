from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from glotmill.engine.sources.shared.text_files import decoded, lines
from glotmill.schemas.errors import InputError


def read(path: Path, content: bytes) -> list[tuple[int, bytes]]:
    path.write_bytes(content)
    return list(lines(path, "sources.s.path: file"))


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", []),
        (b"a", [b"a"]),
        (b"a\nb\n", [b"a", b"b"]),
        (b"a\r\nb\r\n", [b"a", b"b"]),
        (b"\n\na", [b"", b"", b"a"]),
        (b"\xef\xbb\xbfa\n", [b"a"]),
        ("a\u2028b\x0bc\x85\n".encode(), ["a\u2028b\x0bc\x85".encode()]),
    ],
)
def test_lines_end_at_line_feeds_only_and_are_counted_from_1(tmp_path: Path, pack, content: bytes, found: list[bytes]):
    assert read(tmp_path / "file", pack(content)) == list(enumerate(found, start=1))


def test_gzip_is_told_by_its_content_and_not_by_its_name(tmp_path: Path):
    assert read(tmp_path / "captions.txt", gzip.compress(b"a\n")) == [(1, b"a")]
    assert read(tmp_path / "captions.txt.gz", b"a\n") == [(1, b"a")]


def test_a_gzip_file_that_was_cut_off_or_damaged_is_unreadable_as_a_whole(tmp_path: Path):
    packed = gzip.compress(b"".join(b"line %d\n" % i for i in range(5000)))
    for content in (packed[: len(packed) // 2], packed[:40] + b"\xff" * 40 + packed[80:], packed[:-8] + b"\0" * 8):
        with pytest.raises(InputError, match=r"sources\.s\.path: file: not a whole gzip file"):
            read(tmp_path / "file", content)


@pytest.mark.parametrize("mark", ["utf-16-le", "utf-16-be"])
def test_utf_16_is_refused_with_what_to_do(tmp_path: Path, mark: str):
    with pytest.raises(InputError, match="iconv"):
        read(tmp_path / "file", "\ufeffA dog.\n".encode(mark))


def test_bytes_that_are_no_utf_8_become_lone_surrogates_that_a_row_is_refused_for():
    assert decoded(b"caf\xe9") == "caf\udce9"
    assert decoded("café".encode()) == "café"
