from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glotmill.engine.report.marks import marked, pieces
from glotmill.engine.report.rows import LONGEST_TEXT, cut_pieces


def highlighted(code: str, source: str, target: str, back: str | None = None, *, latin: bool = True) -> list[list[str]]:
    texts = (source, target, back or "")
    spans = marked(code, source, target, back, latin=latin)
    return [pieces(text, side)[1::2] for text, side in zip(texts, spans, strict=True)]


@given(st.text(max_size=30), st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30))))
def test_pieces_make_the_text_again(text: str, spans: list[tuple[int, int]]):
    inside = [(min(a, b, len(text)), min(max(a, b), len(text))) for a, b in spans]
    assert "".join(pieces(text, inside)) == text


def test_a_round_trip_shows_what_was_lost_and_what_was_invented():
    assert highlighted("round_trip.chrf", "A brown dog runs.", "Ein Hund.", "A small dog runs.") == [
        ["brown"], [], ["small"]]  # fmt: skip


def test_copied_words_and_repeated_runs_are_shown_in_the_translation():
    assert highlighted("lexical.copy_frac", "A brown dog", "Ein brown dog")[1] == ["brown dog"]
    assert highlighted("lexical.tng4", "x", "a b c d a b c d")[1] == ["a b c d"]


def test_numbers_and_tags_are_shown_where_the_other_side_lacks_them():
    assert highlighted("numbers.extra", "2 dogs", "2 Hunde, 13 Katzen") == [[], ["13"], []]
    assert highlighted("structure.verbatim", "see <b> https://a.org", "siehe <b>")[0] == ["https://a.org"]


def test_latin_words_are_shown_in_a_language_of_another_script():
    assert highlighted("script.frac", "A dog", "كلب dog", latin=False)[1] == ["dog"]


def test_what_points_nowhere_shows_the_translation_whole():
    assert highlighted("language_id.mass", "A dog", "Un chien") == [[], ["Un chien"], []]


@pytest.mark.parametrize("latin", [True, False])
@pytest.mark.parametrize(
    "code", ["language_id.mass", "script.frac", "lexical.copy_frac", "round_trip.chrf", "structure.verbatim"]
)
def test_the_marker_of_a_picture_is_never_shown_as_a_fault(code: str, latin: bool):
    shown = highlighted(code, "<image>\nA dog", "<image>\nA dog", "A cat", latin=latin)
    assert not [part for side in shown for part in side if "image" in part]


def test_the_text_around_the_marker_of_a_picture_is_shown():
    target = "Rex <image>\nUn chien <image>"
    assert highlighted("language_id.mass", "<image>\nA dog", target) == [[], ["Rex", "Un chien"], []]


@given(st.lists(st.text(min_size=1, max_size=2 * LONGEST_TEXT), min_size=1, max_size=4))
def test_cut_pieces_are_short_and_count_what_is_missing(parts: list[str]):
    found = "".join(cut_pieces(parts))
    text = "".join(parts)
    if len(text) <= LONGEST_TEXT:
        assert found == text
    else:
        assert found == f"{text[:LONGEST_TEXT]}… [{len(text) - LONGEST_TEXT:,} more characters]"
