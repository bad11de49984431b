"""Texts that are one segment, a column at a time; whatever is not surely one is cut by `segments.split`.

Guarantees: what is said of a text is what `glotmill.engine.text.segments.split` and
`glotmill.engine.text.text_structure.structure` say of it, only sooner.
"""

from __future__ import annotations

import polars as pl

from glotmill.engine.text.segments import split
from glotmill.engine.text.sentences import MAX_SEGMENT_BYTES

NO_SEGMENT, ONE_SEGMENT, OTHER = 0, 1, 2
CUT = {
    "head": pl.String,  # what stands before the segment
    "request": pl.String,
    "tail": pl.String,  # what stands behind it
    "kind": pl.UInt8,  # NO_SEGMENT, ONE_SEGMENT, or OTHER: several, or a bare yes or no
    "plain": pl.Boolean,  # one segment without any span in it, and one sentence
}

# Markers, then ASCII words: nothing in it begins a span, and no sentence ends before its end. With four letters in a
# row it has words, and is neither yes nor no.
_PLAIN = r"""^(?<head>(?:<image>\n)*)(?<request>[A-Za-z](?:[A-Za-z ,'"-]*[A-Za-z,'"-])?[.!?]?)$"""
_WORD = r"[A-Za-z]{4}"
# Every span has one of these in it, or begins a line so. More texts do than have a span.
_MAY_HOLD_SPAN = r"[`~$\\<\[({%*_\r\n@]|://|www\.|[A-Z][.):][ \t]|^[ \t]*(?:[#>•+-]|\p{N})"


def cut_texts(texts: pl.DataFrame) -> pl.DataFrame:
    """The columns `CUT` of some texts.

    Args:
        texts: Columns text and source_lang.
    """
    found = texts.select(pl.col("text").str.extract_groups(_PLAIN)).unnest("text")
    request = pl.col("request")
    plain = request.str.contains(_WORD) & (request.str.len_bytes() <= MAX_SEGMENT_BYTES)
    found = found.with_columns(plain=plain.fill_null(value=False))
    kind = pl.when("plain").then(ONE_SEGMENT).cast(pl.UInt8)
    found = found.select("head", "request", pl.lit("").alias("tail"), kind.alias("kind"), "plain")
    rest = found["plain"].not_().arg_true()
    if rest.is_empty():
        return found
    cut = [(*_cut(text, lang), False) for text, lang in texts.select("text", "source_lang")[rest].iter_rows()]
    more = pl.DataFrame(cut, schema=CUT, orient="row")
    return pl.DataFrame({name: found[name].scatter(rest, more[name]) for name in CUT})


def _cut(text: str, lang: str) -> tuple[str | None, str | None, str | None, int]:
    """(head, request, tail, segments) of any text."""
    cut = split(text, lang)
    if not cut.segments:
        return None, None, None, NO_SEGMENT
    if cut.has_yes_no or len(cut.requests) > 1:
        return None, None, None, OTHER
    place = next(number for number, piece in enumerate(cut.pieces) if piece.kind == "text")
    head, tail = cut.pieces[:place], cut.pieces[place + 1 :]
    return "".join(p.text for p in head), cut.requests[0], "".join(p.text for p in tail), ONE_SEGMENT


def surely_without_span(text: pl.Expr) -> pl.Expr:
    """Whether there is no span in a text of one line; false also where that is not certain."""
    return ~text.str.contains(_MAY_HOLD_SPAN)
