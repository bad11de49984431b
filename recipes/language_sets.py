"""Sets of languages in a recipe: codes, published groups, scripts and resource tiers, added, crossed and taken away.

Guarantees: an expression names FLORES-200 codes in a fixed order, each once; a name that is not known is an
`InputError` with the nearest known one.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from rapidfuzz import fuzz

from glotmill.schemas.errors import InputError
from glotmill.schemas.given_files import given_table
from glotmill.schemas.languages import language, nearest, read_table, registry

LIKE = 75  # of 100: a misspelt group, not a language's name
DATA = Path(__file__).parent / "data"

# Small published sets; the large ones are tables in ``data/``.
_SMALL = {
    "palo": "eng_Latn zho_Hans fra_Latn spa_Latn rus_Cyrl jpn_Jpan arb_Arab hin_Deva ben_Beng urd_Arab",
    "xvlm2vec": "eng_Latn ita_Latn fra_Latn spa_Latn deu_Latn",
    "crossin": "eng_Latn zho_Hans vie_Latn spa_Latn",
    "parrot": "eng_Latn zho_Hans por_Latn arb_Arab tur_Latn rus_Cyrl",
}


@cache
def groups() -> dict[str, tuple[str, ...]]:
    """Every named set: published recipes, ``tier:T1`` to ``tier:T5``, ``script:<ISO 15924>``, nllb and flores200."""
    centurio = list(read_table(DATA / "centurio_languages.csv"))
    found = {
        "mblip": tuple(row["flores_code"] for row in read_table(DATA / "mblip_languages.csv")),
        "centurio": tuple(row["flores_code"] for row in centurio),
        "m3it80": tuple(row["flores_code"] for row in read_table(DATA / "m3it80_languages.csv")),
        "nllb": tuple(code for code, entry in registry().items() if entry.nllb_token),
        "flores200": tuple(registry()),
    }
    found |= {name: tuple(codes.split()) for name, codes in _SMALL.items()}
    for tier in sorted({row["tier"] for row in centurio}):
        found[f"tier:{tier}"] = tuple(row["flores_code"] for row in centurio if row["tier"] == tier)
    for script in sorted({entry.script for entry in registry().values()}):
        found[f"script:{script}"] = tuple(c for c, entry in registry().items() if entry.script == script)
    return found


def expand(items: Iterable[str]) -> tuple[str, ...]:
    """The languages that a list of expressions names, in order, each once.

    Args:
        items: FLORES-200 codes and names of `groups`; ``a & b`` is what both have, ``-a`` takes away from what
            stands before it.

    Raises:
        InputError: A name is unknown, a code appears twice, or nothing is taken away.
    """
    found: dict[str, None] = {}
    for item in items:
        text = item.strip()
        if text.startswith("-"):
            gone = _crossed(text[1:])
            if not set(gone) & set(found):
                msg = f"'{item}' takes nothing away from the languages before it"
                raise InputError(msg)
            for code in gone:
                found.pop(code, None)
        elif text in found and text in registry():
            msg = f"{text} named twice"
            raise InputError(msg)
        else:
            found |= dict.fromkeys(_crossed(text))
    return tuple(found)


def _crossed(text: str) -> list[str]:
    first, *rest = (_named(part.strip()) for part in text.split("&"))
    return [code for code in first if all(code in other for other in rest)]


def _named(name: str) -> tuple[str, ...]:
    if name in groups():
        return groups()[name]
    if name in registry():
        return (name,)
    close = nearest(name, groups())
    if ":" in name or (close and fuzz.ratio(name, close[0]) > LIKE):
        hint = f"; did you mean '{close[0]}'?" if close else ""
        msg = f"unknown group of languages '{name}'{hint}; known: {', '.join(g for g in groups() if ':' not in g)}"
        raise InputError(msg)
    return (language(name).code,)


@cache
def weight_table(name: str) -> dict[str, float]:
    """A shipped table of weights by language: ``mc4`` or ``mt5``, in percent."""
    return {row["flores_code"]: float(row[name]) for row in read_table(DATA / "mblip_languages.csv")}


def read_weights(path: Path) -> dict[str, float]:
    """A user's table of weights: a CSV file with the columns flores_code and weight; ``#`` lines are comments.

    Raises:
        InputError: The file is missing or not such a table.
    """
    expected = "expected a CSV file with the columns flores_code,weight"
    found: dict[str, float] = {}
    header, *rows = given_table("mix.weights", path, expected.removeprefix("expected "), delimiter=",") or [[]]
    try:
        columns = [header.index(name) for name in ("flores_code", "weight")]
        for number, row in enumerate(rows, start=1):
            name, weight = (row[column] if column < len(row) else "" for column in columns)
            code = language(name.strip()).code
            if code in found:
                msg = f"mix.weights: {path}, row {number}: duplicate {code}"
                raise InputError(msg)
            found[code] = float(weight)
    except ValueError as error:
        msg = f"mix.weights: {path}: {expected}: {error}"
        raise InputError(msg) from None
    if not found:
        msg = f"mix.weights: {path}: {expected}, found no row"
        raise InputError(msg)
    return found
