from __future__ import annotations

import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glotmill.engine.sources.shared import json_stream
from glotmill.engine.sources.shared.json_stream import rows_of_list, rows_of_lists, rows_of_object
from glotmill.schemas.errors import InputError

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@pytest.fixture(params=[1, 2, 7, json_stream.CHUNK])
def path(request, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that is read in pieces of so many bytes."""
    monkeypatch.setattr(json_stream, "CHUNK", request.param)
    return tmp_path / "file.json"


def listed(path: Path, content: str | bytes) -> list[Any]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(rows_of_list(path, "file", "a list"))


@given(values=st.lists(VALUES, max_size=5), indent=st.sampled_from([None, 2]), ascii_only=st.booleans())
def test_any_list_comes_back_value_by_value_however_it_is_cut(tmp_path_factory, values, indent, ascii_only: bool):
    path = tmp_path_factory.mktemp("json") / "file.json"
    path.write_text(
        json.dumps(values, indent=indent, ensure_ascii=ascii_only), encoding="utf-8", errors="surrogatepass"
    )
    whole = json.loads(path.read_bytes())
    for size in (1, 3, 1000):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(json_stream, "CHUNK", size)
            assert list(rows_of_list(path, "file", "a list")) == whole


def test_white_space_and_a_byte_order_mark_around_values_are_nothing(path: Path):
    assert listed(path, b'\xef\xbb\xbf \n[ 1 ,\t"a" , {"b" : 2}\r\n]\n ') == [1, "a", {"b": 2}]
    assert listed(path, " [ ] ") == []


def test_a_number_at_the_end_of_a_piece_is_read_to_its_end(path: Path):
    assert listed(path, "[123456789, 1.25e3, -7]") == [123456789, 1250.0, -7]


def test_a_key_that_stands_twice_is_two_rows(path: Path):
    path.write_text('{"a": 1, "b": 2, "a": 3}')
    assert list(rows_of_object(path, "file", "an object")) == [("a", 1), ("b", 2), ("a", 3)]


def test_lists_are_read_one_by_one_and_other_keys_whole_in_the_files_order(path: Path):
    path.write_text('{"info": {"x": [1]}, "rows": [1, 2], "n": 5, "more": []}')
    found = list(rows_of_lists(path, "file", "a file", ("rows", "more")))
    assert found == [("info", {"x": [1]}), ("rows", 1), ("rows", 2), ("n", 5)]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ('{"rows": 3}', "one list under 'rows', as in a file; found a JSON int"),
        ('{"rows": {}}', "one list under 'rows', as in a file; found a JSON dict"),
        ('{"rows": [], "rows": []}', "it appears twice"),
        ("{}", "expected a list under 'rows', as in a file"),
        ("[]", "expected a file, found a JSON list"),
        ("3", "expected a file, found a JSON int"),
    ],
)
def test_an_object_without_its_list_is_refused(path: Path, content: str, problem: str):
    path.write_text(content)
    with pytest.raises(InputError, match=problem):
        list(rows_of_lists(path, "file", "a file", ("rows",)))


@pytest.mark.parametrize(
    "content",
    ["", " ", "[", "[1", "[1,", "[1,]", "[1 2]", "[tru]", '["a]', '["\\x"]', "[] []", "[]]", "[1]x", "[" * 100_000,
     '["a\nb"]', "[" + "9" * 5000 + "]"],
)  # fmt: skip
def test_what_is_no_json_is_refused_with_its_place(path: Path, content: str):
    with pytest.raises(InputError, match=r"^file: not JSON: .+ at character \d+$"):
        listed(path, content)


@pytest.mark.parametrize("content", ["{a: 1}", '{"a" 1}', '{"a": 1,}', '{"a": 1', '{"a"', '{"a": 1 "b": 2}', "{1: 2}"])
def test_an_object_that_is_no_json_is_refused(path: Path, content: str):
    path.write_text(content)
    with pytest.raises(InputError, match="not JSON"):
        list(rows_of_object(path, "file", "an object"))


def test_the_place_of_an_error_counts_the_whole_file(path: Path):
    with pytest.raises(InputError, match=r"at character 12$"):
        listed(path, '["a", "b", x]')


def test_lone_surrogates_and_bytes_that_are_no_utf_8_reach_their_row(path: Path):
    assert listed(path, b'["ok", "\\ud83d", "\xff"]') == ["ok", "\ud83d", "\udcff"]


def test_memory_does_not_grow_with_the_file(tmp_path: Path):
    path = tmp_path / "file.json"
    row = json.dumps({"caption": "A dog. " * 100})
    path.write_text("[" + ",".join([row] * 30_000) + "]")
    assert path.stat().st_size > 20e6
    tracemalloc.start()
    count = sum(1 for _ in rows_of_list(path, "file", "a list"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 30_000
    assert peak < 8e6


def test_a_value_without_end_does_not_take_all_memory(path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(json_stream, "LONGEST", 1000)
    with pytest.raises(InputError, match="Unterminated string"):
        listed(path, '["' + "a" * 100_000)
