"""Opening a source: which reader, and what is said of a file that is none."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from glotmill.engine.commands.load_recipe import FAMILIES
from glotmill.engine.sources import open_source
from glotmill.engine.sources.coco_captions import CocoCaptionsReader
from glotmill.engine.sources.gqa import GqaReader
from glotmill.engine.sources.jsonl import JsonlReader
from glotmill.recipes.sections.sources import Source
from glotmill.schemas.errors import InputError

FORMATS = {
    "jsonl": (JsonlReader, "not read before its rows are asked for"),
    "coco_captions": (CocoCaptionsReader, '{"images": [], "annotations": []}'),
    "gqa": (GqaReader, "{}"),
}


def source(path: Path, kind: str) -> Any:
    return TypeAdapter(Source).validate_python(
        {"format": kind, "path": path, "license": "mit"}, context={"families": FAMILIES}
    )


@pytest.mark.parametrize("kind", FORMATS)
def test_each_format_has_its_reader(tmp_path: Path, kind: str):
    expected, content = FORMATS[kind]
    (tmp_path / "file").write_text(content)
    assert type(open_source("name", source(tmp_path / "file", kind))) is expected


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize(("file", "problem"), [("nowhere", "does not exist"), (".", "is a folder")])
def test_a_path_that_is_no_file_is_refused_with_the_option_that_gives_one(
    tmp_path: Path, kind: str, file: str, problem: str
):
    with pytest.raises(InputError) as caught:
        open_source("name", source(tmp_path / file, kind))
    expected = f"sources.name.path: {tmp_path / file} {problem}: give the file with --set sources.name.path=FILE"
    assert str(caught.value) == expected


@pytest.mark.parametrize("kind", ["coco_captions", "gqa"])
@pytest.mark.parametrize(
    ("content", "problem"),
    [(b"", "not JSON"), (b"{", "not JSON"), (b'{"a": ' + b"[" * 100_000, "not JSON"),
     (b"3", "JSON int"), (b"null", "JSON NoneType")],
)  # fmt: skip
def test_what_is_no_json_of_the_format_is_refused_with_the_file(tmp_path: Path, kind: str, content: bytes, problem):
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(InputError) as caught:
        open_source("name", source(tmp_path / "file", kind))
    assert str(caught.value).startswith(f"sources.name.path: {tmp_path / 'file'}: ")
    assert problem in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", FORMATS)
def test_a_file_that_cannot_be_read_is_refused_and_a_pipe_is_not_opened(tmp_path: Path, kind: str):
    os.mkfifo(tmp_path / "pipe")
    for path, found in ((tmp_path / "pipe", "is no regular file"), (Path("/proc/self/mem"), "cannot be read")):
        with pytest.raises(InputError, match=rf"sources\.name\.path: {path} {found}"):
            open_source("name", source(path, kind))
