"""Texts are drawn by a seed, whatever their order and number, and few are held."""

from __future__ import annotations

import random

from glotmill.engine.memory.entries import Direction
from glotmill.engine.translation.drawn_texts import DrawnTexts, drawn
from glotmill.engine.translation.requests import Segments, TextsInto
from glotmill.schemas.keys import draw

LANGS = ("deu_Latn", "fra_Latn")


def of(texts, most, portion=7):
    made = DrawnTexts(LANGS, most)
    for start in range(0, len(texts), portion):
        made.add(TextsInto("eng_Latn", LANGS, texts[start : start + portion]))
    return made


def test_the_texts_with_the_lowest_seeded_numbers_are_drawn_whatever_their_order_and_however_often_they_come():
    texts = [f"text {number}" for number in range(500)]
    lowest = sorted(texts, key=lambda text: draw("vocabulary", "eng_Latn", text))
    mixed = random.Random(1).choices(texts, k=200) + random.Random(2).sample(texts, len(texts))
    for lang in LANGS:
        assert of(mixed, 50).of(lang) == [(Direction("eng_Latn", lang), text) for text in lowest[:50]]
        assert of(texts, 50, portion=500).of(lang) == of(mixed, 50).of(lang)


def test_no_more_texts_are_held_than_were_wanted():
    made = of([f"text {number}" for number in range(2_000)], 20)
    assert all(len(kept._heap) == len(kept._rows) == 20 for kept in made._kept.values())


def test_all_texts_of_a_small_build_are_drawn():
    assert sorted(text for _, text in of(["a", "b", "a"], 10).of("deu_Latn")) == ["a", "b"]


def test_questions_with_their_answers_are_drawn_and_texts_into_other_languages_are_not():
    made = Segments()
    made.add("eng_Latn", ("deu_Latn", "fra_Latn"), ["a", "b", "c"])
    made.add("eng_Latn", ("deu_Latn",), ["carrier"], carrier=True)
    made.add("eng_Latn", ("spa_Latn",), ["other"])
    assert sorted(text for _, text in drawn(made, "deu_Latn", 10)) == ["a", "b", "c", "carrier"]
    assert len(drawn(made, "deu_Latn", 2)) == 2
