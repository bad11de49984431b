"""Make ``filters/data/number_words.csv``: the number words of as many languages as free tables have.

For each language the spell-out rules of Unicode CLDR (through ICU) and `indic-numtowords`, else `to-words`, spell
numbers out; a form that the reader of `glotmill.filters.features.number_reader` composes of the ones before it is left
out, so that the table holds what a reader must know and no more. Months are words that give a number away.

    pip install icukit-pyicu==78.3.1 indic-numtowords==1.1.0 && npm pack to-words@5.7.0 && tar xzf to-words-5.7.0.tgz
    python -m benchmarks.make_number_words --to-words package
"""

from __future__ import annotations

import argparse
import copy
import csv
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import regex

from glotmill.filters.features.composed_number import POWERS
from glotmill.filters.features.number_reader import Reader
from glotmill.filters.features.number_words import BY_HAND, WORDS, Kind, Lexicon
from glotmill.schemas.languages import Language, read_table, registry

HEAD = """\
# Number words by language, made by benchmarks/make_number_words.py: what number_reader.py cannot compose of others.
# From Unicode CLDR 48 through ICU 78 (Unicode License v3), indic-numtowords 1.1.0 (MIT), to-words 5.7.0 (MIT).
"""
CARDINALS = [*range(121), *range(121, 200, 10), *range(200, 1001, 100), 1100, *range(2000, 10_001, 1000), 20_000,
             100_000, 200_000, 10**6, 2 * 10**6, 10**7, 10**8, 10**9]  # fmt: skip
ORDINALS = [*range(1, 32), *range(40, 101, 10), 1000]
_ICU = {"nob_Latn": "no", "tgl_Latn": "fil", "zho_Hant": "zh_Hant", "zho_Hans": "zh"}
_LAKHS = range(10**7)  # what it spells in all its languages
_INDIC_SCRIPTS = ("Arab", "Beng", "Deva", "Gujr", "Knda", "Mlym", "Olck", "Orya", "Taml", "Telu", "Guru")
_TO_WORDS = {"hau_Latn": "ha-NG", "ibo_Latn": "ig-NG", "jav_Latn": "jv-ID", "uzn_Latn": "uz-UZ", "yor_Latn": "yo-NG",
             "zul_Latn": "zu-ZA"}  # fmt: skip
_WORDY = regex.compile(r"^[\p{L}\p{M}\s\-\u00ad\u200b-\u200d’'\u2011]+$")
Spelled = Iterator[tuple[Kind, int, str]]


def icu_forms(language: Language) -> Spelled:
    """What CLDR's rules for a language spell; nothing where it has none of its own."""
    import icu

    locale = icu.Locale(_ICU.get(language.code, language.bcp47.replace("-", "_")))
    rules = icu.RuleBasedNumberFormat(icu.URBNFRuleSetTag.SPELLOUT, locale)
    if rules.getLocale(icu.ULocDataLocaleType.VALID_LOCALE).getLanguage() != locale.getLanguage():
        return
    names = [rules.getRuleSetName(place) for place in range(rules.getNumberOfRuleSetNames())]
    for value in CARDINALS:
        for name in names:
            if "ordinal" not in name and "year" not in name:
                yield "cardinal", value, rules.format(value, name)
    for value in ORDINALS:
        for name in names:
            if "ordinal" in name:
                yield "weak", value, rules.format(value, name)
    symbols = icu.DateFormatSymbols(locale)
    for context in (icu.DateFormatSymbols.FORMAT, icu.DateFormatSymbols.STANDALONE):
        for width in (icu.DateFormatSymbols.WIDE, icu.DateFormatSymbols.ABBREVIATED):
            for value, month in enumerate(symbols.getMonths(context, width), start=1):
                yield "weak", value, month.strip(".")


def indic_forms(language: Language) -> Spelled:
    """What indic-numtowords spells, spellings side by side; its Sindhi fails."""
    import indic_numtowords
    from indic_numtowords import numtowords

    script = (
        regex.compile(rf"[\p{{Script={language.script}}}\p{{M}}\s]+") if language.script in _INDIC_SCRIPTS else None
    )
    code = language.bcp47.split("-")[0]
    if script and code != "sd" and code in (*indic_numtowords.supported_langs, *numtowords.extended_supported_langs):
        for value in filter(_LAKHS.__contains__, CARDINALS):
            for form in indic_numtowords.num2words(value, code, variations=True):
                if script.fullmatch(form):
                    yield "cardinal", value, form


def to_words_forms(language: Language, package: Path) -> Spelled:
    """What to-words spells, where nothing better does."""
    if language.code not in _TO_WORDS:
        return
    script = f"""import {{ToWords}} from {json.dumps(str(package.resolve() / "dist/esm/ToWords.js"))};
        const words = new ToWords({{localeCode: {json.dumps(_TO_WORDS[language.code])}}});
        console.log(JSON.stringify({json.dumps(CARDINALS)}.map(n => words.convert(n))));"""
    out = subprocess.run(["node", "--input-type=module", "-e", script], check=True, capture_output=True, text=True)
    yield from (("cardinal", value, form) for value, form in zip(CARDINALS, json.loads(out.stdout), strict=True))


def needed(language: Language, forms: Spelled) -> Iterator[tuple[Kind, int, str]]:
    """The forms that a reader who knows the ones before cannot read, or the parts that it lacks to read them."""
    lexicon = Lexicon(language.code)
    for row in read_table(BY_HAND):
        if language.code in row["lang"].split("|") and row["kind"] in ("joiner", "infix", "units_first"):
            for form in row["forms"].split("|"):
                lexicon.add(
                    cast("Kind", row["kind"]), [int(value) for value in row["values"].split("|") if value], form
                )
    for kind, value, spelled in forms:
        form = regex.sub(r"[\u00ad\u200b]", "", spelled).strip().lower()
        if not _WORDY.match(form) or _reads(lexicon, kind, value, form):
            continue
        for part in _parts(lexicon, value, form) if kind == "cardinal" else ():
            trial = copy.deepcopy(lexicon)
            trial.add(kind, [part[0]], part[1])
            if _reads(trial, kind, value, form):
                found = [part]
                break
        else:
            found = [(value, form), *_bare_power(lexicon, value, form)]
        for number, words in found:
            lexicon.add(kind, [number], words)
            yield kind, number, words


def _reads(lexicon: Lexicon, kind: Kind, value: int, form: str) -> bool:
    found = Reader(lexicon.lang, lexicon).read(form)
    if value < 2 or kind == "weak":
        return value in found.readable
    return len(found.stated) == 1 and found.stated[0].values[0] == value


def _parts(lexicon: Lexicon, value: int, form: str) -> Iterator[tuple[int, str]]:
    """What a form holds beside words that are known: of "ciento uno" (101), the hundred."""
    for unit in (1000, 100, 10):
        small = value % unit
        if not 0 < small < value:
            continue
        ends = [key for key, values in lexicon.cardinals.items() if small in values]
        for cut, side in ((str.removesuffix, str.endswith), (str.removeprefix, str.startswith)):
            longest = max((end for end in ends if side(form, end)), key=len, default="")
            rest = [word for word in cut(form, longest).strip(" -").split() if word not in lexicon.joiners]
            if longest and len(rest) == 1 and len(rest[0]) > 1:
                yield value - small, rest[0]


def _bare_power(lexicon: Lexicon, value: int, form: str) -> Iterator[tuple[int, str]]:
    """Of "one million" and "two millions", the words for a million."""
    for times in (1, 2):
        if value / times not in POWERS:
            continue
        ends = [key for key, values in lexicon.cardinals.items() if times in values]
        for cut, side in ((str.removeprefix, str.startswith), (str.removesuffix, str.endswith)):
            longest = max((end for end in ends if side(form, end)), key=len, default="")
            rest = cut(form, longest).strip(" -")
            if longest and rest:
                yield value // times, rest


def main() -> None:
    """Write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to-words", type=Path, required=True, help="the unpacked npm package")
    package = parser.parse_args().to_words
    with WORDS.open("w", encoding="utf-8", newline="") as file:
        file.write(HEAD)
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["lang", "kind", "values", "forms"])
        for code, language in sorted(registry().items()):
            forms = [*icu_forms(language), *indic_forms(language)] or [*to_words_forms(language, package)]
            found: dict[tuple[Kind, int], dict[str, None]] = {}
            for kind, value, form in needed(language, iter(forms)):
                found.setdefault((kind, value), {})[form] = None
            for (kind, value), spelled in found.items():
                writer.writerow([code, kind, value, "|".join(spelled)])


if __name__ == "__main__":
    main()
