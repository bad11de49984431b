"""A phase looks a memory through once; then it looks into the files that came later."""

from __future__ import annotations

from pathlib import Path

import pytest

from glotmill.engine.memory.commit_log import NumberedFiles
from glotmill.engine.memory.scores import ScoreStore
from glotmill.engine.runs.run import Run
from glotmill.engine.translation.forced_scores import ForcedCount, ForcedStage
from glotmill.engine.workers.pool import make_pool
from tests.engine.translation.bench import GERMAN, TEXTS, Bench, paths, segments


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.fixture
def looks(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers behind which the files of translations were looked through, in turn."""
    found: list[int] = []
    select = NumberedFiles.select

    def noted(self: NumberedFiles, query, **options):
        opens = options.get("only") != set()
        if opens and self.folder.location("x") == bench.memory.translations.folder.location("x"):
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


def test_a_phase_that_went_well_is_counted_without_one_more_look(bench: Bench, looks: list[int]):
    _, count = bench.phase("back", segments(*TEXTS))
    assert (count.unique, count.translated, count.retried, count.failed) == (10, 10, 0, 0)
    assert looks == [0]  # what is missing


def test_where_a_request_failed_the_memory_says_how_many_did(tmp_path: Path):
    bench = Bench(tmp_path, fault="empty", fault_every=2)
    _, count = bench.phase("back", segments(*TEXTS))
    assert 0 < count.failed < count.unique
    again = bench.phase("back", segments(*TEXTS), digest="bbbb")[1]
    assert (again.failed, again.retried, again.translated) == (count.failed, count.retried, 0)


def test_what_several_phases_read_is_looked_up_once_for_all(bench: Bench, looks: list[int]):
    """In a memory that says of each text what it said before, as builds have it."""
    bench.memory.freeze()
    stage, _ = bench.phase("forward", segments(*TEXTS))
    looks.clear()
    first, second = (stage.entries("forward", GERMAN) for _ in range(2))
    assert looks == []
    assert first.equals(second)
    fresh = Bench(bench.folder)
    assert first.equals(fresh.do(segments(*TEXTS), digest="bbbb")[0])


def test_forced_scores_are_counted_without_one_more_look(bench: Bench, monkeypatch: pytest.MonkeyPatch):
    asked = segments(*TEXTS)
    found: list[int] = []
    lookup = ScoreStore.lookup

    def noted(self: ScoreStore, *args, **options):
        found.append(options.get("after", 0))
        return lookup(self, *args, **options)

    monkeypatch.setattr(ScoreStore, "lookup", noted)
    run = Run.open(bench.folder, {}, "aaaa")
    stage, _ = bench.phase("forward", asked)
    with make_pool(bench.spec, 0) as pool:
        forced = ForcedStage(bench.spec, stage, asked, ScoreStore(bench.memory.folder), run, pool)
        assert forced.force(lambda *_: None) == ForcedCount(unique=20, scored=20, from_store=0, failed=0)
    assert found == [0]
    (joined,) = dict(forced.beside({GERMAN: stage.entries("forward", GERMAN)})).values()
    assert joined["reverse"].null_count() == joined["alone"].null_count() == 0
