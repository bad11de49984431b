from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from engine.stages.segment import SEGMENT_SCHEMA
from engine.stages.translate import TranslateStage, back_segments, join_back
from engine.store.memory import MEMORY_SCHEMA, Memory
from engine.store.runs import Run
from engine.translators import resolve_translator
from engine.workers.pool import make_pool
from recipes.model import FakeTranslate
from schemas.errors import ConservationError, WorkerError


def segments(*texts: str, lang: str = "deu_Latn", asked: int = 1) -> pl.DataFrame:
    columns = {"source_lang": "eng_Latn", "target_lang": lang, "text": list(texts), "asked": asked, "carrier": False}
    return pl.DataFrame(columns, schema=SEGMENT_SCHEMA)


class Bench:
    """A stage with a memory and a run in a folder of the test."""

    def __init__(self, folder: Path, **engine: Any) -> None:
        self.folder = folder
        self.spec = resolve_translator(
            FakeTranslate(engine="fake", **{"batch_tokens": 32, "unit_tokens": 64, **engine})
        )
        self.memory = Memory(folder / "memory")

    def do(self, asked: pl.DataFrame, digest: str = "aaaa", retry_failed: bool = False):
        run = Run.open(self.folder, {}, digest)
        with make_pool(self.spec, 0) as pool:
            stage = TranslateStage(self.spec, self.memory, run, pool)
            return stage.translate("forward", asked, retry_failed=retry_failed, advance=lambda *_: None)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


TEXTS = tuple(
    f"A dog and {word} cats."
    for word in ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
)


def test_every_segment_has_an_entry_and_equal_ones_are_sent_once(bench: Bench):
    entries, count = bench.do(pl.concat([segments(*TEXTS, asked=3), segments(*TEXTS[:4])]))
    assert (count.asked, count.unique, count.translated, count.from_memory) == (34, 10, 10, 0)
    assert dict(zip(entries["text"], entries["translation"], strict=True))["A dog and one cats."] == (
        "A dogˈdeu andˈdeu oneˈdeu catsˈdeu."
    )


def test_a_second_run_sends_nothing(bench: Bench):
    first, _ = bench.do(segments(*TEXTS))
    second, count = bench.do(segments(*TEXTS), digest="bbbb")
    assert (count.translated, count.from_memory) == (0, 10)
    assert second.equals(first)


def test_only_what_is_new_is_sent(bench: Bench):
    bench.do(segments(*TEXTS[:8]))
    _, count = bench.do(segments(*TEXTS), digest="bbbb")
    assert (count.translated, count.from_memory) == (2, 8)


def test_the_same_text_in_another_language_is_another_segment(bench: Bench):
    bench.do(segments(*TEXTS))
    _, count = bench.do(segments(*TEXTS, lang="fra_Latn"), digest="bbbb")
    assert count.translated == 10


def test_another_engine_setting_shares_nothing(tmp_path: Path):
    Bench(tmp_path).do(segments(*TEXTS))
    _, count = Bench(tmp_path, fault="echo").do(segments(*TEXTS), digest="bbbb")
    assert count.translated == 10


def test_failures_are_remembered_and_asked_again_only_on_request(tmp_path: Path):
    broken = Bench(tmp_path, fault="empty")
    entries, _ = broken.do(segments(*TEXTS))
    assert entries["failure"].to_list() == ["failed:empty_output"] * 10
    assert broken.do(segments(*TEXTS), digest="bbbb")[1].translated == 0
    assert broken.do(segments(*TEXTS), digest="cccc", retry_failed=True)[1].translated == 10


def test_a_crash_keeps_what_was_committed_and_the_next_run_finishes_the_units_as_written(tmp_path: Path):
    whole, _ = Bench(tmp_path / "whole", batch_sensitive=True).do(segments(*TEXTS))
    crashing = Bench(tmp_path / "part", batch_sensitive=True, crash_at_batch=4)
    with pytest.raises(WorkerError, match="batch 4"):
        crashing.do(segments(*TEXTS))
    committed = pl.read_parquet(crashing.memory.files())
    assert 0 < committed.height < 10
    (written,) = Run.open(tmp_path / "part", {}, "aaaa").unit_files("forward")
    before = written.read_bytes()
    resumed, count = Bench(tmp_path / "part", batch_sensitive=True).do(segments(*TEXTS))
    assert count.from_memory == committed.height
    assert resumed.equals(whole)  # log-probabilities carry a digest of the batch
    assert written.read_bytes() == before


def test_a_unit_of_which_another_build_knows_a_segment_is_finished_whole_in_its_recorded_batches(tmp_path: Path):
    """Packed without that segment, the others of its batch would get other log-probabilities."""
    texts = [f"A dog and {'very ' * (i % 9)}many cats number {i}." for i in range(60)]
    engine = {"batch_sensitive": True, "batch_tokens": 96, "unit_tokens": 128}
    complete = Bench(tmp_path / "whole", **engine)
    whole, _ = complete.do(segments(*texts))
    bench = Bench(tmp_path / "part", **engine)
    with pytest.raises(WorkerError):
        Bench(tmp_path / "part", **engine, crash_at_batch=5).do(segments(*texts))
    known = set(pl.read_parquet(bench.memory.files())["key"])
    for path in complete.memory.files():
        unit = pl.read_parquet(path)
        if unit["key"][0] not in known:  # the other build has the first segment of each open unit
            bench.memory.commit(unit.head(1).to_arrow().cast(MEMORY_SCHEMA))
    resumed, count = bench.do(segments(*texts))
    assert 0 < count.from_memory < count.unique
    assert resumed.equals(whole)


def test_a_result_that_the_memory_lost_is_an_error_and_not_a_missing_row(bench: Bench, monkeypatch):
    monkeypatch.setattr(bench.memory, "commit", lambda entries: None)
    with pytest.raises(ConservationError, match="no memory entry"):
        bench.do(segments(*TEXTS))


def test_entries_come_from_what_is_read_back(bench: Bench):
    """Another build's entry under a lower number wins, also over the text just made."""
    bench.do(segments(TEXTS[0]))
    row = pl.read_parquet(bench.memory.files()[0]).with_columns(text=pl.lit("von Hand"), origin=pl.lit("human"))
    bench.memory.commit(row.to_arrow().cast(MEMORY_SCHEMA))
    again, _ = bench.do(segments(TEXTS[0]), digest="bbbb")
    assert again["translation"].to_list() == ["von Hand"]


def test_the_way_back_swaps_languages_and_asks_each_translation_once(bench: Bench):
    forward, _ = bench.do(segments("a dog", "a dog!"))
    asked = back_segments(forward)
    assert asked.row(0, named=True) == {
        "source_lang": "deu_Latn", "target_lang": "eng_Latn", "text": "a dogˈdeu", "asked": 1,
        "carrier": False,
    }  # fmt: skip
    back, _ = bench.do(asked, digest="bbbb")
    assert join_back(forward, back)["back"].to_list() == ["a dog", "a dog!"]


def test_a_way_back_that_failed_is_marked(tmp_path: Path):
    forward, _ = Bench(tmp_path).do(segments("a dog"))
    back, _ = Bench(tmp_path, fault="empty").do(back_segments(forward), digest="bbbb")
    joined = join_back(forward, back)
    assert (joined["back"].to_list(), joined["back_failed"].to_list()) == ([None], [True])


def test_without_a_way_back_there_are_nulls(bench: Bench):
    forward, _ = bench.do(segments("a dog"))
    assert join_back(forward, None)["back"].to_list() == [None]


def test_a_translation_of_several_sentences_goes_back_sentence_by_sentence(bench: Bench):
    forward, _ = bench.do(segments("One dog. Two cats."))
    asked = back_segments(forward)
    assert sorted(asked["text"]) == ["Oneˈdeu dogˈdeu.", "Twoˈdeu catsˈdeu."]
    back, _ = bench.do(asked, digest="bbbb")
    assert join_back(forward, back)["back"].to_list() == ["One dog. Two cats."]


def test_a_translation_without_words_is_its_own_way_back(bench: Bench):
    forward, _ = bench.do(segments("a dog"))
    numbers = forward.with_columns(translation=pl.lit("42"))
    asked = back_segments(numbers)
    assert asked.height == 0
    back, _ = bench.do(asked, digest="bbbb")
    assert join_back(numbers, back)["back"].to_list() == ["42"]


def test_second_decodes_and_failures_are_counted_whenever_they_were_made(tmp_path: Path):
    healed = Bench(tmp_path, fault="empty", fault_every=2, retry_helps=True)
    _, first = healed.do(segments(*TEXTS))
    _, again = healed.do(segments(*TEXTS), digest="bbbb")
    assert 0 < first.retried == again.retried < 10
    assert first.failed == 0
    _, broken = Bench(tmp_path, fault="empty", fault_every=2).do(segments(*TEXTS), digest="cccc")
    assert broken.failed == broken.retried == first.retried
