from __future__ import annotations

from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest

from glotmill.engine.samples.sample_files import read_columns, replace_columns, rewrite, sample_rows, write_rows
from glotmill.schemas.errors import ConservationError
from glotmill.schemas.sample import SAMPLE_SCHEMA


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    write_rows(paths[0], ({"source_id": f"a{i}", "task": "caption"} for i in range(3)))
    write_rows(paths[1], ({"source_id": f"b{i}", "task": "caption"} for i in range(2)))
    return paths


def test_columns_of_all_files_come_in_order_with_the_files_name(files: list[Path]):
    frame = read_columns(files, "source_id")
    assert frame.rows() == [("a", "a0"), ("a", "a1"), ("a", "a2"), ("b", "b0"), ("b", "b1")]


def test_replaced_columns_reach_their_rows_and_nothing_else_changes(files: list[Path]):
    replace_columns(files, pl.DataFrame({"split": ["t", "u", "v", "w", "x"]}))
    assert [(row["source_id"], row["split"]) for row in sample_rows(files)] == [
        ("a0", "t"), ("a1", "u"), ("a2", "v"), ("b0", "w"), ("b1", "x")
    ]  # fmt: skip
    assert pq.read_schema(files[0]).equals(SAMPLE_SCHEMA)


@pytest.mark.parametrize("values", [4, 6])
def test_too_few_or_too_many_values_are_an_error(files: list[Path], values: int):
    with pytest.raises(ConservationError, match="values for"):
        replace_columns(files, pl.DataFrame({"split": ["t"] * values}))


def test_a_function_may_leave_rows_out(files: list[Path]):
    assert rewrite(files[0], lambda table: table.slice(1)) == 2
    assert [row["source_id"] for row in sample_rows(files)] == ["a1", "a2", "b0", "b1"]
