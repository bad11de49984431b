from __future__ import annotations

import unicodedata

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from glotmill.engine.text.segments import split
from glotmill.engine.text.yes_no import reworded, which, yes_no
from glotmill.schemas.languages import DATA, read_table, registry

AROUND = [
    " yes", "yes ", "\tyes\n", "\u00a0yes", "\u3000yes", "\u200byes", "yes\u200b", "\ufeffyes", "\u2060yes\u200d",
    "yes\ufe0f", "yes\u034f", "\u202eyes\u202c", "\u3164yes", "y\u200bes", "ye\u00ads", '"yes"', "\u201cyes\u201d",
    "'yes'", "«yes»", "「yes」", "(yes)", "[yes]", "*yes*", "_yes_", "yes.", "yes!!!", "yes?", "yes,", "yes;", "yes:",
    "...yes", "yes\u2026", "-yes-", "— yes", "yes 👍", "✅ yes", "yes/", "#yes", "¡yes!", "\u02bcyes\u02bc",
    "yes\u0332", '"yes."', '("yes.")',
]  # fmt: skip
OTHERS = [
    "", "?", "yes no", "yes, it is", "no dog", "No. 5", "nope", "yess", "y e s", "y-e-s", "1 yes", "yes2", "ja", "nº",
    "№", "yes\u0301", "yeś", "no\u0303", "not", "know", "yes" * 1000,
]  # fmt: skip


@pytest.mark.parametrize("text", AROUND)
def test_a_bare_yes_is_one_whatever_stands_around_it(text: str):
    assert which(text) == "yes"
    assert which(text.replace("y", "Y")) == "yes"
    assert which(text.upper()) == "yes"


@pytest.mark.parametrize("text", OTHERS)
def test_whatever_has_another_word_is_none(text: str):
    assert which(text) is None


def test_what_stands_around_the_word_is_kept_around_the_tables():
    assert reworded(' ("Yes.")\u200b', "ja") == ' ("Ja.")\u200b'
    assert reworded("y\u200bes", "ja") == "ja"


NO_WORD = st.characters(exclude_categories=("L", "N", "M", "Cs", "Cn"))


@given(st.text(NO_WORD, max_size=6), st.sampled_from(["yes", "No", "NO"]), st.text(NO_WORD, max_size=6))
def test_no_engine_is_ever_asked_for_one(before: str, word: str, after: str):
    cut = split(before + word + after, "eng_Latn")
    assert cut.requests == ()
    protected = any(word in piece.text for piece in cut.pieces if piece.kind != "yes_no")  # `yes`, $yes$, {yes}
    assert cut.join(str, lambda text: reworded(text, "xx")).casefold() == (
        f"{before}{word if protected else 'xx'}{after}".casefold()
    )


def test_only_english_has_an_english_no():
    assert split("No.", "eng_Latn").requests == ()
    assert split("No.", "spa_Latn").requests == ("No.",)


@given(st.text(st.sampled_from('yesnoYESNO ._1\t\n"(-'), max_size=7))
def test_the_quick_look_finds_what_the_whole_one_finds(text: str):
    assert which(text) == which(f"\u200b{text}")


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "text", [" " * 100_000 + "x", "a" + " " * 100_000 + "b", "\u200b" * 100_000, "yes" + "." * 100_000]
)
def test_no_text_takes_long(text: str):
    assert which(text) == ("yes" if text.startswith("yes") else None)


def test_the_table_is_well_formed_and_in_the_script_of_each_language():
    scripts = {
        row["flores200_code"]: row["unicode_script_regex"] for row in read_table(DATA / "flores200_to_lid176.csv")
    }
    assert len(yes_no()) >= 120
    for lang, words in yes_no().items():
        assert lang in registry()
        assert words["yes"] != words["no"]
        for word in words.values():
            assert all(regex.match(scripts[lang], letter) for letter in regex.findall(r"\p{L}", word)), lang
            assert word == unicodedata.normalize("NFC", word)
