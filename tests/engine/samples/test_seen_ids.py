from __future__ import annotations

import tracemalloc
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glotmill.engine.samples import seen_ids
from glotmill.engine.samples.seen_ids import SeenIds
from glotmill.schemas.keys import source_id


def ident(number: int) -> str:
    return source_id("d", "c", "s", str(number))


@given(st.lists(st.lists(st.integers(0, 40), max_size=30), max_size=30), st.sampled_from([2, 7, 1000]))
def test_it_answers_as_a_set_would_however_the_ids_come_and_wherever_they_lie(
    tmp_path_factory, batches: list[list[int]], in_memory: int
):
    folder, known = tmp_path_factory.mktemp("seen"), set()
    seen = SeenIds(folder)
    with patch.multiple(seen_ids, IN_MEMORY=in_memory, AT_A_TIME=3):
        for batch in batches:
            expected = []
            for number in batch:
                expected.append(number not in known)
                known.add(number)
            assert seen.first_time([ident(number) for number in batch]) == expected
    assert in_memory < 1000 or not any(folder.iterdir())


def test_long_runs_lie_on_disk_and_those_that_were_merged_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(seen_ids, "IN_MEMORY", 100)
    seen = SeenIds(tmp_path)
    for start in range(0, 3000, 50):
        assert all(seen.first_time([ident(number) for number in range(start, start + 50)]))
    on_disk = sum(path.stat().st_size for path in tmp_path.iterdir()) // 16
    assert 2900 <= on_disk <= 3000
    assert not any(seen.first_time([ident(number) for number in range(3000)]))


@pytest.mark.parametrize("digest", ["00" * 16, "ff" * 16, "ab" * 15 + "00", "00" * 15 + "ab", "ab" + "00" * 15])
def test_every_one_of_the_32_digits_counts(tmp_path: Path, digest: str):
    seen = SeenIds(tmp_path)
    near = [digest[:place] + ("1" if digest[place] != "1" else "2") + digest[place + 1 :] for place in range(32)]
    assert all(seen.first_time(["s1:" + text for text in [digest, *near]]))
    assert not any(seen.first_time(["s1:" + text for text in [*near, digest]]))


def test_an_id_costs_16_bytes(tmp_path: Path):
    seen = SeenIds(tmp_path)
    batches = [[ident(start + i) for i in range(1000)] for start in range(0, 64_000, 1000)]
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for batch in batches:
        assert all(seen.first_time(batch))
    now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert now - before < 64_000 * 16 + 20_000
    assert peak - before < 64_000 * 16 * 4
