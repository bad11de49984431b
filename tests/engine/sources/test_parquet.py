from __future__ import annotations

import io
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from glotmill.schemas.errors import InputError
from glotmill.schemas.keys import bytes_sha256

ROWS = [
    {"id": "1", "task": "caption", "image": "a.jpg", "caption": "A dog.", "question": None, "answers": None},
    {"id": "2", "task": "vqa_open", "image": "b.jpg", "caption": None, "question": "What?", "answers": ["dog"]},
]


def parquet(rows: list[dict[str, Any]] | pa.Table) -> bytes:
    table = rows if isinstance(rows, pa.Table) else pa.Table.from_pylist(rows)
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    return buffer.getvalue()


@pytest.fixture
def table(opened):
    return lambda rows, **keys: opened(parquet(rows), format="parquet", **keys)


def test_columns_of_our_own_names_need_no_map_and_nulls_are_nothing(table, samples, outcomes):
    caption, question = samples(table(ROWS))
    assert (caption.row_id, caption.messages[1][1], caption.answers) == ("1", "A dog.", None)
    assert (question.row_id, question.answers) == ("2", ("dog",))
    assert [position for position, _ in outcomes(table(ROWS))] == ["row 1", "row 2"]


def test_other_columns_are_mapped_and_only_those_are_read(table, samples):
    rows = [{"uid": 7, "meta": {"text": "A dog.", "file": "a.jpg"}, "embedding": [0.5] * 9}]
    reader = table(rows, fields={"id": "uid", "caption": "meta.text", "image": "meta.file"})
    assert [row for _, row in reader.rows()] == [{"uid": 7, "meta": {"text": "A dog.", "file": "a.jpg"}}]
    assert samples(reader)[0].row_id == "7"


def test_images_whose_bytes_are_in_the_file_are_known_by_them(table, samples):
    rows = [
        {"img": {"bytes": b"first", "path": "1.jpg"}, "text": "A dog."},
        {"img": {"bytes": b"second", "path": None}, "text": "A cat."},
        {"img": {"bytes": None, "path": "3.jpg"}, "text": "A cow."},
    ]
    found = [s.images[0] for s in samples(table(rows, fields={"caption": "text", "image": "img"}))]
    sums = [f"sha256:{bytes_sha256(data)}" for data in (b"first", b"second")]
    assert [image.image_id for image in found[:2]] == sums
    assert [image.uri for image in found] == ["1.jpg", sums[1], "3.jpg"]
    assert found[2].image_id.startswith("uri:")


def test_a_row_with_neither_bytes_nor_path_is_rejected(table, reasons):
    rows = [{"img": {"bytes": None, "path": None}, "text": "A dog."}, {"img": None, "text": "A dog."}]
    schema = pa.schema([("img", pa.struct([("bytes", pa.binary()), ("path", pa.string())])), ("text", pa.string())])
    reader = table(pa.Table.from_pylist(rows, schema=schema), fields={"caption": "text", "image": "img"})
    assert reasons(reader) == ["missing_field.image", "image_marker_count"]


def test_a_value_that_is_no_utf_8_fails_its_row_and_not_the_file(table, reasons):
    texts = pa.Array.from_buffers(pa.string(), 3, pa.array(["A dog.", "A c~w.", "A cat."]).buffers())
    data = texts.buffers()[2].to_pybytes().replace(b"~", b"\xff")
    texts = pa.Array.from_buffers(pa.string(), 3, [None, texts.buffers()[1], pa.py_buffer(data)])
    reader = table(pa.table({"text": texts, "image": ["a", "b", "c"]}), fields={"caption": "text", "image": "image"})
    assert reasons(reader) == ["ok", "bad_unicode", "ok"]


def test_bad_rows_are_rejected_alone(table, reasons):
    rows = [{**ROWS[0], "caption": text} for text in ("A dog.", None, "", "A\x00dog.")]
    assert reasons(table(rows)) == ["ok", "missing_field.question", "empty_text.caption", "nul_character"]


def test_a_column_that_is_not_there_is_refused_with_the_nearest(table):
    with pytest.raises(InputError, match="no column 'captoin'; expected one such as caption"):
        table(ROWS, fields={"caption": "captoin", "image": "image"})


@pytest.mark.parametrize("content", [b"", b"PAR1", b"id,caption\n1,A dog.\n", parquet(ROWS)[:-20]])
def test_what_is_no_parquet_is_refused(opened, content: bytes):
    with pytest.raises(InputError, match=r"^sources\.s\.path: .*not readable as Parquet") as caught:
        list(opened(content, format="parquet").rows())
    assert "\n" not in str(caught.value)


def test_damage_inside_the_file_is_unreadable_as_a_whole(opened):
    content = bytearray(parquet([{"image": f"{i}.jpg", "caption": f"A dog {i}."} for i in range(5000)]))
    content[500:3000] = b"\xff" * 2500
    reader = opened(bytes(content), format="parquet", fields={"caption": "caption", "image": "image"})
    with pytest.raises(InputError, match="not readable as Parquet"):
        list(reader.rows())
