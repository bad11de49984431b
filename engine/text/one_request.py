"""Texts that are one request as they stand, a column at a time.

Guarantees: a text of which that is said is one piece to `glotmill.engine.text.segments.split`; of others nothing is
said, so they are split one by one. A column in NFC is what `glotmill.schemas.keys.nfc` makes of each of its texts.
"""

from __future__ import annotations

import polars as pl

from glotmill.engine.text.sentences import MAX_SEGMENT_BYTES
from glotmill.schemas.languages import ENGLISH

# One of these is in each span, code and option, or at the beginning of a line. Most texts have none.
_SPAN = r"\p{Cc}\x{2028}\x{2029}`~$\\<\[({%*_/@:)\d"
_MARK = ".!?…。！？।॥۔።៕؟"  # a sentence may end with it
# Two letters, which are words and no option; no mark that could end a sentence but at the end; no white space around.
_LETTER, _MORE = r"[\p{L}&&\p{Age=13.0}]", r"[[\p{L}\p{M}]&&\p{Age=13.0}]"
_ONE_SENTENCE = (
    rf"""^[¿¡"'“„«]?(?:{_LETTER} )?{_LETTER}{_MORE}(?:[^{_SPAN}{_MARK}]*[^\s{_SPAN}{_MARK}])?"""
    rf"""(?:[{_MARK}](?:[{_MARK}"'”’» ]*[{_MARK}"'”’»])?)?$"""
)
_NO_YES_OR_NO = "[A-Za-z]{4}"


def is_one_request(texts: pl.Series, lang: str) -> pl.Series:
    """Which texts are surely one request, all of it; false also where that is not certain.

    Args:
        texts: Any texts of a record.
        lang: Their FLORES-200 code.
    """
    text = pl.col("text")
    sure = text.str.contains(_ONE_SENTENCE) & (text.str.len_bytes() <= MAX_SEGMENT_BYTES)
    sure &= ~text.str.contains("www.", literal=True)
    if lang == ENGLISH:
        sure &= text.str.contains(_NO_YES_OR_NO)
    return pl.DataFrame({"text": texts}, schema={"text": pl.String}).select(sure.alias(texts.name)).to_series()
