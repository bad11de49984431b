"""The FLORES-200 languages and what each is called elsewhere.

Guarantees: a code that is not in FLORES-200 is an error that names the nearest codes; every mapping (NLLB
token, BCP-47, Hub code, language-ID labels) comes from the tables in ``schemas/data``, whose head lines name
their sources.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from rapidfuzz import process

from glotmill.schemas.errors import InputError, shortened

DATA = Path(__file__).parent / "data"

ENGLISH = "eng_Latn"

Identifiability = Literal["direct", "macro", "script_only", "script_unique", "none"]


@dataclass(frozen=True, slots=True)
class Language:
    """One FLORES-200 language.

    Attributes:
        code: FLORES-200 code, such as ``swh_Latn``.
        name: English name.
        script: ISO 15924 code.
        bcp47: Canonical BCP-47 tag, such as ``zh-Hant``.
        hub_language: ISO 639 code for the ``language`` list of a Hub card.
        nllb_token: Language token of NLLB-200, or None where NLLB-200 lacks the language.
        lid176_labels: The labels of lid.176 that count as this language: its own and those that the model
            confuses with it. Empty where the model has none.
        lid176_own: Those of them that are the language's own.
        lid176_identifiability: ``direct`` or ``macro`` where those labels say something of this language.
    """

    code: str
    name: str
    script: str
    bcp47: str
    hub_language: str
    nllb_token: str | None
    lid176_labels: frozenset[str]
    lid176_own: frozenset[str]
    lid176_identifiability: Identifiability


def read_table(path: Path) -> Iterator[dict[str, str]]:
    """The rows of a CSV table whose head lines start with ``#``."""
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(line for line in file if not line.startswith("#"))


@cache
def registry() -> dict[str, Language]:
    """All FLORES-200 languages by code, in the order of the FLORES table."""
    tags = {row["flores_code"]: row for row in read_table(DATA / "bcp47.csv")}
    labels = {row["flores200_code"]: row for row in read_table(DATA / "flores200_to_lid176.csv")}
    found = {}
    for row in read_table(DATA / "flores200.csv"):
        code = row["flores_code"]
        lid = labels[code]
        found[code] = Language(
            code=code,
            name=row["english_name"],
            script=row["script_iso15924"],
            bcp47=tags[code]["bcp47"],
            hub_language=tags[code]["hub_language"],
            nllb_token=row["nllb_token"] or None,
            lid176_labels=frozenset(filter(None, lid["lid176_lenient"].split("|"))),
            lid176_own=frozenset(filter(None, lid["lid176_strict"].split("|"))),
            lid176_identifiability=lid["identifiability_lid176"],  # type: ignore[arg-type]  # checked by a test
        )
    return found


def nearest(word: str, known: Iterable[str], limit: int = 1) -> list[str]:
    """The known words most like a misspelt one, best first; none where nothing is alike."""
    return [match for match, _, _ in process.extract(word, list(known), limit=limit, score_cutoff=50)]


def language(code: str) -> Language:
    """The language of a FLORES-200 code.

    Raises:
        InputError: The code is not in FLORES-200; the message names the nearest codes.
    """
    found = registry().get(code)
    if found is None:
        by_name = {entry.name: entry.code for entry in registry().values()}
        names, codes = [by_name[name] for name in nearest(code, by_name, 2)], nearest(code, registry(), 2)
        words = dict.fromkeys([*codes, *names] if "_" in code else [*names, *codes])  # no name has that sign
        hint = f"; did you mean {' or '.join(words)}?" if words else ""
        msg = f"unknown language code '{shortened(code)}': expected a FLORES-200 code such as deu_Latn{hint}"
        raise InputError(msg)
    return found
