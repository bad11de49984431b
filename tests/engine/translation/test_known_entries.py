"""A phase looks a memory through once; then it looks into the files that came later."""

from __future__ import annotations

from pathlib import Path

import pytest

from glotmill.engine.memory.commit_log import NumberedFiles
from tests.engine.translation.bench import TEXTS, Bench, paths, segments


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.fixture
def looks(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers behind which the files of translations were looked through, in turn."""
    found: list[int] = []
    select = NumberedFiles.select

    def noted(self: NumberedFiles, query, **options):
        if self.folder.location("x") == bench.memory.translations.folder.location("x"):
            found.append(options.get("after", 0))
        return select(self, query, **options)

    monkeypatch.setattr(NumberedFiles, "select", noted)
    return found


def test_files_of_before_a_phase_are_opened_when_it_is_planned_and_not_again(bench: Bench, looks: list[int]):
    bench.do(segments(*TEXTS[:3]))
    before = len(paths(bench))
    looks.clear()
    entries, count = bench.do(segments(*TEXTS), digest="bbbb")
    assert (count.from_memory, entries.height, entries["translation"].null_count()) == (3, len(TEXTS), 0)
    assert looks[:2] == [0, 0]  # what is missing, and what the memory says of the rest
    assert set(looks[2:]) == {before}


def test_where_nothing_is_known_the_memory_is_looked_through_once(bench: Bench, looks: list[int]):
    bench.do(segments(*TEXTS))
    looks.clear()
    bench.do(segments("A new dog."), digest="bbbb")
    assert looks.count(0) == 1


def test_what_was_known_in_an_earlier_attempt_is_not_taken_for_what_is(bench: Bench):
    whole, _ = bench.do(segments(*TEXTS))
    for path in paths(bench):
        path.unlink()
    again, count = bench.do(segments(*TEXTS))
    assert count.from_memory == 0
    assert again.equals(whole)
