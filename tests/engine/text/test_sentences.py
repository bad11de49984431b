from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glotmill.engine.text.sentences import MAX_SEGMENT_BYTES, as_sentence, count_sentences, fit, in_one_text, sentences


@pytest.mark.parametrize(
    ("lang", "text", "expected"),
    [
        ("eng_Latn", "A dog. A cat.", ["A dog. ", "A cat."]),
        ("eng_Latn", "Dr. Smith paid $3.50, e.g. for Fig. 3.", ["Dr. Smith paid $3.50, e.g. for Fig. 3."]),
        ("eng_Latn", "Is it? Yes!  It is.", ["Is it? ", "Yes!  ", "It is."]),
        ("zho_Hans", "这是一只狗。它在跑！", ["这是一只狗。", "它在跑！"]),
        ("jpn_Jpan", "犬です。走っています。", ["犬です。", "走っています。"]),
        ("hin_Deva", "यह एक कुत्ता है। वह दौड़ रहा है।", ["यह एक कुत्ता है। ", "वह दौड़ रहा है।"]),
        ("eng_Latn", "no mark at all", ["no mark at all"]),
    ],
)
def test_text_is_cut_where_its_language_ends_a_sentence(lang: str, text: str, expected: list[str]):
    assert sentences(text, lang) == expected


@given(st.text(max_size=200), st.sampled_from(["eng_Latn", "zho_Hans", "hin_Deva", "tha_Thai"]))
def test_joined_sentences_are_the_text(text: str, lang: str):
    assert "".join(sentences(text, lang)) == text


@given(st.lists(st.sampled_from(["word ", "a, ", "été; ", "犬 ", "longerword "]), max_size=700).map("".join))
def test_joined_parts_are_the_sentence_and_short_enough(text: str):
    parts = fit(text)
    assert "".join(parts) == text
    assert all(len(part.encode()) <= MAX_SEGMENT_BYTES for part in parts)


def test_a_long_sentence_is_cut_at_a_clause_mark():
    clause = "a man in a blue shirt is walking slowly along the street, "
    parts = fit(clause * 30)
    assert len(parts) > 1
    assert all(part.endswith(", ") for part in parts)


def test_a_long_sentence_without_clause_marks_is_cut_at_a_space():
    parts = fit("word " * 400)
    assert len(parts) > 1
    assert all(part.endswith(" ") for part in parts)


def test_one_unbroken_word_stays_whole():
    assert fit("x" * 3000) == ["x" * 3000]


def test_after_one_long_word_the_rest_is_cut_as_ever():
    parts = fit("x" * 900 + " " + "word " * 900)
    assert "".join(parts) == "x" * 900 + " " + "word " * 900
    assert [len(part) <= MAX_SEGMENT_BYTES for part in parts] == [False] + [True] * (len(parts) - 1)


def test_sentences_without_words_do_not_count():
    assert count_sentences("A dog. ... A cat.", "eng_Latn") == 2
    assert count_sentences("A dog", "eng_Latn") == 1
    assert count_sentences("A dog\nA cat", "eng_Latn") == 2
    assert count_sentences(" ?! ", "eng_Latn") == 0


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a man rides a horse", "A man rides a horse."),
        (" two dogs run. ", "Two dogs run."),
        ("A dog, ", "A dog."),
        ("a huge pasture..", "A huge pasture."),
        ("a dog...", "A dog..."),
        ("is it red?", "Is it red?"),
        ('a sign that says "stop."', 'A sign that says "stop."'),
        ('"stop" says a sign', '"Stop" says a sign.'),
        ("iPhone on a table", "iPhone on a table."),
        ("TV and a chair!", "TV and a chair!"),
        ("2 dogs", "2 dogs."),
        ("élan vital", "Élan vital."),
        (" , ", ""),
    ],
)
def test_a_caption_becomes_a_sentence(text: str, sentence: str):
    assert as_sentence(text) == sentence
    assert as_sentence(sentence) == sentence


def test_captions_in_one_text_are_sentences_apart():
    assert in_one_text(["a man rides.", "two dogs run", "A man rides"], "eng_Latn") == "A man rides. Two dogs run."
    assert in_one_text(["a corner of Crapo St.", "a sign"], "eng_Latn") == "A corner of Crapo St.\nA sign."


CAPTION = st.lists(
    st.sampled_from(
        ["a", "man", "St.", "U.S.", '"', "(", ")", "..", "etc.", "e.g.", "dog,", "Dr.", "5", "p.m.", "\n", "!"]
    ),
    min_size=1,
    max_size=6,
).map(" ".join)


@given(st.lists(CAPTION, max_size=5))
def test_captions_in_one_text_count_as_many_sentences_as_by_themselves(captions: list[str]):
    different = dict.fromkeys(as_sentence(caption) for caption in captions)
    assert count_sentences(in_one_text(captions, "eng_Latn"), "eng_Latn") == sum(
        count_sentences(sentence, "eng_Latn") for sentence in different
    )


@pytest.mark.parametrize("lang", ["deu_Latn", "ces_Latn", "dan_Latn", "cat_Latn", "fin_Latn"])
def test_languages_that_see_no_sentence_begin_in_lower_case_see_those_of_one_text(lang: str):
    assert count_sentences("a man rides. two dogs run.", lang) == 1
    assert count_sentences(in_one_text(["a man rides.", "two dogs run."], lang), lang) == 2


def test_a_text_on_which_the_splitter_breaks_stays_whole():
    assert sentences("J.B\u00a0. So it is.", "eng_Latn") == ["J.B\u00a0. So it is."]
