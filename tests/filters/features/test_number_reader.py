from __future__ import annotations

import pytest

from glotmill.filters.features.figures import read_figure, roman
from glotmill.filters.features.number_reader import reader


@pytest.mark.parametrize(
    ("lang", "text", "stated"),
    [
        ("eng_Latn", "twenty-two dogs and five cats", [22, 5]),
        ("eng_Latn", "one hundred and five", [105]),
        ("eng_Latn", "two and three", [2, 3]),
        ("eng_Latn", "two ten-year-olds", [2, 10]),
        ("eng_Latn", "20 five-year-olds", [20, 5]),
        ("eng_Latn", "nineteen eighty-four", [1984]),
        ("eng_Latn", "a second in May", []),
        ("eng_Latn", "3 million", [3_000_000]),
        ("deu_Latn", "dreitausendvierhundertzweiundsechzig", [3462]),
        ("deu_Latn", "ein Zweierpack", []),
        ("zho_Hans", "三千七百六十二", [3762]),
        ("ind_Latn", "seribu sembilan ratus", [1900]),
        ("ron_Latn", "patru mii o sută treizeci și trei", [4133]),
        ("ron_Latn", "o mie o sută de oameni", [1100]),
        ("cym_Latn", "cant a phedwar ar bymtheg", [119]),
        ("cym_Latn", "cant a phymtheg a phedwar ugain", [195]),
        ("cym_Latn", "pedwar cant a hanner ac un", [451]),
        ("ben_Beng", "একশত সাতত্রিশ", [137]),
        ("kan_Knda", "ಒಂದು ನೂರ ತೊಂಬತ್ತ ಮೂರು", [193]),
        ("shn_Mymr", "12 3", [12, 3]),
    ],
)
def test_numbers_are_read_whole(lang: str, text: str, stated: list[int]):
    assert [number.values[0] for number in reader(lang).read(text).stated] == stated


def test_a_figure_has_a_value_for_each_way_to_read_its_marks():
    assert read_figure("1,000").values == (1000, 1)
    assert read_figure("1.5").values == (1.5, 15)
    assert read_figure("10:30").values == (1030,)
    assert read_figure("10:30").groups == (10, 30)
    assert read_figure("٤٢").values == (42,)
    assert read_figure("9" * 30).values == ("9" * 30,)


def test_roman_numerals_of_two_letters_and_more_are_read():
    assert roman("Louis XIV, chapter IX and I") == {14, 9}
