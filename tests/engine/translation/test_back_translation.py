from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from glotmill.engine.memory.entries import MEMORY_SCHEMA
from glotmill.engine.translation.back_translation import back_requests, back_table, join_back
from glotmill.engine.translation.language_entries import LanguageEntries
from glotmill.schemas.errors import ConservationError
from tests.engine.translation.bench import GERMAN, TEXTS, Bench, paths, segments


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_the_way_back_swaps_languages_and_asks_each_translation_once(bench: Bench):
    forward, _ = bench.do(segments("a dog", "a dog!"))
    assert back_table(forward, "deu_Latn").rows() == [("a dogˈdeu", 1, False), ("a dogˈdeu!", 1, False)]
    stage, _ = bench.phase("forward", segments("a dog"))
    assert back_requests(stage, segments("a dog")).directions() == [GERMAN.back]
    assert bench.there_and_back(segments("a dog", "a dog!")) == [
        ("a dog", "a dogˈdeu", "a dog", False), ("a dog!", "a dogˈdeu!", "a dog!", False),
    ]  # fmt: skip


def test_a_way_back_that_failed_is_marked(tmp_path: Path):
    forward, _ = Bench(tmp_path).do(segments("a dog"))
    asked = back_table(forward, "deu_Latn")
    failed = asked.select("text", translation=pl.lit(None, pl.String))
    joined = join_back(forward, failed, "deu_Latn")
    assert (joined["back"].to_list(), joined["back_failed"].to_list()) == ([None], [True])


def test_without_a_way_back_there_are_nulls(bench: Bench):
    stage, _ = bench.phase("forward", segments("a dog"))
    assert LanguageEntries(stage, segments("a dog"), returned=False).into("deu_Latn")["back"].to_list() == [None]


def test_a_language_in_which_nothing_is_asked_has_no_entries(bench: Bench):
    stage, _ = bench.phase("forward", segments("a dog"))
    assert LanguageEntries(stage, segments("a dog"), returned=False).into("fra_Latn").height == 0


def test_a_translation_of_several_sentences_goes_back_sentence_by_sentence(bench: Bench):
    forward, _ = bench.do(segments("One dog. Two cats."))
    assert back_table(forward, "deu_Latn")["text"].to_list() == ["Oneˈdeu dogˈdeu.", "Twoˈdeu catsˈdeu."]
    ((_, _, back, _),) = bench.there_and_back(segments("One dog. Two cats."))
    assert back == "One dog. Two cats."


def test_a_translation_without_words_is_its_own_way_back(bench: Bench):
    forward, _ = bench.do(segments("a dog"))
    numbers = forward.with_columns(translation=pl.lit("42"))
    asked = back_table(numbers, "deu_Latn")
    assert asked.height == 0
    none = pl.DataFrame(schema={"text": pl.String, "translation": pl.String})
    assert join_back(numbers, none, "deu_Latn")["back"].to_list() == ["42"]


def test_carriers_do_not_go_back(bench: Bench):
    asked = segments("a dog")
    asked.add("eng_Latn", ("deu_Latn",), ["What is it? A dog."], carrier=True)
    forward, _ = bench.do(asked)
    assert back_table(forward, "deu_Latn")["text"].to_list() == ["a dogˈdeu"]


def test_a_correction_that_comes_after_the_way_back_was_asked_is_one_clear_error(bench: Bench):
    asked = segments(*TEXTS)
    stage, _ = bench.phase("forward", asked)
    bench.phase("back", back_requests(stage, asked))
    row = pl.read_parquet(paths(bench)[0]).head(1).with_columns(text=pl.lit("Von Hand."), origin=pl.lit("human"))
    bench.memory.correct(row.to_arrow().cast(MEMORY_SCHEMA))
    with pytest.raises(ConservationError, match=r"'Von Hand\.' has no back-translation; run the same command again"):
        LanguageEntries(stage, asked, returned=True).into("deu_Latn")
