"""Script: are the letters of a translation those its language is written in?

A name, an abbreviation or a quotation that the source has too may stay in the source's script: it counts as no letter
of the translation. Words in small letters count, unless they are quoted: they are what an engine left untranslated.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import regex

from glotmill.filters.contract import Scorer
from glotmill.filters.rules import Parameter, Rule, above, below, in_latin_script
from glotmill.schemas.languages import registry
from glotmill.schemas.record import Metric

MIN_LETTERS = 4
_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+")
_QUOTED = regex.compile(r"[\"“«„「]([^\"”»“」]{1,200})[\"”»“」]")
LATIN = r"\p{Latin}"
# A Chinese character is as much text as 2.7 to 3.2 letters of English (even lines of Tatoeba), so a translation with a
# Latin name or two is not half Latin. Japanese has 1.9 and Korean 2.2, but with such a weight a text whose second half
# is English would pass in Japanese, and no good text needs it.
WEIGHT = {"Hans": 2, "Hant": 2}
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

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]


def script_class(script: str) -> str:
    """A regular expression of the letters of an ISO 15924 script code."""
    # The long-vowel mark belongs to two scripts, and so to none by its property.
    more = "ー" if script == "Jpan" else ""
    inside = "".join(rf"\p{{{name}}}" for name in PROPERTY[script].split())
    return rf"[{inside}{more}&&[\p{{L}}]]"


@cache
def han_variants() -> tuple[str, str]:
    """(characters that are simplified only, characters that are traditional only) as OpenCC converts them."""
    to_traditional, to_simplified = map(_conversions, ("STCharacters.txt", "TSCharacters.txt"))
    characters = [chr(point) for point in HAN]
    rows = [(char, to_traditional.get(char, char), to_simplified.get(char, char)) for char in characters]
    # A character that both ways change stands in both ways of writing.
    return (
        "".join(char for char, to, back in rows if char != to and char == back),
        "".join(char for char, to, back in rows if char != back and char == to),
    )


def _conversions(file: str) -> dict[str, str]:
    """What OpenCC makes of single characters, the first of several ways; its converter takes 20 times as long."""
    lines = files("opencc").joinpath("dictionary", file).read_text(encoding="utf-8").splitlines()
    pairs = (line.split("\t") for line in lines if line.strip())
    return {char: made.split(" ")[0] for char, made in pairs}


class ScriptScorer(Scorer):
    """Measures the share of letters of the right script, of Latin, and of the right kind of Chinese characters."""

    name: ClassVar[str] = "script"
    version: ClassVar[int] = 3
    row: ClassVar[tuple[str, ...]] = (
        "letters of the language's script, Latin letters, simplified or traditional characters",
        "–",
    )
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("script", "frac", "higher", 0, 1,
               "letters of the language's script over all letters but those of names and quotations that the source "
               f"has too, from {MIN_LETTERS} letters on, a Chinese character counting as two in Chinese; high means "
               "the right script"),
        Metric("script", "latin_frac", "lower", 0, 1,
               f"Latin letters over all letters, from {MIN_LETTERS} letters on, for other scripts; high means text "
               "in Latin script"),
        Metric("script", "han_variant", "higher", 0, 1,
               "simplified or traditional characters as the language has them, over all that differ between the "
               "two; high means the right variant"),
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
        frame = pl.DataFrame(pairs.select(["lang", "source", "target"]))
        written: dict[str, list[str | None]] = {}
        for lang in frame["lang"].unique():
            written.setdefault(registry()[str(lang)].script, []).append(lang)
        columns = {metric.name: np.full(frame.height, np.nan, np.float32) for metric in self.metrics}
        for script, langs in written.items():
            rows = frame["lang"].is_in(langs)
            found = _measure(frame.filter(rows) if len(written) > 1 else frame, script)
            for name, values in found.items():
                columns[name][rows.to_numpy()] = values
        return {name: pa.array(values, from_pandas=True) for name, values in columns.items()}


def _measure(texts: pl.DataFrame, script: str) -> dict[str, Floats]:
    """The metrics of texts of one script, NaN where there is nothing to judge."""
    own = script_class(script)
    patterns = {"letters": r"\p{L}", "own": own}
    if script != "Latn":
        patterns["latin"] = LATIN
    if script in ("Hans", "Hant"):
        patterns |= {way: f"[{part}]" for way, part in zip(("Hans", "Hant"), han_variants(), strict=True)}
    counts = _counts(texts["target"], patterns)
    rows, cut = _without_given(texts, counts["letters"], counts["own"], own)
    if len(rows):
        for name, values in _counts(cut, patterns).items():
            counts[name][rows] = values
    enough = counts["letters"] >= MIN_LETTERS
    weighed = WEIGHT.get(script, 1) * counts["own"]
    found = {"frac": _share(weighed, weighed + counts["letters"] - counts["own"], enough)}
    if "latin" in counts:
        found["latin_frac"] = _share(counts["latin"], counts["letters"], enough)
    if script in counts:
        telling = counts["Hans"] + counts["Hant"]
        found["han_variant"] = _share(counts[script], telling, telling > 0)
    return found


def _counts(texts: pl.Series, patterns: dict[str, str]) -> dict[str, Floats]:
    """How often each pattern stands in each text."""
    return {name: texts.str.count_matches(pattern).to_numpy().astype(np.float64) for name, pattern in patterns.items()}


def _share(part: Floats, whole: Floats, judged: npt.NDArray[np.bool_]) -> Floats:
    share: Floats = np.divide(part, whole, out=np.full(len(part), np.nan), where=judged)
    return share


def _without_given(texts: pl.DataFrame, letters: Floats, own: Floats, script: str) -> tuple[Rows, pl.Series]:
    """(rows, targets) of the texts that lose names and quotations in another script that their sources have too.

    A text with fewer than `MIN_LETTERS` letters of its own script stays as it is: it may be all names. Going through
    words is slow, so that is done only where the source has a run of letters of another script.
    """
    mixed = np.flatnonzero((own >= MIN_LETTERS) & (letters > own))
    if not len(mixed):
        return mixed, pl.Series(dtype=pl.String)
    runs = texts.select("source", run=pl.col("target").str.extract_all(_other(script)))[mixed].with_columns(row=mixed)
    given = pl.col("source").str.contains(pl.col("run"), literal=True)
    rows = runs.explode("run").filter(given)["row"].unique(maintain_order=True)
    word = regex.compile(_other(script), regex.VERSION1)
    pairs = texts.select("source", "target")[rows].iter_rows()
    return rows.to_numpy(), pl.Series([_cut(source, target, word) for source, target in pairs], dtype=pl.String)


def _other(script: str) -> str:
    """A regular expression of a run of letters, marks and digits of no letters of a class."""
    return rf"[[\p{{L}}\p{{M}}\p{{N}}]--{script}]+"


def _cut(source: str, target: str, word: regex.Pattern[str]) -> str:
    given = set(_WORD.findall(source))
    quoted = {part for quotation in _QUOTED.findall(source) for part in _WORD.findall(quotation)}

    def cut(found: regex.Match[str]) -> str:
        text = found.group()
        return "" if text in quoted or (text in given and not text.islower()) else text

    return str(word.sub(cut, target))


MEMBER = ScriptScorer
