"""JSON that would end the process in Arrow's parser is refused before it is parsed."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from glotmill.engine.sources.shared.folder_json import CHUNK, refuse_unbearable_json
from glotmill.schemas.errors import InputError


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"null", "a row that is null"),
        (b'{"a": "b"}\n null\n', "a row that is null"),
        (b"[" * 100_000, "nested more than 1,000 levels deep"),
        (b'{"a": ' * 1001 + b"1" + b"}" * 1001, "nested more than 1,000 levels deep"),
        (b'"' + b"x" * CHUNK + b'"' + b"[" * 2000, "nested more than 1,000 levels deep"),
    ],
    ids=["null", "a null line", "lists", "objects", "in a later chunk"],
)
@pytest.mark.parametrize("packed", [False, True])
def test_it_is_one_line_that_names_the_file(tmp_path: Path, data: bytes, words: str, packed: bool):
    name = "metadata.jsonl.gz" if packed else "metadata.jsonl"
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / name).write_bytes(gzip.compress(data, 1) if packed else data)
    with pytest.raises(InputError, match=f"sources.x.path: {name}: .*{words}"):
        refuse_unbearable_json(tmp_path, "sources.x.path")


@pytest.mark.parametrize(
    "data",
    [
        b'{"caption": "A \\"null [[[[", "b": null}\n' * 2000,
        b'[{"a": [1, null]}, {"b": {}}]',
        b"[" * 1000 + b"]" * 1000,
        b"",
    ],
)
def test_rows_with_nulls_and_brackets_in_texts_are_plain_json(tmp_path: Path, data: bytes):
    (tmp_path / "rows.jsonl").write_bytes(data)
    (tmp_path / "notes.txt").write_bytes(b"null")
    refuse_unbearable_json(tmp_path, "sources.x.path")
