from __future__ import annotations

import numpy as np
import polars as pl

from glotmill.filters.features.words import Words


def words(*texts: str, unspaced: bool = False) -> Words:
    return Words.of(pl.Series(texts, dtype=pl.String), np.full(len(texts), unspaced))


def test_words_are_counted_by_text_and_empty_texts_have_none():
    assert words("A dog, a DOG!", "", "two").count().tolist() == [4, 0, 1]


def test_characters_are_words_where_there_are_no_spaces():
    assert words("狗 runs 3", unspaced=True).count().tolist() == [3]


def test_no_run_spans_two_texts():
    assert words("a b", "c d").grams(2).count().tolist() == [1, 1]
    assert words("a", "b").grams(2).count().tolist() == [0, 0]
    assert words().grams(2).count().tolist() == []


def test_equal_runs_are_equal_in_one_text_only():
    grams = words("x y x y", "x y").grams(2)
    assert grams.most().tolist() == [2, 1]
    assert grams.different().tolist() == [2, 1]


def test_order_and_repetition_tell_runs_apart():
    assert words("a b a").grams(2).different().tolist() == [2]
    assert words("a a b b").grams(2).different().tolist() == [3]


def runs(*pairs: tuple[str, str], counted: str, least: int = 1) -> list[int]:
    target, source = words(*(text for text, _ in pairs)), words(*(text for _, text in pairs))
    some = target.grams(1).within(words(*[counted] * len(pairs)).grams(1))
    return target.longest_run(target.grams(2).within(source.grams(2)), some, np.full(len(pairs), least)).tolist()


def test_the_longest_run_is_within_one_text():
    assert runs(("x a b", "a b c"), ("c d", "a"), ("", ""), ("a b c d", "b c d e"), counted="a b c d") == [2, 0, 0, 3]


def test_a_run_has_so_many_words_that_count():
    pair = ("x a B c d", "a B c d")
    assert [runs(pair, counted="a c", least=least) for least in (1, 2, 3)] == [[4], [4], [0]]


def test_half_of_a_run_are_words_that_count():
    pair = ("the good the bad and the ugly", "the good the bad and the ugly")
    assert [runs(pair, counted=some, least=3) for some in ("the", "the and")] == [[0], [7]]


def test_one_word_is_no_run():
    assert runs(("a x a", "a b a"), counted="a") == [0]


def test_runs_that_repeat_an_earlier_one_of_their_text_are_not_the_first():
    assert words("x y x y", "x y").grams(2).first().tolist() == [True, True, False, True]


def test_runs_of_other_texts_are_found_in_the_same_row_only():
    assert words("x y", "x y").grams(1).within(words("y", "x z").grams(1)).tolist() == [False, True, True, False]


def test_texts_that_are_chosen_keep_their_words():
    chosen = words("a b", "c", "", "d e f").of_texts(np.array([0, 2, 3]))
    assert (chosen.texts, chosen.count().tolist(), chosen.letters.tolist()) == (3, [2, 0, 3], [1, 1, 1, 1, 1])


def test_languages_with_and_without_spaces_stand_side_by_side():
    mixed = Words.of(pl.Series(["a b c", "狗 跑", "d e"]), np.array([False, True, False]))
    assert mixed.row.tolist() == [0, 0, 0, 1, 1, 2, 2]
