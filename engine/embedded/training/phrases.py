"""Short answers, question templates and statements in four languages, made from hand-written tables.

Multi30k has no questions and no one-word answers, and xGQA has neither French nor Czech, so a model trained
on them alone answers "red" with an invented caption. These rows are the remedy. They are the same in every
run and on every machine, in the same order, without duplicates.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from glotmill.engine.embedded.training.phrase_tables import COLOURS, FIXED, NOUNS

Phrase = tuple[str, str, str, str]

COLUMNS: Phrase = ("eng_Latn", "deu_Latn", "fra_Latn", "ces_Latn")
"""Languages of a row's cells, as FLORES-200 codes."""

WEARERS = frozenset({"man", "woman", "boy", "girl", "child", "person"})
FRENCH_ELIDING_INITIALS = "aeiouhéê"  # every h among the nouns is mute
GERMAN_DEFINITE = {"m": "der", "f": "die", "n": "das"}
GERMAN_INDEFINITE = {"m": "ein", "f": "eine", "n": "ein"}
GERMAN_ACCUSATIVE = {"m": "einen", "f": "eine", "n": "ein"}
FRENCH_DEFINITE = {"m": "le ", "f": "la "}
FRENCH_INDEFINITE = {"m": "un", "f": "une"}
FRENCH_LARGE_OR_SMALL = {"m": ("grand", "petit"), "f": ("grande", "petite")}
CZECH_LARGE_OR_SMALL = {"m": ("velký", "malý"), "f": ("velká", "malá"), "n": ("velké", "malé")}
SIDES = (("left", "linken", "gauche", "levé"), ("right", "rechten", "droit", "pravé"))


@dataclass(frozen=True, slots=True)
class Noun:
    """A noun of the table, with the forms that the templates need.

    A gender is `m`, `f` or `n`. `de_the` and `fr_the` are the noun with its definite article, `de_a`
    (nominative), `de_a_accusative` and `fr_a` with its indefinite one; Czech has no articles.
    """

    en: str
    en_a: str
    de: str
    de_the: str
    de_a: str
    de_a_accusative: str
    fr: str
    fr_gender: str
    fr_the: str
    fr_a: str
    cs: str
    cs_gender: str
    animate: bool

    @classmethod
    def parse(cls, line: str) -> Noun:
        """Read one line of `NOUNS`."""
        en, de, fr, cs, flag = line.split("|")
        de_gender, de_forms = de.split(" ", 1)
        de_noun, _, de_accusative = de_forms.partition("/")
        fr_gender, fr_noun = fr.split(" ", 1)
        cs_gender, cs_noun = cs.split(" ", 1)
        article = "l'" if fr_noun[0] in FRENCH_ELIDING_INITIALS else FRENCH_DEFINITE[fr_gender]
        return cls(
            en=en,
            en_a=f"{'an' if en[0] in 'aeiou' else 'a'} {en}",
            de=de_noun,
            de_the=f"{GERMAN_DEFINITE[de_gender]} {de_noun}",
            de_a=f"{GERMAN_INDEFINITE[de_gender]} {de_noun}",
            de_a_accusative=f"{GERMAN_ACCUSATIVE[de_gender]} {de_accusative or de_noun}",
            fr=fr_noun,
            fr_gender=fr_gender,
            fr_the=article + fr_noun,
            fr_a=f"{FRENCH_INDEFINITE[fr_gender]} {fr_noun}",
            cs=cs_noun,
            cs_gender=cs_gender,
            animate=flag == "a",
        )


@dataclass(frozen=True, slots=True)
class Colour:
    """A colour adjective; `fr` and `cs` map the gender of the noun it describes to its form."""

    en: str
    de: str
    fr: dict[str, str]
    cs: dict[str, str]

    @classmethod
    def parse(cls, line: str) -> Colour:
        """Read one line of `COLOURS`."""
        en, de, fr, cs = line.split("|")
        fr_forms = dict(zip("mf", fr.split(","), strict=True))
        cs_forms = dict(zip("mfn", cs.split(","), strict=True))
        return cls(en, de, fr_forms, cs_forms)


def rows() -> list[Phrase]:
    """Every phrase, in a fixed order: four cells as in `COLUMNS`, empty where no translation is given."""
    return list(dict.fromkeys(_all_rows()))


def _all_rows() -> Iterator[Phrase]:
    colours = [Colour.parse(line) for line in COLOURS.strip().splitlines()]
    for line in FIXED.strip().splitlines():
        en, de, fr, cs = line.split("|")
        yield en, de, fr, cs
    for colour in colours:
        yield colour.en, colour.de, colour.fr["m"], colour.cs["f"]
    for index, line in enumerate(NOUNS.strip().splitlines()):
        noun = Noun.parse(line)
        yield from _about(noun)
        for turn in range(3):
            # Steps of three and four through the ten colours: a question never offers the same colour twice.
            first = (index + 3 * turn) % len(colours)
            yield from _coloured(noun, colours[first], colours[(first + 4) % len(colours)])


def _about(noun: Noun) -> Iterator[Phrase]:
    """The lone noun, then questions and statements about where, what and how large it is."""
    en, de, fr, cs = noun.en, noun.de_the, noun.fr_the, noun.cs
    yield en, noun.de, noun.fr, cs
    yield (
        f"What color is the {en}?",
        f"Welche Farbe hat {de}?",
        f"De quelle couleur est {fr} ?",
        f"Jakou barvu má {cs}?",
    )
    yield f"Where is the {en}?", f"Wo ist {de}?", f"Où est {fr} ?", f"Kde je {cs}?"
    yield (
        f"Is there {noun.en_a} in the picture?",
        f"Gibt es {noun.de_a_accusative} auf dem Bild?",
        f"Y a-t-il {noun.fr_a} sur l'image ?",
        f"Je na obrázku {cs}?",
    )
    # Czech would need the accusative here, which the table does not hold.
    yield f"Do you see {noun.en_a}?", f"Siehst du {noun.de_a_accusative}?", f"Vois-tu {noun.fr_a} ?", ""
    yield f"This is {noun.en_a}.", f"Das ist {noun.de_a}.", f"C'est {noun.fr_a}.", f"To je {cs}."
    fr_large, fr_small = FRENCH_LARGE_OR_SMALL[noun.fr_gender]
    cs_large, cs_small = CZECH_LARGE_OR_SMALL[noun.cs_gender]
    yield (
        f"Is the {en} large or small?",
        f"Ist {de} groß oder klein?",
        f"Est-ce que {fr} est {fr_large} ou {fr_small} ?",
        f"Je {cs} {cs_large} nebo {cs_small}?",
    )
    for side, de_side, fr_side, cs_side in SIDES:
        yield (
            f"Is the {en} on the {side} side of the picture?",
            f"Ist {de} auf der {de_side} Seite des Bildes?",
            f"Est-ce que {fr} est du côté {fr_side} de l'image ?",
            f"Je {cs} na {cs_side} straně obrázku?",
        )
    if noun.animate:
        yield f"What is the {en} doing?", f"Was macht {de}?", f"Que fait {fr} ?", f"Co dělá {cs}?"
    if en in WEARERS:
        yield f"What is the {en} wearing?", f"Was trägt {de}?", f"Que porte {fr} ?", f"Co má {cs} na sobě?"


def _coloured(noun: Noun, first: Colour, second: Colour) -> Iterator[Phrase]:
    """Two questions and a statement about the noun's colour."""
    en, de, fr, cs = noun.en, noun.de_the, noun.fr_the, noun.cs
    fr_first, fr_second = first.fr[noun.fr_gender], second.fr[noun.fr_gender]
    cs_first, cs_second = first.cs[noun.cs_gender], second.cs[noun.cs_gender]
    yield (
        f"Is the {en} {first.en}?",
        f"Ist {de} {first.de}?",
        f"Est-ce que {fr} est {fr_first} ?",
        f"Je {cs} {cs_first}?",
    )
    yield (
        f"Is the {en} {first.en} or {second.en}?",
        f"Ist {de} {first.de} oder {second.de}?",
        f"Est-ce que {fr} est {fr_first} ou {fr_second} ?",
        f"Je {cs} {cs_first} nebo {cs_second}?",
    )
    yield (
        f"The {en} is {first.en}.",
        f"{_capitalised(de)} ist {first.de}.",
        f"{_capitalised(fr)} est {fr_first}.",
        f"{_capitalised(cs)} je {cs_first}.",
    )


def _capitalised(text: str) -> str:
    # Not str.capitalize, which would lower the capitals of German nouns.
    return text[0].upper() + text[1:]


def main() -> None:
    """Print the phrases as tab-separated lines under a header of language codes."""
    parser = argparse.ArgumentParser(
        prog="python -m glotmill.engine.embedded.training.phrases",
        description="Print the hand-written training phrases as tab-separated values.",
        epilog="example: python -m glotmill.engine.embedded.training.phrases > phrases.tsv",
    )
    parser.parse_args()
    sys.stdout.writelines("\t".join(row) + "\n" for row in [COLUMNS, *rows()])


if __name__ == "__main__":
    main()
