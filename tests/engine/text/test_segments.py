from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glotmill.engine.text.segments import plain, split
from glotmill.engine.text.spans import has_words

PARTS = st.sampled_from(
    [
        "<image>",
        "\n",
        " ",
        "A dog runs. ",
        "42",
        "B",
        "été",
        "日本語です。",
        "<",
        "\r\n",
        "[1, 2]",
        "`c`",
        "(A) ",
        "- ",
        "e\u0301t",
    ]
)


@given(st.lists(PARTS, max_size=14).map("".join))
def test_joined_pieces_are_the_text_byte_for_byte(text: str):
    assert "".join(piece.text for piece in split(text, "eng_Latn").pieces) == text


@given(st.lists(PARTS, max_size=14).map("".join))
def test_no_engine_sees_a_span_a_line_break_outer_space_or_text_without_words(text: str):
    for request in split(text, "eng_Latn").requests:
        assert not {"<image>", "\n", "\r", "`"} & set(request)
        assert "<image>" not in request
        assert request == request.strip()
        assert has_words(request)


@given(st.lists(PARTS, max_size=14).map("".join))
def test_what_stands_between_segments_stands_between_their_translations(text: str):
    cut = split(text, "eng_Latn")
    made = cut.join(lambda request: f"\x00{request}\x01")
    rest = [part.rpartition("\x01")[2] for part in made.split("\x00")]
    assert "".join(rest) == "".join(piece.text for piece in cut.pieces if piece.kind != "text")


@pytest.mark.parametrize(
    ("text", "requests"),
    [
        ("<image> What is on the left?", ["What is on the left?"]),
        ("What is this? <image>", ["What is this?"]),
        ("<ref>the dog</ref>", ["the dog"]),
        ("<p>The man [12,30,40,50] is</p>", ["The man", "is"]),
        ("First line.\n\n  Second line.", ["First line.", "Second line."]),
        ("A dog. A cat.", ["A dog.", "A cat."]),
        ("See https://x.y/z. Thanks!", ["See", "Thanks!"]),
        ("1. First\n2. Second", ["First", "Second"]),
        ("- [ ] Buy milk\n- [x] Buy bread", ["Buy milk", "Buy bread"]),
        ("The dog {<12><30><40><50>} runs.", ["The dog", "runs."]),
        ("See <!-- hidden words --> the dog", ["See", "the dog"]),
        ("A width of %dpx here", ["A width of", "px here"]),
        ("2 dogs", ["2 dogs"]),
        ("B", []),
        ("42", []),
        ("https://x.y/z", []),
    ],
)
def test_words_around_protected_spans_are_requests(text: str, requests: list[str]):
    assert list(split(text, "eng_Latn").requests) == requests


def test_a_request_is_nfc_and_the_piece_is_as_it_was():
    cut = split("ein Ka\u0308fer", "deu_Latn")
    assert cut.requests == ("ein Käfer",)
    assert cut.pieces[0].text == "ein Ka\u0308fer"


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "text",
    [
        "Points [" + "[1,2] " * 400 + ".",
        "x" * 100_000,
        "." * 5_000,
        "x" * 20_000 + " @",
        "<!-" * 40_000,
        "<!--" * 40_000,
        "<!a " * 40_000,
        "<?a " * 40_000,
        "{<1>" * 20_000,
        "<1> " * 20_000,
        "{<1>" + " " * 40_000,
        "%0" * 40_000,
        "[ " * 40_000,
        "[.1," * 40_000,
    ],
)
def test_no_text_makes_the_search_backtrack_without_end(text: str):
    assert "".join(piece.text for piece in split(text, "eng_Latn").pieces) == text


def test_plain_text_has_no_markers():
    assert plain("<image>\nWhat is this?") == "What is this?"
