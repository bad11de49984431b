"""Translations by people in many languages, sorted by the script they are written in: what filters must keep.

Sentences of the Tatoeba files that LASER tests with (even lines to fit on, odd ones to test), xGQA's questions
(train_48 and dev) and Multi30k's captions (val and test_2016_flickr). A file's code is of ISO 639-3; which FLORES-200
language a line is follows from its script, for a file of `cmn`, `kur`, `aze`, `uzb` or `srp` holds several. None of
these texts is part of this repository.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import regex

from benchmarks.corpora import FILES, Split, corpora
from glotmill.filters.scorers.script import PROPERTY, han_variants
from glotmill.schemas.languages import DATA, read_table

HALVES: tuple[Split, ...] = ("fit", "test")  # even lines, odd lines
SETS = {"captions": "multi30k", "questions": "xgqa"}
# Files of macrolanguages: the FLORES-200 languages that they hold, one a script.
SEVERAL = {
    "cmn": ("zho_Hans", "zho_Hant"), "ara": ("arb_Arab",), "sqi": ("als_Latn",), "mon": ("khk_Cyrl",),
    "kur": ("kmr_Latn", "ckb_Arab"), "aze": ("azj_Latn", "azb_Arab"), "uzb": ("uzn_Latn",), "ber": ("tzm_Tfng",),
    "yid": ("ydd_Hebr",), "yue": ("yue_Hant",), "arq": (),
}  # fmt: skip
KANA, HAN = regex.compile(r"[\p{Hiragana}\p{Katakana}]"), regex.compile(r"\p{Han}")
LETTERS = {
    script: regex.compile("[" + "".join(rf"\p{{{name}}}" for name in names.split()) + "]")
    for script, names in PROPERTY.items()
    if script not in ("Hans", "Hant", "Jpan")
}


def human_text(data: Path) -> pl.DataFrame:
    """All texts, with the columns set, unit, lang, script, half, field_type, source and target.

    ``unit`` is the FLORES-200 code, or the file's code where the line is in no FLORES-200 language: such a line is
    another language for every one. ``lang`` is null there.

    Args:
        data: Folder with tatoeba/, xgqa/ and multi30k/.
    """
    rows = [*_tatoeba(data / "tatoeba"), *_pictures(data)]
    schema = ("set", "unit", "lang", "script", "half", "field_type", "source", "target")
    return pl.DataFrame(rows, schema=dict.fromkeys(schema, pl.String), orient="row")


def _pictures(data: Path) -> Iterator[tuple[str | None, ...]]:
    for half in HALVES:
        for corpus in corpora(data, half):
            name = "multi30k" if corpus.name == FILES[half][0] else "xgqa"
            for source, target in zip(corpus.sources, corpus.targets, strict=True):
                yield name, corpus.lang, corpus.lang, script_of(target), half, corpus.field_type, source, target


def _tatoeba(folder: Path) -> Iterator[tuple[str | None, ...]]:
    by_code: dict[str, list[str]] = {}
    for row in read_table(DATA / "flores200.csv"):
        by_code.setdefault(row["iso639_3"], []).append(row["flores_code"])
    for path in sorted(folder.glob("*.tsv.gz")):
        code = path.name.split(".")[0]
        langs = SEVERAL.get(code, tuple(by_code.get(code, ())))
        for number, line in enumerate(gzip.decompress(path.read_bytes()).decode("utf-8").splitlines()):
            source, _, target = line.partition("\t")
            script = script_of(target)
            if not script:
                continue
            lang = next((lang for lang in langs if _written_in(lang, script, target)), None)
            yield "tatoeba", lang or code, lang, script, HALVES[number % 2], "caption", source, target


def script_of(text: str) -> str:
    """The script of most letters of a text, as in FLORES-200 codes, with ``Han`` for Chinese; empty without letters."""
    if KANA.search(text):
        return "Jpan"
    counts = {script: len(letters.findall(text)) for script, letters in LETTERS.items()}
    counts["Han"] = len(HAN.findall(text))
    most = max(counts, key=lambda script: counts[script])
    return most if counts[most] else ""


def _written_in(lang: str, script: str, text: str) -> bool:
    wanted = lang.split("_")[1]
    if script != "Han" or wanted not in ("Hans", "Hant"):
        return wanted == script or (script == "Han" and wanted == "Jpan")
    if lang == "yue_Hant":
        return True
    simplified, traditional = (sum(char in part for char in text) for part in han_variants())
    return (wanted == "Hant") == (traditional > simplified)
