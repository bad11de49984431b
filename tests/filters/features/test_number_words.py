from __future__ import annotations

import pytest

from glotmill.filters.features.number_words import BY_HAND, KINDS, WORDS, fold, languages, lexicon
from glotmill.schemas.languages import read_table, registry


def test_the_tables_name_languages_and_kinds_that_exist_and_no_form_is_empty():
    for path in (WORDS, BY_HAND):
        for row in read_table(path):
            assert set(row["lang"].split("|")) <= set(registry()), row
            assert row["kind"] in KINDS, row
            assert row["kind"] == "units_first" or all(form.strip() for form in row["forms"].split("|")), row


def test_most_languages_of_llms_have_a_table():
    assert len(languages()) >= 120
    assert {"eng_Latn", "deu_Latn", "zho_Hans", "jpn_Jpan", "kor_Hang", "swh_Latn", "yor_Latn"} <= set(languages())
    assert lexicon("shn_Mymr") is None


@pytest.mark.parametrize("lang", languages())
def test_every_table_counts_from_two_to_ten(lang: str):
    words = lexicon(lang)
    assert words is not None
    known = {value for values in words.cardinals.values() for value in values}
    assert set(range(2, 11)) <= known


@pytest.mark.parametrize(
    ("lang", "one", "other"),
    [
        ("tur_Latn", "İKİ", "iki"),
        ("arb_Arab", "أَرْبَعَة", "اربعه"),
        ("tgl_Latn", "dalawá", "dalawa"),
        ("uzn_Latn", "O‘n", "o'n"),
        ("ukr_Cyrl", "п’ять", "пʼять"),
        ("amh_Ethi", "አሥር", "አስር"),
        ("ron_Latn", "şase", "șase"),
        ("hin_Deva", "पाँच", "पांच"),
    ],
)
def test_spellings_that_writers_choose_freely_are_one(lang: str, one: str, other: str):
    assert fold(one, lang) == fold(other, lang)
