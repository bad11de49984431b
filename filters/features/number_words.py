"""The number words of a language: cardinals, ordinals, and words that merely give a number away.

They come from two tables. ``number_words.csv`` is made by ``benchmarks/make_number_words.py`` from the spell-out rules
of Unicode CLDR and other free sources; ``number_words_by_hand.csv`` adds what such rules do not hold: cases,
classifiers, pairs and dozens, and the cardinals of some languages that no rules exist for. A form that is composed of
others (two hundred and five) is in neither.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Literal, cast, get_args

import regex

from glotmill.filters.features.figures import Number
from glotmill.filters.features.words import UNSPACED_SCRIPTS
from glotmill.schemas.languages import read_table

WORDS = Path(__file__).parents[1] / "data" / "number_words.csv"
BY_HAND = Path(__file__).parents[1] / "data" / "number_words_by_hand.csv"

# cardinal: states a number. weak: lets one be read, though nobody misses it (ordinals, "both", "May").
# joiner: may stand between the words of a number ("and"); infix: the same inside one word ("und").
# counter: may stand behind a number in one word (층, "a floor"). units_first: the language says two-and-twenty, of
# units below the value.
Kind = Literal["cardinal", "weak", "joiner", "infix", "counter", "units_first"]
STEM = {"cardinal": 3, "weak": 4}  # letters that an inflected form must share with an entry
KINDS: tuple[Kind, ...] = get_args(Kind)

# Languages that read the table of another beside their own.
_ALSO = {
    **dict.fromkeys(("acm_Arab", "acq_Arab", "aeb_Arab", "ajp_Arab", "apc_Arab", "ars_Arab", "ary_Arab", "arz_Arab"),
                    "arb_Arab"),
    **dict.fromkeys(("awa_Deva", "bho_Deva", "hne_Deva", "mag_Deva"), "hin_Deva"),
    "prs_Arab": "pes_Arab",
    "yue_Hant": "zho_Hant",
}  # fmt: skip
_DOTLESS = {"tur_Latn", "azj_Latn", "crh_Latn"}  # a capital I is an ı in lower case
_STRESS = {"tgl_Latn", "ceb_Latn"}  # accents of the dictionary that nobody writes
_MARKS = regex.compile(r"[\p{Mn}\u0640]")
_INVISIBLE = "\u00ad\u200b\u200d\u2060"
_ARABIC = str.maketrans("أإآٱىیےکۀۂةہھ", "اااايييكههههه")
_YIDDISH = str.maketrans({"\u05f0": "וו", "\u05f1": "וי", "\u05f2": "יי"})
_APOSTROPHES = regex.compile(r"(?<=\p{L})['’‘ʻʼ`](?=\p{L})")
_SILENT = {"uzn_Latn", "ukr_Cyrl", "bel_Cyrl"}  # an apostrophe inside a word, typed as several characters
_ROMANIAN = str.maketrans("şţ", "șț")
_ETHIOPIC = str.maketrans(  # letters that sound alike in Amharic
    {ord(letter) + order: ord(alike) + order for letter, alike in ("ሠሰ", "ሐሀ", "ኀሀ", "ዐአ", "ፀጸ") for order in range(7)}
    | dict.fromkeys(map(ord, "ሃሓኃኻ"), "ሀ")
    | dict.fromkeys(map(ord, "ኣዓ"), "አ")
)
_VIRAMAS = "\u0bcd\u0c4d\u0ccd\u0d4d"  # at the end of a word, gone before a suffix
_INDIC = str.maketrans("ँঁ", "ंং")
_SPELLINGS: Mapping[str, Mapping[int, int | str]] = {
    "Deva": _INDIC,
    "Beng": _INDIC,
    "Ethi": _ETHIOPIC,
    "ron_Latn": _ROMANIAN,
}
_WORD = regex.compile(r"[\p{L}\p{M}〇]+")


def fold(text: str, lang: str) -> str:
    """A text in lower case, without what the writers of a language put in or leave out as they like."""
    if lang in _DOTLESS:
        text = text.replace("İ", "i").replace("I", "ı")
    text = text.lower()
    if lang in _SILENT:
        text = _APOSTROPHES.sub("", text)
    if text.isascii():
        return text
    text = unicodedata.normalize("NFC", text)
    for mark in _INVISIBLE:
        text = text.replace(mark, "")
    script = lang[-4:]
    if script == "Arab":
        return str(_MARKS.sub("", unicodedata.normalize("NFD", text.translate(_ARABIC))))
    if script == "Hebr" or lang in _STRESS:
        return unicodedata.normalize("NFC", _MARKS.sub("", unicodedata.normalize("NFD", text.translate(_YIDDISH))))
    return text.translate(_SPELLINGS.get(lang) or _SPELLINGS.get(script, {}))


class Lexicon:
    """The number words of one language, folded.

    Attributes:
        lang: FLORES-200 code.
        cardinals: The values of each cardinal, by its words parted by single spaces.
        weak: The same of words that give a number away.
        longest: Words of the longest entry of several that begins with a word.
        joiners: Words that may stand inside a number.
        infixes: What may join the parts of a number within one word.
        counters: What may stand behind a number in one word.
        stems: The values of each one-word entry that inflected forms begin with.
        units_below: Units below it come before the tens; 0 where they never do.
        starts: The first two letters of each cardinal of one word; no other word is made of cardinals.
    """

    def __init__(self, lang: str) -> None:
        self.lang = lang
        self.cardinals: dict[str, tuple[Number, ...]] = {}
        self.weak: dict[str, tuple[Number, ...]] = {}
        self.stems: dict[str, tuple[Number, ...]] = {}
        self.longest: dict[str, int] = {}
        self.joiners: set[str] = set()
        self.infixes: set[str] = set()
        self.counters: set[str] = set()
        self.starts: set[str] = set()
        self.units_below: int = 0

    def add(self, kind: Kind, values: Iterable[Number], form: str) -> None:
        """Add one form; the values that it has already stay."""
        if kind == "units_first":
            self.units_below = max(map(int, values))
            return
        words = _WORD.findall(fold(form, self.lang))
        key = ("" if self.lang.endswith(UNSPACED_SCRIPTS) else " ").join(words)
        if kind in ("cardinal", "weak"):
            table = self.cardinals if kind == "cardinal" else self.weak
            table[key] = tuple(dict.fromkeys((*table.get(key, ()), *values)))
            if len(words) > 1:
                self.longest[words[0]] = max(self.longest.get(words[0], 0), len(words))
                return
            if kind == "cardinal":
                self.starts.add(key[:2])
            stem = key.rstrip(_VIRAMAS)
            if len(stem) >= STEM[kind]:
                self.stems[stem] = (*self.stems.get(stem, ()), *values)
        else:
            {"joiner": self.joiners, "infix": self.infixes, "counter": self.counters}[kind].add(key)


@cache
def _tables() -> dict[str, list[tuple[Kind, str, str]]]:
    found: dict[str, list[tuple[Kind, str, str]]] = {}
    for path in (WORDS, BY_HAND):
        for row in read_table(path):
            for lang in row["lang"].split("|"):
                found.setdefault(lang, []).append((cast("Kind", row["kind"]), row["values"], row["forms"]))
    return found


def _entries(lang: str) -> Iterator[tuple[Kind, list[Number], str]]:
    rows = [*_tables().get(_ALSO.get(lang, ""), []), *_tables().get(lang, [])]
    for kind, values, forms in rows:
        numbers: list[Number] = [float(v) if "." in v else int(v) for v in values.split("|") if v]
        yield from ((kind, numbers, form) for form in forms.split("|"))


@cache
def lexicon(lang: str) -> Lexicon | None:
    """The number words of a language (FLORES-200 code), or None where there is no table of them."""
    found = Lexicon(lang)
    for kind, values, form in _entries(lang):
        found.add(kind, values, form)
    return found if found.cardinals else None


def languages() -> list[str]:
    """The languages that have a table of number words."""
    return sorted(lang for lang in {*_tables(), *_ALSO} if lexicon(lang))
