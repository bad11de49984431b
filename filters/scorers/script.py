"""Script: are the letters of a translation those its language is written in?

A name, an abbreviation or a quotation that the source has too may stay in the source's script: it counts as no letter
of the translation. Words in small letters count, unless they are quoted: they are what an engine left untranslated.
"""

from __future__ import annotations

from functools import cache
from typing import Any, ClassVar

import polars as pl
import pyarrow as pa
import regex
from opencc import OpenCC

from glotmill.filters.contract import Scorer
from glotmill.filters.rules import Parameter, Rule, above, below, in_latin_script
from glotmill.schemas.languages import registry
from glotmill.schemas.record import Metric

MIN_LETTERS = 4
_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+")
_QUOTED = regex.compile(r"[\"“«„「]([^\"”»“」]{1,200})[\"”»“」]")
LATIN = r"\p{Latin}"
HAN = range(0x4E00, 0xA000)
# Unicode script properties of ISO 15924 codes. Korean counts as Hangul alone: Chinese would pass for it otherwise.
PROPERTY = {
    "Arab": "Arabic", "Armn": "Armenian", "Beng": "Bengali", "Cyrl": "Cyrillic", "Deva": "Devanagari",
    "Ethi": "Ethiopic", "Geor": "Georgian", "Grek": "Greek", "Gujr": "Gujarati", "Guru": "Gurmukhi", "Hebr": "Hebrew",
    "Khmr": "Khmer", "Knda": "Kannada", "Laoo": "Lao", "Latn": "Latin", "Mlym": "Malayalam", "Mymr": "Myanmar",
    "Olck": "Ol_Chiki", "Orya": "Oriya", "Sinh": "Sinhala", "Taml": "Tamil", "Telu": "Telugu", "Tfng": "Tifinagh",
    "Thai": "Thai", "Tibt": "Tibetan", "Hang": "Hangul",
    "Hans": "Han", "Hant": "Han", "Jpan": "Hiragana Katakana Han",
}  # fmt: skip


def script_class(script: str) -> str:
    """A regular expression of the letters of an ISO 15924 script code."""
    # The long-vowel mark belongs to two scripts, and so to none by its property.
    more = "ー" if script == "Jpan" else ""
    inside = "".join(rf"\p{{{name}}}" for name in PROPERTY[script].split())
    return rf"[{inside}{more}&&[\p{{L}}]]"


@cache
def han_variants() -> tuple[str, str]:
    """(characters that are simplified only, characters that are traditional only) as OpenCC converts them."""
    characters = [chr(point) for point in HAN]
    text = "\n".join(characters)
    traditional, simplified = (OpenCC(way).convert(text).split("\n") for way in ("s2t", "t2s"))
    rows = list(zip(characters, traditional, simplified, strict=True))
    # A character that both ways change stands in both ways of writing.
    return (
        "".join(char for char, to, back in rows if char != to and char == back),
        "".join(char for char, to, back in rows if char != back and char == to),
    )


class ScriptScorer(Scorer):
    """Measures the share of letters of the right script, of Latin, and of the right kind of Chinese characters."""

    name: ClassVar[str] = "script"
    version: ClassVar[int] = 2
    row: ClassVar[tuple[str, ...]] = (
        "letters of the language's script, Latin letters, simplified or traditional characters",
        "–",
    )
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("script", "frac", "higher", 0, 1,
               f"letters of the language's script over all letters but those of names and quotations that the source "
               f"has too, from {MIN_LETTERS} letters on"),
        Metric("script", "latin_frac", "lower", 0, 1,
               f"Latin letters over all letters, from {MIN_LETTERS} letters on, for other scripts"),
        Metric("script", "han_variant", "higher", 0, 1,
               "simplified or traditional characters as the language has them, over all that differ between the two"),
    )  # fmt: skip
    rules: ClassVar[tuple[Rule, ...]] = (
        Rule("script", "frac", "letters of another script",
             (Parameter("min_frac", 0.5, 0, 1, "share of the letters in the language's script"),
              Parameter("min_frac_latin", 0.9, 0, 1, "the same for Latin script, which no name is written out of")),
             lambda p: pl.col("score_script_frac")
             < pl.when(in_latin_script()).then(p["min_frac_latin"]).otherwise(p["min_frac"])),
        Rule("script", "latin_frac", "many letters are Latin in a language of another script",
             *above("script", "latin_frac", "max_latin_frac", 0.3, 1, "share of the letters"), action="warn"),
        Rule("script", "han_variant", "simplified characters for traditional ones, or the reverse",
             *below("script", "han_variant", "min_han_variant", 0.5, (0, 1), "share of the telling characters")),
    )  # fmt: skip

    def fingerprint(self) -> dict[str, Any]:
        """The version, and which characters tell the two ways of writing Chinese apart."""
        return {"version": self.version, "min_letters": MIN_LETTERS, "han": [len(part) for part in han_variants()]}

    def score(self, pairs: pa.Table) -> dict[str, pa.Array]:
        """Measure pairs of `PAIR_SCHEMA`."""
        frame = pl.DataFrame(pairs.select(["lang", "source", "target"])).with_row_index("row")
        schema = {"row": pl.UInt32, **{metric.name: pl.Float32 for metric in self.metrics}}
        parts = [pl.DataFrame(schema=schema)]
        for (lang,), texts in frame.group_by(["lang"]):
            parts.append(_measure(texts, registry()[str(lang)].script).cast(schema))  # type: ignore[arg-type]
        scores = pl.concat(parts).sort("row").drop("row")
        return {name: scores[name].to_arrow() for name in scores.columns}


def _without_given(texts: pl.DataFrame, own: str) -> pl.DataFrame:
    """The texts without the names and quotations in another script that their sources have too.

    A text with fewer than `MIN_LETTERS` letters of its own script stays as it is: it may be all names.
    """
    mixed = texts.filter(
        pl.col("target").str.count_matches(own) >= MIN_LETTERS,
        pl.col("target").str.count_matches(r"\p{L}") > pl.col("target").str.count_matches(own),
    )
    if mixed.is_empty():
        return texts
    word = regex.compile(rf"(?:(?!{own})[\p{{L}}\p{{M}}\p{{N}}])+", regex.VERSION1)
    cut = [_cut(source or "", target, word) for source, target in mixed.select("source", "target").iter_rows()]
    return texts.update(mixed.select("row", target=pl.Series(cut, dtype=pl.String)), on="row")


def _cut(source: str, target: str, word: regex.Pattern[str]) -> str:
    given = set(_WORD.findall(source))
    quoted = {part for quotation in _QUOTED.findall(source) for part in _WORD.findall(quotation)}

    def cut(found: regex.Match[str]) -> str:
        text = found.group()
        return "" if text in quoted or (text in given and not text.islower()) else text

    return str(word.sub(cut, target))


def _measure(texts: pl.DataFrame, script: str) -> pl.DataFrame:
    """Columns row and those of the metrics for texts of one script."""
    texts = _without_given(texts, script_class(script))
    text, nothing = pl.col("target"), pl.lit(None, pl.Float32)
    letters = text.str.count_matches(r"\p{L}")
    frac = pl.when(letters >= MIN_LETTERS).then(text.str.count_matches(script_class(script)) / letters)
    latin = pl.when(letters >= MIN_LETTERS).then(text.str.count_matches(LATIN) / letters)
    variant = nothing
    if script in ("Hans", "Hant"):
        simplified, traditional = (text.str.count_matches(f"[{part}]") for part in han_variants())
        right = simplified if script == "Hans" else traditional
        variant = pl.when(simplified + traditional > 0).then(right / (simplified + traditional))
    return texts.select("row", frac=frac, latin_frac=nothing if script == "Latn" else latin, han_variant=variant)


MEMBER = ScriptScorer
