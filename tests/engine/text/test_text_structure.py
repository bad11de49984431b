from __future__ import annotations

import pytest

from glotmill.engine.text.text_structure import mismatch


def check(source: str, target: str, lang: str = "deu_Latn") -> str | None:
    return mismatch(source, target, "eng_Latn", lang)


@pytest.mark.parametrize(
    ("source", "target", "reason"),
    [
        ("<image>\nWhat is it?", "<image>\nWas ist das?", None),
        ("<image>\nWhat is it?", "Was ist das?", "line_break_mismatch"),
        ("<image> What is it?", "Was ist das?", "tag_mismatch"),
        ("What is it?", "Was ist <image> das?", "tag_mismatch"),
        ("<ref>a dog</ref>", "<ref>ein Hund", "tag_mismatch"),
        ("at [1,2]", "bei [1,3]", "coordinates_mismatch"),
        ("see https://a.b/c", "siehe https://a.b/d", "url_mismatch"),
        ("a `x` b", "ein b", "inline_code_mismatch"),
        ("hello {name}", "hallo {Name}", "placeholder_mismatch"),
        ("(A) cat\n(B) dog", "(A) Katze\n(C) Hund", "option_mismatch"),
        ("- one\n- two", "- eins\nzwei", "list_marker_mismatch"),
        ("A dog runs. A cat sits.", "Ein Hund rennt.", "sentence_dropped"),
        ("A dog runs. A cat sits.", "Ein Hund rennt. Eine Katze sitzt.", None),
        ("A dog runs.", "Ein Hund. Er rennt.", None),
        ("A dog (left) runs", "Ein Hund (links) rennt", None),
    ],
)
def test_what_was_lost_or_gained_is_named(source: str, target: str, reason: str | None):
    assert check(source, target) == reason


def test_sentences_are_counted_by_the_languages_own_marks():
    assert check("A dog. A cat.", "狗。猫。", "zho_Hans") is None
    assert check("A dog. A cat.", "狗猫", "zho_Hans") == "sentence_dropped"


def test_languages_without_full_stops_are_not_counted():
    assert check("A dog runs. A cat sits.", "สุนัขวิ่ง แมวนั่ง", "tha_Thai") is None
