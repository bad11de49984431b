from __future__ import annotations

from pathlib import Path

import orjson
import polars as pl
import pytest

from glotmill.engine.memory.entries import MEMORY_SCHEMA, Direction
from glotmill.engine.memory.numbered_file import FILE
from glotmill.engine.memory.scores import ScoreStore
from glotmill.engine.runs.run import Run
from glotmill.engine.translation.forced_scores import ForcedCount, ForcedStage
from glotmill.engine.translation.language_entries import LanguageEntries
from glotmill.engine.translation.requests import Segments
from glotmill.engine.translation.stage import TranslateStage
from glotmill.engine.translation.window_order import WindowOrder, WindowPlace
from glotmill.engine.translators.contract import ForcedScore
from glotmill.engine.translators.fake import FakeTranslator
from glotmill.engine.workers.pool import make_pool
from glotmill.schemas.errors import ConservationError, TranslatorError
from tests.engine.translation.bench import TEXTS, Bench, Killed, paths, segments


def force(
    bench: Bench,
    asked: Segments,
    digest: str = "aaaa",
    *,
    dies_after: int | None = None,
    place: WindowPlace | None = None,
):
    """(the entries into German with their forced scores, the counts); None where it was killed."""
    run = Run.open(bench.folder, {}, digest)
    left = dies_after

    def advance(*_: int) -> None:
        nonlocal left
        if left is not None:
            if left == 0:
                raise Killed
            left -= 1

    with make_pool(bench.spec, 0) as pool:
        work = TranslateStage(bench.spec, bench.memory, run, pool)
        work.translate("forward", asked, retry_failed=False, advance=lambda *_: None)
        stage = ForcedStage(bench.spec, work, asked, ScoreStore(bench.memory.folder), run, pool, place=place)
        if dies_after is not None:
            with pytest.raises(Killed):
                stage.force(advance)
            return None
        count = stage.force(advance)
    return LanguageEntries(work, asked, returned=False, forced=stage).into("deu_Latn"), count


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_a_source_has_its_words_probabilities_given_its_translation_and_given_nothing(bench: Bench):
    entries, _ = force(bench, segments("a dog runs"))
    assert entries.select("reverse", "alone").rows() == [
        ([-0.5, -0.5, -0.5, -0.5, 4.0], [-5.0, -5.0, -5.0, -0.5, 4.0]),
    ]


def test_a_pair_is_scored_once_and_a_source_alone_once_whatever_the_languages(bench: Bench):
    asked = segments(*TEXTS, *TEXTS)
    asked.add("eng_Latn", ("fra_Latn",), list(TEXTS[:4]))
    _, count = force(bench, asked)
    assert count == ForcedCount(unique=10 + 4 + 10, scored=24, from_store=0, failed=0)


@pytest.mark.parametrize(("last", "kinds_in_a_file"), [(False, 1), (True, 2)])
def test_sources_alone_are_in_files_of_their_own_where_later_windows_look_for_them(
    bench: Bench, last: bool, kinds_in_a_file: int
):
    force(bench, segments(*TEXTS), place=WindowOrder().place(0, last=last))
    run = Run.open(bench.folder, {}, "aaaa")
    alone = set(run.read_requests("forced", Direction("eng_Latn", "eng_Latn"))["key"])
    rows = ScoreStore(bench.memory.folder).files.select(lambda rows: rows.select("key", FILE))
    kinds = rows.group_by(FILE).agg(pl.col("key").is_in(alone).unique())["key"]
    assert kinds.list.len().max() == kinds_in_a_file
    assert rows["key"].is_in(alone).sum() == len(TEXTS)


def test_a_second_build_asks_nothing_and_reads_the_same(bench: Bench, monkeypatch):
    first, _ = force(bench, segments(*TEXTS))
    monkeypatch.setattr(FakeTranslator, "score", None)
    again, count = force(bench, segments(*TEXTS), "bbbb")
    assert count == ForcedCount(unique=20, scored=0, from_store=20, failed=0)
    assert again.equals(first)


def test_only_what_is_new_is_scored(bench: Bench):
    force(bench, segments(*TEXTS[:7]))
    assert force(bench, segments(*TEXTS), "bbbb")[1].scored == 6


def test_a_kill_keeps_what_was_committed_and_the_next_run_finishes_the_units_as_written(tmp_path: Path):
    whole, _ = force(Bench(tmp_path / "whole", batch_sensitive=True), segments(*TEXTS))
    bench = Bench(tmp_path / "part", batch_sensitive=True)
    force(bench, segments(*TEXTS), dies_after=2)  # the first call says that the workers are ready
    resumed, count = force(bench, segments(*TEXTS))
    assert 0 < count.from_store < count.unique
    assert resumed.equals(whole)  # forced scores carry a digest of the batch


def cursed(monkeypatch: pytest.MonkeyPatch, score) -> None:
    real = FakeTranslator.score

    def forced(self, pairs):
        return score(real, self, pairs)

    monkeypatch.setattr(FakeTranslator, "score", forced)


def test_a_pair_that_breaks_the_engine_costs_its_own_score_only(bench: Bench, monkeypatch):
    def breaks(real, self, pairs):
        if any("seven" in pair.translation for pair in pairs):
            raise ValueError("seven")
        return real(self, pairs)

    cursed(monkeypatch, breaks)
    entries, count = force(bench, segments(*TEXTS))
    assert count.failed == 2  # given its translation, and alone
    without = entries.filter(pl.col("reverse").is_null())
    assert without["text"].to_list() == ["A dog and seven cats."]
    assert without["translation"].null_count() == 0
    noted = [orjson.loads(line) for line in (bench.folder / "runs/0001-aaaa/failures.jsonl").open()]
    assert {(line["phase"], line["reason"]) for line in noted} == {("forced", "engine_error")}
    monkeypatch.undo()
    assert force(bench, segments(*TEXTS), "bbbb")[1] == ForcedCount(20, 0, 20, 2)  # remembered


@pytest.mark.parametrize("score", [None, ForcedScore((-1.0, float("nan")), -1.0, 3)], ids=["none", "not finite"])
def test_a_pair_that_the_engine_cannot_score_has_no_score(bench: Bench, monkeypatch, score):
    cursed(monkeypatch, lambda real, self, pairs: [score] * len(pairs))
    entries, count = force(bench, segments(*TEXTS))
    assert count.failed == 20
    assert entries["reverse"].null_count() == entries["alone"].null_count() == 10


def test_an_engine_that_gives_too_few_scores_broke_its_contract(monkeypatch, tmp_path: Path):
    from glotmill.engine.workers.unit_plan import plan_units
    from glotmill.engine.workers.units import do_unit

    rows = pl.DataFrame({"key": "k", "source_lang": "deu_Latn", "target_lang": "eng_Latn", "text": "x",
                         "translation": "y"})  # fmt: skip
    cursed(monkeypatch, lambda real, self, pairs: [])
    unit = plan_units(rows, batch_tokens=64, unit_tokens=64).to_arrow()
    with pytest.raises(TranslatorError, match="0 scores for the 1 pairs"):
        do_unit(FakeTranslator(Bench(tmp_path).spec), unit)


def test_carriers_and_failed_translations_are_not_scored(tmp_path: Path):
    asked = segments("a dog")
    asked.add("eng_Latn", ("deu_Latn",), ["What is it? A dog."], carrier=True)
    entries, count = force(Bench(tmp_path / "carrier"), asked)
    assert count.unique == 2
    assert entries.filter(pl.col("reverse").is_not_null())["text"].to_list() == ["a dog"]
    entries, count = force(Bench(tmp_path / "empty", fault="empty"), segments("a dog"))
    assert (count.unique, entries["reverse"].to_list()) == (0, [None])


def test_a_correction_that_comes_after_the_scores_were_asked_is_one_clear_error(bench: Bench):
    asked = segments(*TEXTS)
    run = Run.open(bench.folder, {}, "aaaa")
    with make_pool(bench.spec, 0) as pool:
        work = TranslateStage(bench.spec, bench.memory, run, pool)
        work.translate("forward", asked, retry_failed=False, advance=lambda *_: None)
        stage = ForcedStage(bench.spec, work, asked, ScoreStore(bench.memory.folder), run, pool)
        stage.force(lambda *_: None)
    row = pl.read_parquet(paths(bench)[0]).head(1).with_columns(text=pl.lit("Von Hand."), origin=pl.lit("human"))
    bench.memory.correct(row.to_arrow().cast(MEMORY_SCHEMA))
    with pytest.raises(ConservationError, match=r"'Von Hand\.' has no forced score; run the same command again"):
        LanguageEntries(work, asked, returned=False, forced=stage).into("deu_Latn")
