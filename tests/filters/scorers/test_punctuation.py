from __future__ import annotations

import pyarrow as pa
import pytest

from glotmill.filters.contract import PAIR_SCHEMA
from glotmill.filters.scorers.punctuation import PunctuationScorer

SOURCE = "A small brown dog runs over the green grass."


def scored(source: str, target: str, lang: str = "deu_Latn") -> dict:
    pair = {"source": source, "target": target, "lang": lang, "field_type": "caption"}
    columns = PunctuationScorer().score(pa.Table.from_pylist([pair], schema=PAIR_SCHEMA))
    return {name: values[0].as_py() for name, values in columns.items()}


@pytest.mark.parametrize(
    ("source", "target", "lang", "lost", "changed"),
    [
        ("Is it red?", "Ist es rot?", "deu_Latn", 0, 0), ("Is it red?", "Ist es rot.", "deu_Latn", 1, 1),
        ("Is it red?", "是红色吗？", "zho_Hans", 0, 0), ("Is it red?", "هل هو أحمر؟", "arb_Arab", 0, 0),
        ("Is it red?", "Είναι κόκκινο;", "ell_Grek", 0, 0), ("Is it red?", "Es ist rot;", "deu_Latn", 1, 1),
        ("It is red.", "यह लाल है।", "hin_Deva", 0, 0), ("It is red.", 'Es ist "rot."', "deu_Latn", 0, 0),
        ("It is red.", "Es ist rot", "deu_Latn", 0, 1), ("Red!", "Rot!", "deu_Latn", 0, 0),
    ],
)  # fmt: skip
def test_final_marks_are_compared_by_kind(source: str, target: str, lang: str, lost: int, changed: int):
    scores = scored(source, target, lang)
    assert (scores["question_lost"], scores["final_changed"]) == (lost, changed)


def test_languages_without_marks_are_not_judged():
    assert scored("Is it red?", "มันเป็นสีแดงไหม", "tha_Thai")["question_lost"] is None


def test_a_second_sentence_has_a_surplus_and_one_has_none():
    good = "Ein kleiner brauner Hund rennt über das grüne Gras."
    assert scored(SOURCE, good)["surplus"] is None
    assert scored(SOURCE, f"{good} Zwei Kinder spielen am Strand.")["surplus"] > 0.35
    assert scored(SOURCE, "Ein kleiner Hund. Er rennt über das Gras.")["surplus"] < 0.1


def test_an_abbreviation_is_no_sentence_end():
    assert scored(SOURCE, "Ein kleiner Hund rennt z. B. über das grüne Gras.")["surplus"] is None
