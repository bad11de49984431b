from __future__ import annotations

import pyarrow as pa
import pytest

from glotmill.filters.contract import PAIR_SCHEMA
from glotmill.filters.policy import make_policy
from glotmill.filters.scorers.numbers import NumbersScorer


def judged(lang: str, source: str, target: str, source_lang: str = "eng_Latn") -> tuple[float | None, ...]:
    row = {"source_lang": source_lang, "lang": lang, "source": source, "target": target}
    found = NumbersScorer().score(pa.Table.from_pylist([row], schema=PAIR_SCHEMA))
    return tuple(found[name].to_pylist()[0] for name in ("extra", "missing", "changed"))


@pytest.mark.parametrize(
    ("lang", "source", "target"),
    [
        ("deu_Latn", "2 dogs", "zwei Hunde"),
        ("deu_Latn", "two dogs", "2 Hunde"),
        ("deu_Latn", "22 dogs", "zweiundzwanzig Hunde"),
        ("deu_Latn", "two hundred and five dogs", "zweihundertfünf Hunde"),
        ("deu_Latn", "205 dogs", "zweihundertfünf Hunde"),
        ("nld_Latn", "22", "tweeëntwintig"),
        ("dan_Latn", "55", "femoghalvtreds"),
        ("fra_Latn", "ninety-nine", "quatre-vingt-dix-neuf"),
        ("ces_Latn", "two dogs", "se dvěma psy"),
        ("pol_Latn", "two dogs", "dwóch psów"),
        ("rus_Cyrl", "with two dogs", "с двумя собаками"),
        ("ukr_Cyrl", "five dogs", "п’ять собак"),
        ("fin_Latn", "in two houses", "kahdessa talossa"),
        ("hun_Latn", "twenty-two", "huszonkettő"),
        ("tur_Latn", "twenty-four", "yirmi dört"),
        ("arb_Arab", "25 men", "خمسة وعشرون رجلا"),
        ("heb_Hebr", "112", "מאה ושתים עשרה"),
        ("hin_Deva", "six dogs", "छह कुत्ते"),
        ("swh_Latn", "two hundred", "mia mbili"),
        ("jpn_Jpan", "two dogs", "犬が2匹"),
        ("jpn_Jpan", "two dogs", "犬が二匹"),
        ("kor_Hang", "a double-decker bus", "2층 버스"),
        ("kor_Hang", "a teenager", "10대"),
        ("kor_Hang", "one person", "1인분"),
        ("kor_Hang", "twelve people", "십이명"),
        ("zho_Hans", "two dogs", "两只狗"),
        ("zho_Hant", "two dogs", "兩隻狗"),
        ("tha_Thai", "two dogs", "หมาสองตัว"),
        ("eus_Latn", "twenty-two", "hogeita bi"),  # written by hand
        ("eng_Latn", "seven thousand, four hundred", "7,400"),
    ],
)
def test_words_and_figures_of_the_same_number_agree(lang: str, source: str, target: str):
    assert judged(lang, source, target) == (0, 0, 0)
    assert judged("eng_Latn", target, source, lang)[0] == 0


@pytest.mark.parametrize(
    ("lang", "source", "target"),
    [
        ("deu_Latn", "at 10:30", "um 10.30 Uhr"),
        ("fra_Latn", "at 3 pm", "à 15:00"),
        ("deu_Latn", "It is 3:30.", "Es ist halb vier."),
        ("deu_Latn", "1,000 people", "1.000 Leute"),
        ("fra_Latn", "1,000 people", "1 000 personnes"),
        ("hin_Deva", "1000000 people", "10,00,000 लोग"),
        ("deu_Latn", "1.5 million", "1,5 Millionen"),
        ("rus_Cyrl", "2.5 million", "2 500 000"),
        ("jpn_Jpan", "25,000 people", "2万5千人"),
        ("kor_Hang", "25,000", "2만 5천"),
        ("arb_Arab", "number 42", "عدد ٤٢"),
        ("fra_Latn", "in nineteen eighty-four", "en 1984"),
        ("deu_Latn", "a dozen eggs", "12 Eier"),
        ("deu_Latn", "in May", "im 5. Monat"),
        ("deu_Latn", "Louis XIV", "Ludwig der 14."),
        ("deu_Latn", "number 07", "Nummer 7"),
        ("deu_Latn", "no figures", "keine"),
    ],
)
def test_times_separators_digits_and_names_of_numbers_agree(lang: str, source: str, target: str):
    assert judged(lang, source, target) == (0, 0, 0)


@pytest.mark.parametrize(
    ("lang", "source", "target", "found"),
    [
        ("deu_Latn", "2 dogs", "3 Hunde", (1, 1, 1)),
        ("deu_Latn", "two dogs", "drei Hunde", (0, 1, 1)),
        ("ces_Latn", "two dogs", "se třemi psy", (0, 1, 1)),
        ("deu_Latn", "120", "2010", (1, 1, 1)),
        ("deu_Latn", "11:44", "144", (1, 1, 1)),
        ("deu_Latn", "10:30", "11:30", (1, 1, 1)),
        ("jpn_Jpan", "two dogs", "犬が三匹", (0, 1, 1)),
        ("fin_Latn", "twenty-two", "kaksikymmentäkolme", (0, 1, 1)),
        ("deu_Latn", "dogs", "12 Hunde", (1, 0, 0)),
        ("deu_Latn", "two dogs", "einige Hunde", (0, 1, 0)),
    ],
)
def test_a_number_of_one_side_alone_counts(lang: str, source: str, target: str, found: tuple[int, ...]):
    assert judged(lang, source, target) == found


def test_without_a_table_an_extra_figure_is_not_judged_and_never_rejects():
    assert judged("shn_Mymr", "two dogs", "3") == (None, 0, 0)
    assert judged("shn_Mymr", "two dogs", "2") == (0, 0, 0)  # nothing is extra
    assert judged("shn_Mymr", "many dogs", "") == (0, 0, 0)
    assert judged("shn_Mymr", "120 dogs", "") == (0, 1, 0)  # figures of two digits and more need no table
    actions = make_policy({}, ["numbers"]).actions
    assert actions == {"numbers.extra": "reject", "numbers.missing": "warn", "numbers.changed": "reject"}


def test_figures_of_any_length_are_compared_and_hostile_words_end():
    assert judged("deu_Latn", "9" * 5000, "9" * 5000) == (0, 0, 0)
    assert judged("deu_Latn", "9" * 5000, "8" * 5000) == (1, 1, 1)
    assert judged("kor_Hang", "two", "십이" * 3000)[0] == 0
    assert judged("deu_Latn", "two " * 5000, "einund" * 5000)[0] == 0


def test_rows_of_several_languages_are_judged_each_by_its_own_table():
    rows = [
        {"source_lang": source_lang, "lang": lang, "source": source, "target": target}
        for source_lang, lang, source, target in (
            ("eng_Latn", "deu_Latn", "two dogs", "2 Hunde"),
            ("deu_Latn", "eng_Latn", "zwei Hunde", "2 dogs"),
            ("eng_Latn", "deu_Latn", "dogs", "Hunde"),
            ("zho_Hans", "eng_Latn", "两只狗", "3 dogs"),
        )
    ]
    found = NumbersScorer().score(pa.Table.from_pylist(rows, schema=PAIR_SCHEMA))
    assert found["extra"].to_pylist() == [0, 0, 0, 1]


def test_no_pairs_give_no_scores():
    columns = NumbersScorer().score(pa.Table.from_pylist([], schema=PAIR_SCHEMA))
    assert [len(column) for column in columns.values()] == [0, 0, 0]
