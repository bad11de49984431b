"""A null where a record has none is one line, whatever reads it: in a column, in a part of a struct, in an item."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from glotmill.engine.commands.explain.explain_record import explain
from glotmill.engine.commands.export import ExportOptions, export
from glotmill.engine.commands.verify.verify_dataset import verify
from glotmill.engine.dataset.manifest import read_manifest
from glotmill.engine.dataset.recorded_rules import check_shards
from glotmill.engine.dataset.row_counts import read_countable
from glotmill.engine.report.finished_build import open_build
from glotmill.engine.report.page import report_data
from glotmill.engine.runs.progress import ProgressReport
from glotmill.schemas.errors import InputError

SHARD = "data/deu_Latn/train-00000.parquet"
QUIET = ProgressReport()


@pytest.fixture
def without(folder: Path) -> Callable[..., Path]:
    """Puts a null at a place in every row of a shard: a column, then keys and positions."""

    def emptied(value: Any, place: tuple[str | int, ...]) -> Any:
        if not place or not value:
            return None
        first, rest = place[0], place[1:]
        if isinstance(first, str):
            return {**value, first: emptied(value[first], rest)}
        return [emptied(item, rest) if number == first else item for number, item in enumerate(value)]

    def write(column: str, *place: str | int, statistics: bool = True) -> Path:
        path = folder / "dataset" / SHARD
        table = pq.read_table(path, partitioning=None)
        at = table.column_names.index(column)
        values = pa.array([emptied(value, place) for value in table[column].to_pylist()], table[column].type)
        groups = pq.read_metadata(path).row_group(0).num_rows
        pq.write_table(
            table.set_column(at, table.schema.field(at), values), path, row_group_size=groups,
            write_statistics=statistics,
        )  # fmt: skip
        return folder

    return write


@pytest.mark.parametrize("statistics", [True, False], ids=["statistics", "none"])
@pytest.mark.parametrize("place", [("source",), ("source", "config"), ("task",), ("record_id",)])
def test_what_a_footer_tells_is_refused_before_a_row_is_read(without: Callable[..., Path], place, statistics: bool):
    dataset = without(*place, statistics=statistics) / "dataset"
    with pytest.raises(InputError, match=rf"{SHARD}: .*column {place[0]}.* rows without a value; put it back"):
        check_shards(dataset, read_manifest(dataset))


@pytest.mark.parametrize("place", [("source",), ("source", "split"), ("task",)])
def test_verify_counts_no_row_of_nobody(without: Callable[..., Path], place):
    folder = without(*place)
    with pytest.raises(InputError, match=rf"{SHARD}: .*column {place[0]}, row 0.*null"):
        read_countable(folder / "dataset" / SHARD)
    assert any(f"column {place[0]}, row 0" in problem.what for problem in verify(folder, QUIET).problems)


@pytest.mark.parametrize(
    "place",
    [
        ("messages", 1),
        ("messages", 0, "content"),
        ("messages", 0, "role"),
        ("turn_langs",),
        ("image_refs", 0),
        ("image_refs", 0, "image_id"),
    ],
)
def test_an_export_names_the_row_and_leaves_nothing(without: Callable[..., Path], tmp_path: Path, place):
    folder = without(*place)
    with pytest.raises(InputError, match=rf"{SHARD}: not a shard of .*column {place[0]}, row 0"):
        export(folder, tmp_path / "to", ExportOptions("llava"), QUIET)
    assert not (tmp_path / "to").exists()


@pytest.mark.parametrize(
    "place", [("source_messages", 0), ("source_messages", 1, "content"), ("image_refs", 0, "uri"), ("messages", 1)]
)
def test_a_report_and_an_explanation_name_the_row(without: Callable[..., Path], place):
    folder = without(*place)
    said = rf"{SHARD}: not a shard of .*column (source_)?{place[0].removeprefix('source_')}, row \d+ "
    with pytest.raises(InputError, match=said):
        report_data(open_build(folder, "report"))
    record = pq.read_table(folder / "dataset" / SHARD, columns=["record_id"])["record_id"][0].as_py()
    with pytest.raises(InputError, match=said):
        explain(folder, record, QUIET)
