"""The loop check says of every text what its definition says, many times as fast."""

import random
import time

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from glotmill.engine.translators.shared.loops import looping

DEFINITION = regex.compile(r"(\S.{1,60}?)(?:\s*\1){3,}", regex.DOTALL)
ALPHABETS = ("ab", "ab ", "a ", "abc \n", "a\u00a0 ", "\x1ca ", "xyz  ", "aé ", "\u3000ab", "中文 a", "\0a ", "😀b ")


def by_definition(text: str) -> bool:
    """The definition as one expression: exact, and milliseconds a text."""
    grams = len(text) - 3
    if len(text) < 12 or len(set(zip(text, text[1:], text[2:], text[3:], strict=False))) > 0.8 * grams:
        return False
    return DEFINITION.search(text) is not None


def some_text(chance: random.Random) -> str:
    """A text of few different characters, or one that repeats a stretch, with and without white space between."""
    letters = chance.choice(ALPHABETS)
    text = "".join(chance.choices(letters, k=chance.choice((12, 15, 20, 40, 80, 200))))
    if chance.random() < 0.6:
        return text
    stretch = "".join(chance.choices(letters + "qw", k=chance.randint(1, 66)))
    copies = "".join(stretch + chance.choice(("", "", " ", "  ", "\n")) for _ in range(chance.randint(2, 6)))
    return text[: chance.randint(0, 20)] + copies + text[: chance.randint(0, 10)]


@pytest.mark.parametrize(
    "text",
    ["na na na na na na na na", "Ale Ale Ale Ale Ale Ale", "一只狗一只狗一只狗一只狗一只狗",
     "a dog, a dog, a dog, a dog, a dog,",
     "Er steht auf der Wiese und steht auf der Wiese und steht auf der Wiese und steht auf der Wiese und so"],
)  # fmt: skip
def test_loops_are_seen(text: str):
    assert looping([text]) == [True]


@pytest.mark.parametrize(
    "text",
    ["A dog runs on the grass.", "The man and the woman and the boy and the girl are here.", "ha ha", "1,000,000,000",
     "Zwei Männer in roten Hemden spielen Fußball, zwei Frauen in blauen Hemden spielen Tennis.", "very very good"],
)  # fmt: skip
def test_ordinary_text_does_not_loop(text: str):
    assert looping([text]) == [False]


@given(st.lists(st.text(st.sampled_from("ab \n\x1c\u00a0"), max_size=120), max_size=6))
def test_verdicts_are_the_definitions_on_texts_of_few_characters(texts: list[str]):
    assert looping(texts) == [by_definition(text) for text in texts]


@given(
    st.text("ab ", min_size=1, max_size=62), st.lists(st.sampled_from(["", " ", "\n", "a"]), max_size=5), st.text("ab ")
)
def test_verdicts_are_the_definitions_where_a_stretch_returns(stretch: str, gaps: list[str], before: str):
    text = before + stretch + "".join(gap + stretch for gap in gaps)
    assert looping([text]) == [by_definition(text)]


def test_verdicts_are_the_definitions_on_many_texts_at_once():
    chance = random.Random(1)
    texts = [some_text(chance) for _ in range(1500)]
    assert looping(texts) == [by_definition(text) for text in texts]


def test_a_text_of_any_length_is_judged():
    assert looping(["ab" * 30_000, "", "a", "x" * 11, "".join(map(chr, range(256, 20_000)))]) == [True, *[False] * 4]


def test_long_and_repetitive_texts_take_no_more_than_a_tenth_of_what_the_definition_takes():
    words = [f"{word}ˈdeu" for word in ("dog", "runs", "green", "house", "with", "blue", "tree", "a")]
    chance = random.Random(1)
    texts = [" ".join(chance.choices(words, k=40)) for _ in range(60)]
    began = time.process_time()
    expected = [by_definition(text) for text in texts]
    middle = time.process_time()
    assert looping(texts) == expected
    assert time.process_time() - middle < (middle - began) / 10
