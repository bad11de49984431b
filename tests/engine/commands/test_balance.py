"""No commit without both balances, counted in the files that are about to be committed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from glotmill.engine.commands.balance import check_languages, check_sources, count_assigned
from glotmill.engine.dataset.shards import Shard
from glotmill.engine.samples.ingest import SourceCount
from glotmill.schemas.errors import ConservationError
from glotmill.schemas.sample import REJECTED_SCHEMA, SAMPLE_SCHEMA


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    rows = [{"source_id": "a", "langs": ["deu_Latn", "fra_Latn"]}, {"source_id": "b", "langs": ["deu_Latn"]}]
    pq.write_table(pa.Table.from_pylist(rows, schema=SAMPLE_SCHEMA), tmp_path / "s.parquet")
    rejected = [{"source": "s", "file": "s.jsonl", "position": "line 3", "reason": "bad_json", "detail": ""}]
    pq.write_table(pa.Table.from_pylist(rejected, schema=REJECTED_SCHEMA), tmp_path / "rejected.parquet")
    return tmp_path


def test_a_source_balances_with_its_rejected_rows(samples: Path):
    check_sources(samples, {"s": SourceCount(read=3, samples=2, rejected=1)})


@pytest.mark.parametrize("read", [2, 4])
def test_a_row_lost_or_invented_at_ingest_is_an_error(samples: Path, read: int):
    with pytest.raises(ConservationError, match=f"source s: {read} rows read, but 2 samples"):
        check_sources(samples, {"s": SourceCount(read, 2, 1)})


def shard(dataset: Path, lang: str, rows: int, **counts) -> Shard:
    path = f"{lang}.parquet"
    pq.write_table(pa.table({"x": list(range(rows))}), dataset / path)
    made = Shard(path, "", 0, rows, rows, {}, {}, {}, {}, [rows], "", "", {}, {})
    return replace(made, **counts)


def balanced(dataset: Path) -> dict[str, list[Shard]]:
    return {
        "deu_Latn": [shard(dataset, "deu_Latn", 2, kept=1, dropped={"nmt.logprob": 1})],
        "fra_Latn": [shard(dataset, "fra_Latn", 1, kept=0, failed={"looped": 1})],
        "ces_Latn": [],
    }


def test_languages_balance_with_kept_dropped_and_failed(samples: Path):
    check_languages([samples / "s.parquet"], samples.joinpath, balanced(samples))
    assert count_assigned([samples / "s.parquet"]) == {"deu_Latn": 2, "fra_Latn": 1}


@pytest.mark.parametrize(
    ("lang", "change"),
    [
        ("deu_Latn", {"kept": 0}),
        ("deu_Latn", {"kept": 2}),
        ("fra_Latn", {"failed": {}}),
        ("fra_Latn", {"failed": {"looped": 2}}),
    ],
)
def test_a_record_lost_or_invented_is_an_error(samples: Path, lang: str, change: dict):
    shards = balanced(samples)
    shards[lang] = [replace(shards[lang][0], **change)]
    with pytest.raises(ConservationError, match=f"{lang}: . samples assigned"):
        check_languages([samples / "s.parquet"], samples.joinpath, shards)


def test_a_file_with_fewer_rows_than_its_manifest_says_is_an_error(samples: Path):
    shards = balanced(samples)
    pq.write_table(pa.table({"x": [1]}), samples / "deu_Latn.parquet")
    with pytest.raises(ConservationError, match="1 in its files"):
        check_languages([samples / "s.parquet"], samples.joinpath, shards)


def test_a_language_without_its_shards_is_an_error(samples: Path):
    shards = balanced(samples)
    del shards["deu_Latn"]
    with pytest.raises(ConservationError, match="deu_Latn: 2 samples assigned and 0 records withdrawn, but 0"):
        check_languages([samples / "s.parquet"], samples.joinpath, shards)


def test_withdrawn_records_balance_beside_the_samples(samples: Path):
    shards = balanced(samples)
    shards["fra_Latn"] = [shard(samples, "fra_Latn", 3, kept=1, dropped={"withdrawn": 1}, failed={"withdrawn": 1})]
    check_languages([samples / "s.parquet"], samples.joinpath, shards)
    shards["fra_Latn"] = [replace(shards["fra_Latn"][0], dropped={"lexical.dup2": 1})]
    with pytest.raises(ConservationError, match="fra_Latn: 1 samples assigned and 1 records withdrawn, but 3"):
        check_languages([samples / "s.parquet"], samples.joinpath, shards)
