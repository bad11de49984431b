from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.stages.sample_files import sample_rows
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


def test_only_the_samples_of_a_language_and_split_are_packed(files: list[Path]):
    assert [row["source_id"] for row in sample_rows(files, "fra_Latn", "train")] == ["a"]
    assert [row["source_id"] for row in sample_rows(files, "deu_Latn", "train")] == ["a"]
