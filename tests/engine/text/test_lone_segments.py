import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from glotmill.engine.text.lone_segments import NO_SEGMENT, ONE_SEGMENT, OTHER, cut_texts, surely_without_span
from glotmill.engine.text.segments import split
from glotmill.engine.text.spans import spans
from glotmill.engine.text.text_structure import mismatch

PIECES = [
    "<image>\n", "<image>", "dog", "Cats", "A", "B.", "yes", "No.", " ", "  ", ", ", ". ", "! ", "?", ".", "...", ":",
    "-", "'", '"', "(", ")", "www.", "é", "e\u0301", "7", "1. ", "- ", "# ", "\n", "\t", "•", "%s", "x@y.zz",
]  # fmt: skip
texts = st.lists(st.sampled_from(PIECES), min_size=1, max_size=8).map("".join)
langs = st.sampled_from(["eng_Latn", "deu_Latn", "zho_Hans"])


@given(st.lists(st.tuples(texts, langs), max_size=12))
def test_a_column_of_texts_is_cut_as_each_text_is(given_texts):
    frame = pl.DataFrame(given_texts, schema={"text": pl.String, "source_lang": pl.String}, orient="row")
    for (text, lang), (head, request, tail, kind, plain) in zip(given_texts, cut_texts(frame).iter_rows(), strict=True):
        cut = split(text, lang)
        lone = len(cut.requests) == 1 and not cut.has_yes_no
        assert kind == (ONE_SEGMENT if lone else OTHER if cut.segments else NO_SEGMENT)
        if kind == ONE_SEGMENT:
            assert head + "#" + tail == cut.join(lambda _: "#")
            assert (request,) == cut.requests
        if plain:
            assert mismatch(text, head + "Wort" + tail, lang, "deu_Latn") is None


@given(st.lists(texts.filter(lambda text: "\n" not in text), min_size=1, max_size=12))
def test_a_text_that_surely_has_no_span_has_none(given_texts):
    sure = pl.DataFrame({"text": given_texts}).select(surely_without_span(pl.col("text"))).to_series()
    assert [text for text, none in zip(given_texts, sure, strict=True) if none and spans(text)] == []


def test_a_caption_is_plain_and_surely_without_span():
    frame = pl.DataFrame({"text": ["<image>\nTwo dogs' toys, on a well-worn mat."], "source_lang": ["eng_Latn"]})
    assert cut_texts(frame)["plain"].all()
    assert frame.select(surely_without_span(pl.lit("Zwei Hunde spielen, mit Spaß: hier."))).item()
