"""The entries into each language: the same whoever else's were read with them, and few readings of the memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from glotmill.engine.memory.commit_log import NumberedFiles
from glotmill.engine.memory.scores import ScoreStore
from glotmill.engine.runs.run import Run
from glotmill.engine.translation import language_entries
from glotmill.engine.translation.back_translation import back_requests
from glotmill.engine.translation.forced_scores import ForcedStage
from glotmill.engine.translation.language_entries import LanguageEntries
from glotmill.engine.translation.requests import Segments
from glotmill.engine.translation.stage import TranslateStage
from glotmill.engine.workers.pool import make_pool
from glotmill.engine.workers.stage_tasks import Held
from tests.engine.translation.bench import Bench

LANGS = ["deu_Latn", "fra_Latn", "ces_Latn", "swh_Latn"]


@pytest.fixture
def reader(tmp_path: Path):
    """Makes what reads the entries of two texts in four languages, wanted in some order."""
    bench = Bench(tmp_path)
    asked = Segments()
    asked.add("eng_Latn", tuple(LANGS), ["a dog", "a cat sleeps"])
    with make_pool(bench.spec, 0) as pool:
        run = Run.open(bench.folder, {}, "aaaa")
        work = TranslateStage(bench.spec, bench.memory, run, pool)
        work.translate("forward", asked, retry_failed=False, advance=lambda *_: None)
        forced = ForcedStage(bench.spec, work, asked, ScoreStore(bench.memory.folder), run, pool)
        forced.force(lambda *_: None)
        work.translate("back", back_requests(work, asked), retry_failed=False, advance=lambda *_: None)
        yield lambda langs: LanguageEntries(work, asked, returned=True, forced=forced, langs=langs)


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The stores that were read, one item a reading."""
    found: list[str] = []
    select = NumberedFiles.select

    def noted(self: NumberedFiles, query: Any, **options: Any) -> pl.DataFrame:
        found.append(Path(str(self.folder)).name)
        return select(self, query, **options)

    monkeypatch.setattr(NumberedFiles, "select", noted)
    return found


def test_a_language_has_the_same_entries_alone_and_with_others(reader):
    alone = {lang: reader([]).into(lang) for lang in LANGS}
    together = reader(LANGS)
    for lang in LANGS:
        assert_frame_equal(together.into(lang), alone[lang])
    assert list(map(len, alone.values())) == [2, 2, 2, 2]
    assert not any(frame["reverse"].null_count() + frame["back"].null_count() for frame in alone.values())


def test_small_languages_that_are_wanted_one_after_the_other_are_read_together(reader, readings: list[str]):
    entries = reader(LANGS)
    for lang in LANGS:
        entries.into(lang)
    assert sorted(readings) == ["corrections", "corrections", "scores", "translations", "translations"]


def test_lent_entries_are_those_that_are_read_one_by_one_and_take_one_reading(reader, readings: list[str]):
    lent = reader(["fra_Latn", "spa_Latn"]).lent(Held)
    assert sorted(readings) == ["corrections", "corrections", "scores", "translations", "translations"]
    for lang in [*LANGS, "spa_Latn"]:
        assert_frame_equal(lent.into(lang), reader([]).into(lang))


def test_a_large_language_is_read_by_itself(reader, readings: list[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(language_entries, "ENTRIES_AT_ONCE", 3)
    entries = reader(LANGS)
    for number, lang in enumerate(LANGS, start=1):
        entries.into(lang)
        assert readings.count("scores") == number


def test_languages_may_be_wanted_in_any_order_and_again(reader):
    alone = {lang: reader([]).into(lang) for lang in LANGS}
    entries = reader(LANGS)
    for lang in ["fra_Latn", "swh_Latn", "deu_Latn", "fra_Latn", "swh_Latn", "swh_Latn", "ces_Latn", *LANGS]:
        assert_frame_equal(entries.into(lang), alone[lang])
