from __future__ import annotations

import polars as pl
import pytest

from glotmill.filters.features.cues import denies, english_numbers, figures, is_number, negation_patterns
from glotmill.schemas.languages import registry


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("Two dogs and 3 cats", {"2": 1, "3": 1}), ("one dog, 1 cat, 0 mice", {}), ("two, two and 2", {"2": 3}),
     ("twofold", {}), ("12 of twelve", {"12": 2})],
)  # fmt: skip
def test_words_and_figures_are_one(text: str, numbers: dict[str, int]):
    assert english_numbers(text) == numbers


def test_a_word_with_its_comma_is_a_number():
    assert is_number("Three,")
    assert not is_number("tree")


@pytest.mark.parametrize(("text", "yes"), [("It isn't.", True), ("No dogs.", True), ("A knot in the note.", False)])
def test_what_denies_is_a_word_of_its_own(text: str, yes: bool):
    assert denies(text) is yes


def test_every_pattern_is_of_a_language_and_compiles():
    for lang, pattern in negation_patterns().items():
        assert lang in registry()
        assert pl.Series(["x"]).str.contains(pattern).to_list() == [False]


def test_figures_are_ascii_without_separators_and_leading_zeros():
    assert figures("٤٢ 1,000 007 0") == {"42": 1, "1000": 1, "7": 1, "0": 1}
