from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glotmill.engine.samples.seen_ids import SeenIds
from glotmill.schemas.keys import source_id


def ident(number: int) -> str:
    return source_id("d", "c", "s", str(number))


@given(st.lists(st.lists(st.integers(0, 40), max_size=30), max_size=30))
def test_it_answers_as_a_set_would_however_the_ids_come(batches: list[list[int]]):
    seen, known = SeenIds(), set()
    for batch in batches:
        expected = []
        for number in batch:
            expected.append(number not in known)
            known.add(number)
        assert seen.first_time([ident(number) for number in batch]) == expected


@pytest.mark.parametrize("digest", ["00" * 16, "ff" * 16, "ab" * 15 + "00", "00" * 15 + "ab", "ab" + "00" * 15])
def test_every_one_of_the_32_digits_counts(digest: str):
    seen = SeenIds()
    near = [digest[:place] + ("1" if digest[place] != "1" else "2") + digest[place + 1 :] for place in range(32)]
    assert all(seen.first_time(["s1:" + text for text in [digest, *near]]))
    assert not any(seen.first_time(["s1:" + text for text in [*near, digest]]))


def test_an_id_costs_16_bytes():
    seen = SeenIds()
    batches = [[ident(start + i) for i in range(1000)] for start in range(0, 64_000, 1000)]
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for batch in batches:
        assert all(seen.first_time(batch))
    now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert now - before < 64_000 * 16 + 20_000
    assert peak - before < 64_000 * 16 * 4
