"""A line or a text without end costs its row, not the memory of the machine."""

from __future__ import annotations

import gzip
import json
import time
from pathlib import Path

import pytest

from glotmill.engine.sources.shared import text_files
from glotmill.engine.sources.shared.text_files import lines
from glotmill.engine.text.sentences import MAX_SEGMENT_BYTES, fit
from glotmill.schemas.errors import RowError
from glotmill.schemas.sample_checks import LONGEST_TEXT, check_text


def test_a_line_that_is_too_long_is_rejected_and_the_next_one_is_read(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(text_files, "LONGEST_LINE", 1000)
    monkeypatch.setattr(text_files, "CHUNK", 100)
    path = tmp_path / "rows.jsonl.gz"
    row = json.dumps({"id": "1"}).encode()
    path.write_bytes(gzip.compress(b"\n".join([row, b"x" * 5000, b"y" * 999, b"z" * 1000, row])))
    found = list(lines(path, "rows"))
    assert [line if isinstance(line, bytes) else line.reason for _, line in found] == [
        row, "line_too_long", b"y" * 999, b"z" * 1000, row,
    ]  # fmt: skip
    assert "5,001 bytes; the limit is 1,000" in str(found[1][1])
    path.write_bytes(gzip.compress(b"z" * 1000))  # the file's end is no longer line
    assert [line for _, line in lines(path, "rows")] == [b"z" * 1000]


def test_a_text_as_long_as_a_book_is_rejected():
    check_text("x" * LONGEST_TEXT)
    with pytest.raises(RowError, match="text_too_long: 1,048,577 characters"):
        check_text("x" * (LONGEST_TEXT + 1))


def test_the_time_to_cut_a_sentence_grows_with_its_length_alone():
    def seconds(words: int) -> float:
        began = time.process_time()
        parts = fit("word " * words)
        assert max(map(len, parts)) <= MAX_SEGMENT_BYTES
        return time.process_time() - began

    seconds(1000)
    assert seconds(400_000) < 30 * seconds(40_000)  # quadratic time would be a hundredfold
