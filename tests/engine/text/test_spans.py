from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.text.spans import has_words, plain, segments, split

ALPHABET = st.sampled_from(
    ["<image>", "\n", " ", "A dog runs.", "42", "B", "été", "日本語です", "<", ">", "\r\n", "\t"]
)


@given(st.lists(ALPHABET, max_size=12).map("".join))
def test_joined_pieces_are_the_text_byte_for_byte(text: str):
    assert "".join(piece.text for piece in split(text)) == text


@given(st.lists(ALPHABET, max_size=12).map("".join))
def test_no_engine_sees_a_marker_a_line_break_or_outer_space(text: str):
    for segment in segments(split(text)):
        assert "<image>" not in segment
        assert "\n" not in segment
        assert segment == segment.strip()
        assert has_words(segment)


@pytest.mark.parametrize("text", ["", "  ", "42", "B", "3.5", "?!", "<image>", "https://x.y/z", "(A)", "10:30"])
def test_text_without_words_is_copied(text: str):
    assert segments(split(text)) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<image>\nWhat is on the left?", ["What is on the left?"]),
        ("What is this? <image>", ["What is this?"]),
        ("First line.\n\n  Second line.", ["First line.", "Second line."]),
        ("2 dogs", ["2 dogs"]),
    ],
)
def test_words_around_fixed_spans_are_segments(text: str, expected: list[str]):
    assert segments(split(text)) == expected


def test_a_segment_is_shown_to_the_engine_in_nfc():
    assert segments(split("ein Ka\u0308fer")) == ["ein Käfer"]


def test_plain_text_has_no_markers():
    assert plain("<image>\nWhat is <image> this?") == "What is   this?"
