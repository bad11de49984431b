"""What is said of a column of texts is what splitting says of each."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glotmill.engine.text.one_request import is_one_request
from glotmill.engine.text.segments import split

PARTS = st.sampled_from([*" .!?…。,;:-'\"”»)(bxA1_/\\@%$#>*\n\r\t\u00a0\u2028\x1c\x85\u200bé中កា។ا؟\u0301",
                         "the ", "of dogs", "A. ", "B) ", "1. ", "- ", "www.", "http://", "yes", "No"])  # fmt: skip
TEXTS = st.lists(st.lists(PARTS, min_size=1, max_size=9).map("".join), max_size=8)


@pytest.mark.parametrize("lang", ["eng_Latn", "deu_Latn", "khm_Khmr"])
@given(texts=TEXTS)
def test_a_text_that_is_surely_one_request_is_one_piece(lang: str, texts: list[str]):
    sure = is_one_request(pl.Series("text", texts, dtype=pl.String), lang)
    for text in (text for text, one in zip(texts, sure, strict=True) if one):
        assert [(piece.text, piece.kind) for piece in split(text, lang).pieces] == [(text, "text")]


@pytest.mark.parametrize(
    ("lang", "text"),
    [("eng_Latn", "A black dog, on a green lawn - it's running."), ("spa_Latn", "¿Qué hace el perro?"),
     ("zho_Hans", "一只狗在草地上奔跑。"), ("arb_Arab", "كلب يجري على العشب"), ("hin_Deva", "कुत्ता घास पर है।")],
)  # fmt: skip
def test_ordinary_sentences_are_surely_one_request(lang: str, text: str):
    assert is_one_request(pl.Series([text]), lang).to_list() == [True]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Yes.",
        "no",
        "One dog. Two cats.",
        "See `code`.",
        "A dog\nA cat",
        " a dog",
        "a dog ",
        "42",
        "word " * 200 + "end",
    ],
)
def test_of_other_texts_nothing_is_said(text: str):
    assert is_one_request(pl.Series([text]), "eng_Latn").to_list() == [False]
