"""Columns of a Parquet file exchanged without decoding the others: the bytes of the writer, or a refusal."""

from __future__ import annotations

import hashlib
import io
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from glotmill.engine.dataset import parquet_splice as module
from glotmill.engine.dataset.parquet_splice import splice
from glotmill.engine.dataset.shards import WRITER
from glotmill.schemas.errors import InputError

SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("turns", pa.list_(pa.struct({"role": pa.string(), "content": pa.string()}))),
        pa.field("keep", pa.bool_(), nullable=False),
        pa.field("score", pa.float32()),
        pa.field("reasons", pa.list_(pa.string())),
    ]
)
CHANGED = ("keep", "reasons")

row = st.fixed_dictionaries(
    {
        "id": st.text(max_size=20),
        "turns": st.none() | st.lists(st.fixed_dictionaries({"role": st.text(max_size=3), "content": st.text()})),
        "keep": st.booleans(),
        "score": st.none() | st.floats(width=32),
        "reasons": st.none() | st.lists(st.none() | st.sampled_from(["a", "b.c", "long" * 40])),
    }
)
verdict = st.tuples(st.booleans(), st.none() | st.lists(st.sampled_from(["a", "x.y"])))


def written(table: pa.Table, groups: list[int]) -> bytes:
    out = io.BytesIO()
    with pq.ParquetWriter(out, table.schema, **WRITER) as writer:
        done = 0
        for rows in groups:
            writer.write_table(table.slice(done, rows), row_group_size=rows)
            done += rows
    return out.getvalue()


def exchanged(table: pa.Table, new: pa.Table) -> pa.Table:
    for name in CHANGED:
        table = table.set_column(table.schema.get_field_index(name), table.schema.field(name), new[name])
    return table


def check(folder: Path, table: pa.Table, new: pa.Table, groups: list[int]) -> None:
    (folder / "old").write_bytes(written(table, groups))
    sha256 = splice(folder / "old", io.BytesIO(written(new, groups)), folder / "new")
    found = (folder / "new").read_bytes()
    assert found == written(exchanged(table, new), groups)
    assert sha256 == hashlib.sha256(found).hexdigest()


@settings(max_examples=60, deadline=None)
@given(data=st.data(), rows=st.lists(row, min_size=1, max_size=30))
def test_the_new_file_has_the_bytes_that_the_writer_gives(tmp_path_factory, data, rows):
    cut = data.draw(st.integers(1, len(rows)))
    groups = [cut, len(rows) - cut] if cut < len(rows) else [cut]
    verdicts = data.draw(st.lists(verdict, min_size=len(rows), max_size=len(rows)))
    new = pa.Table.from_pylist(
        [{"keep": keep, "reasons": reasons} for keep, reasons in verdicts],
        schema=pa.schema([SCHEMA.field(name) for name in CHANGED]),
    )
    check(tmp_path_factory.mktemp("splice"), pa.Table.from_pylist(rows, schema=SCHEMA), new, groups)


def test_so_it_does_with_many_pages_and_dictionaries_that_overflow(tmp_path: Path):
    count = 60_000
    table = pa.table(
        {
            "id": [hashlib.sha256(str(i).encode()).hexdigest() for i in range(count)],
            "turns": [[{"role": "user", "content": f"text {i} " * 20}] for i in range(count)],
            "keep": [i % 3 > 0 for i in range(count)],
            "score": [i / 7 for i in range(count)],
            "reasons": [[] if i % 3 else ["some.reason"] for i in range(count)],
        },
        schema=SCHEMA,
    )
    reasons = [[f"reason.{i}.{'x' * 40}"] if i % 5 else [] for i in range(count)]
    new = pa.table({"keep": [i % 5 == 0 for i in range(count)], "reasons": reasons},
                   schema=pa.schema([SCHEMA.field(name) for name in CHANGED]))  # fmt: skip
    check(tmp_path, table, new, [25_000, 35_000])


LONG = "ក" * 2000  # 6 kB; pyarrow writes no column index of a page with an extreme over 4 kB


@pytest.mark.parametrize(
    "rows",
    [
        [{"id": LONG, "keep": True}, {"id": "z", "keep": False}],
        [{"id": "a", "keep": True, "turns": [{"role": "user", "content": LONG}]}, {"id": "b", "keep": False}],
        [{"id": "a", "keep": True, "score": float("nan")}, {"id": "b", "keep": False, "score": float("nan")}],
        [{"id": "a", "keep": True, "reasons": [LONG]}, {"id": "b", "keep": False, "reasons": []}],
        [{"id": "a", "keep": True}, {"id": LONG, "keep": False}],
    ],
)
def test_a_chunk_without_a_column_index_is_copied_like_any_other(tmp_path: Path, rows):
    new = pa.table({"keep": [False, True], "reasons": [["x"], [LONG]]},
                   schema=pa.schema([SCHEMA.field(name) for name in CHANGED]))  # fmt: skip
    check(tmp_path, pa.Table.from_pylist(rows, schema=SCHEMA), new, [1, 1])
    check(tmp_path, pa.Table.from_pylist(rows, schema=SCHEMA), new, [2])


TABLE = pa.Table.from_pylist([{"id": "a", "keep": True}, {"id": "b", "keep": False}], schema=SCHEMA)


@pytest.mark.parametrize(
    ("columns", "groups", "said"),
    [
        ({"keep": [True, True]}, [1, 1], "1 row groups, 2 of the new columns"),
        ({"keep": [True]}, [1], "a row group of 2 rows, 1 of the new columns"),
        ({"other": [True, True]}, [2], "has no column other"),
    ],
)
def test_columns_that_do_not_fit_are_refused(tmp_path: Path, columns, groups, said):
    (tmp_path / "old").write_bytes(written(TABLE, [2]))
    with pytest.raises(InputError, match=said):
        splice(tmp_path / "old", io.BytesIO(written(pa.table(columns), groups)), tmp_path / "new")


@pytest.mark.parametrize("content", [b"", b"PAR1", b"not a file of this kind", b"\xff" * 8 + b"PAR1"])
def test_what_is_no_parquet_file_is_refused(tmp_path: Path, content):
    (tmp_path / "old").write_bytes(content)
    with pytest.raises(InputError, match="not a Parquet file"):
        splice(tmp_path / "old", io.BytesIO(written(TABLE, [2])), tmp_path / "new")


def test_a_file_that_is_cut_off_while_it_is_copied_is_an_error(tmp_path: Path, monkeypatch):
    ids = [hashlib.sha256(str(i).encode()).hexdigest() for i in range(5000)]
    table = pa.table({"id": ids, "keep": [True] * len(ids)})
    (tmp_path / "old").write_bytes(written(table, [len(ids)]))
    copy = module._copy_chunk

    def cut(*arguments):
        with (tmp_path / "old").open("r+b") as file:
            file.truncate(100_000)
        return copy(*arguments)

    monkeypatch.setattr(module, "_copy_chunk", cut)
    with pytest.raises(InputError, match="truncated"):
        splice(tmp_path / "old", io.BytesIO(written(table.select(["keep"]), [len(ids)])), tmp_path / "new")


@given(place=st.integers(0, 10_000), byte=st.integers(0, 255))
@example(place=592, byte=129)  # a place before the file
def test_a_damaged_footer_is_a_store_error_or_no_error(tmp_path_factory, place, byte):
    folder = tmp_path_factory.mktemp("damaged")
    data = bytearray(written(TABLE, [2]))
    size = int.from_bytes(data[-8:-4], "little")
    data[-8 - size + place % size] = byte
    (folder / "old").write_bytes(data)
    with suppress(InputError):
        splice(folder / "old", io.BytesIO(written(TABLE.select(["keep"]), [2])), folder / "new")


def test_what_is_not_copied_is_refused(tmp_path: Path):
    with pq.ParquetWriter(tmp_path / "old", TABLE.schema, bloom_filter_options={"id": {"ndv": 10}}) as writer:
        writer.write_table(TABLE)
    with pytest.raises(InputError, match="bloom filter"):
        splice(tmp_path / "old", io.BytesIO(written(TABLE.select(["keep"]), [2])), tmp_path / "new")
