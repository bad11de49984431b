"""Real machine translations with what three people said of each: MLQE-PE's sentences about catastrophic errors.

English user comments and what another engine made of them in German, Czech, Japanese and Chinese, written as tokens
with spaces between them. The spaces go where each language has none, and between tokens that the source has as one
word: an address or a name that was copied. None of these texts is part of this repository.
"""

from __future__ import annotations

import gzip
from pathlib import Path

import polars as pl
import regex

LANGS = {"de": "deu_Latn", "cs": "ces_Latn", "ja": "jpn_Jpan", "zh": "zho_Hans"}
LONGEST_COPY = 24  # tokens of one word of the source
NO_SPACE = r"[\p{Han}\p{Hiragana}\p{Katakana}\u3000-\u303f\uff00-\uffef]"
UNSPACED = regex.compile(rf"(?<={NO_SPACE}) +| +(?={NO_SPACE})")
BEFORE, AFTER = regex.compile(r" +([.,!?;:%)\]}…“])"), regex.compile(r"([(\[{„]) +")
APOSTROPHE, QUOTED = regex.compile(r" (['’]) (?=\w)"), regex.compile(r'" ([^"]*?) "')


def machine_text(data: Path, split: str) -> pl.DataFrame:
    """The columns lang, field_type, source, target and good: whether most people found no catastrophic error.

    Args:
        data: Folder with mlqe/.
        split: ``train`` to fit on, ``dev`` to test.
    """
    rows = []
    for short, lang in LANGS.items():
        text = gzip.decompress((data / "mlqe" / f"en{short}.{split}.tsv.gz").read_bytes()).decode("utf-8")
        for line in text.splitlines():
            _, source, target, _, verdict = line.split("\t")
            rows.append((lang, "response", source, detokenised(target, source), verdict == "NOT"))
    return pl.DataFrame(rows, schema=["lang", "field_type", "source", "target", "good"], orient="row")


def detokenised(tokens: str, source: str) -> str:
    """A translation as a text."""
    text = _whole_copies(tokens.split(), source)
    if regex.search(NO_SPACE, text):
        text = UNSPACED.sub("", text)
    text = QUOTED.sub(r'"\1"', APOSTROPHE.sub(r"\1", text))
    whole: str = AFTER.sub(r"\1", BEFORE.sub(r"\1", text))
    return whole


def _whole_copies(tokens: list[str], source: str) -> str:
    """The tokens with the longest runs joined that are one word, or a part of one, of the source."""
    words = source.split()
    made, place = [], 0
    while place < len(tokens):
        end = next(
            (end for end in range(min(len(tokens), place + LONGEST_COPY), place + 1, -1)
             if any("".join(tokens[place:end]) in word for word in words)),
            place + 1,
        )  # fmt: skip
        made.append("".join(tokens[place:end]))
        place = end
    return " ".join(made)
