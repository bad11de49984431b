from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.stages.pack import in_language
from schemas.sample import SAMPLE_SCHEMA


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    rows = [{"source_id": "a", "langs": ["deu_Latn", "fra_Latn"]}, {"source_id": "b", "langs": ["deu_Latn"]}]
    pq.write_table(pa.Table.from_pylist(rows, schema=SAMPLE_SCHEMA), tmp_path / "s.parquet")
    return [tmp_path / "s.parquet"]


def test_only_the_samples_of_a_language_are_packed(files: list[Path]):
    rows = pq.read_table(files).to_pylist()
    assert [row["source_id"] for row in in_language(rows, "fra_Latn")] == ["a"]
