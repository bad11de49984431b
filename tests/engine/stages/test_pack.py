from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.stages.pack import check_assigned, count_assigned
from engine.stages.sample_files import sample_rows
from schemas.errors import ConservationError
from schemas.sample import SAMPLE_SCHEMA


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    rows = [
        {"source_id": "a", "langs": ["deu_Latn", "fra_Latn"], "split": "train"},
        {"source_id": "b", "langs": ["deu_Latn"], "split": "test"},
        {"source_id": "c", "langs": [], "split": "train"},
    ]
    pq.write_table(pa.Table.from_pylist(rows, schema=SAMPLE_SCHEMA), tmp_path / "s.parquet")
    return [tmp_path / "s.parquet"]


def test_records_by_language_must_be_the_samples_assigned(files: list[Path]):
    check_assigned(count_assigned(files), {"deu_Latn": 2, "fra_Latn": 1, "ces_Latn": 0})


@pytest.mark.parametrize(
    "rows", [{"deu_Latn": 1, "fra_Latn": 1}, {"deu_Latn": 2}, {"deu_Latn": 2, "fra_Latn": 1, "ces_Latn": 1}]
)
def test_a_lost_or_invented_record_is_an_error(files: list[Path], rows: dict[str, int]):
    with pytest.raises(ConservationError, match="assigned"):
        check_assigned(count_assigned(files), rows)


def test_only_the_samples_of_a_language_and_split_are_packed(files: list[Path]):
    assert [row["source_id"] for row in sample_rows(files, "fra_Latn", "train")] == ["a"]
    assert [row["source_id"] for row in sample_rows(files, "deu_Latn", "train")] == ["a"]
