"""Work on a shard that another machine does gives what is done here, and leaves nothing there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from glotmill.engine.dataset.shards import Shard
from glotmill.engine.workers.sent_shard import over_shards
from glotmill.schemas.errors import InputError

PATH = "data/deu_Latn/train-00000.parquet"


@dataclass(frozen=True, slots=True)
class Reading:
    dataset: Path
    word: str


def read(reading: Reading, shard: Shard) -> tuple[str, bytes, Path]:
    return reading.word, (reading.dataset / shard.path).read_bytes(), reading.dataset


def refuse(reading: Reading, shard: Shard) -> None:
    msg = f"{reading.dataset / shard.path}: not a shard of records"
    raise InputError(msg)


@pytest.fixture
def shard(tmp_path: Path) -> Shard:
    (tmp_path / PATH).parent.mkdir(parents=True)
    (tmp_path / PATH).write_bytes(b"records")
    return Shard(PATH, "", 7, 0, 0, {}, {}, {}, {}, [], "", "", {}, {})


def test_a_shard_that_is_sent_is_read_in_a_folder_that_is_removed(tmp_path: Path, shard: Shard):
    steps = over_shards(read, tmp_path)
    assert steps.may_leave(shard)
    shared = Reading(tmp_path, "word")
    here = steps(shared, shard)
    sent = steps.read(shared, shard)
    (tmp_path / PATH).unlink()
    there = steps.write(shared, shard, steps.work(shared, shard, sent))
    assert here[:2] == there[:2] == ("word", b"records")
    assert there[2] != tmp_path
    assert not there[2].exists()
    assert not steps.may_leave(shard)  # it is not on this machine, so another one cannot be sent it


def test_an_error_names_the_file_of_the_dataset_and_not_that_of_the_folder(tmp_path: Path, shard: Shard):
    steps = over_shards(refuse, tmp_path)
    with pytest.raises(InputError) as error:
        steps.work(Reading(tmp_path, ""), shard, steps.read(Reading(tmp_path, ""), shard))
    assert str(error.value) == f"{tmp_path / PATH}: not a shard of records"
