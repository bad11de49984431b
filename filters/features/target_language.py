"""A language as a model of language identification knows it, and texts as the model is shown them.

What tells is how much likelier a language is than its strongest rival, where a language that the model confuses with it
counts for `NEAR` of its probability: as its own it would let every such language pass, as a rival it would reject good
text. A text that is mostly in another script than Latin has no rivals that are never written in it.
"""

from __future__ import annotations

import math
import unicodedata
from functools import cache
from pathlib import Path
from typing import NamedTuple

import polars as pl
import regex

from glotmill.filters.features.label_scripts import ALIKE, may_be
from glotmill.filters.features.lid_model import LidModel
from glotmill.filters.features.second_identifier import SecondIdentifier
from glotmill.filters.scorers.script import PROPERTY
from glotmill.schemas.languages import Language, read_table

CALIBRATION = Path(__file__).parent.parent / "data" / "lid176_ftz_tatoeba_calibration.csv"

NEAR = 0.05  # what the probability of a language counts for that the model confuses with the one asked for
WORD_LETTERS = 3  # what a Chinese character counts for beside Latin letters: two make a word
WEAK_PASS_RATE = 0.95  # languages whose labels together have a probability of 0.10 less often than this are weak
FLOOR = 1e-5  # added before logarithms; less probable labels are not looked at

_MARKUP = regex.compile(r"<[^<>\s][^<>]*>|https?://\S+|[#*_`>|]|\p{Nd}")
# Whatever `normalise` takes out of a text in NFC, and more.
_ODD = r"[[\s--[ ]]\x00-\x1f\p{Nd}<>#*_`|]|  |^ | $|://"
_LETTERS = r"[\p{L}\p{M}]"
_LETTER = regex.compile(r"\p{L}")


def normalise(text: str) -> str:
    """The text as the model is shown it: NFC, one line, no tags, URLs, Markdown marks or digits, not all capitals."""
    clean = " ".join(_MARKUP.sub(" ", unicodedata.normalize("NFC", text)).replace("\0", " ").split())
    return clean.lower() if clean.isupper() else clean  # the model has hardly seen words in capitals


def normalised(texts: pl.Series) -> list[str]:
    """What `normalise` makes of each text; most texts are normalised as they are."""
    odd = texts.str.contains(_ODD)
    is_normalized = unicodedata.is_normalized
    return [
        normalise(text) if is_odd or not (text.isascii() or is_normalized("NFC", text)) or text.isupper() else text
        for text, is_odd in zip(texts, odd, strict=True)
    ]


def letters_of(texts: pl.Series) -> pl.Series:
    """How many letters and marks each text has."""
    return texts.str.count_matches(_LETTERS)


@cache
def weak_languages() -> dict[str, float]:
    """FLORES codes that lid.176 is weak on, each with the 1 % quantile of its labels' probability in good text."""
    weak: dict[str, float] = {}
    for row in read_table(CALIBRATION):
        if float(row["pass_Pset10"]) < WEAK_PASS_RATE:
            weak |= dict.fromkeys(row["flores200_codes"].split("|"), float(row["Pset_p01"]))
    return weak


class Measured(NamedTuple):
    """What a model says of one text, for one language.

    Attributes:
        lead: ln of how many times likelier the language is than its strongest rival.
        mass: The same as a share: the language's probability over that and the rival's together.
        english: Probability of English.
        likeliest: The model's label for the likeliest language; None where it knows nothing of the text's letters.
    """

    lead: float
    mass: float
    english: float
    likeliest: str | None


class Target:
    """A language as a model knows it.

    Args:
        wanted: The language.
        model: What identifies languages.
    """

    def __init__(self, wanted: Language, model: LidModel | SecondIdentifier) -> None:
        self.known = model.knows(wanted)
        near = model.labels_of(wanted)
        own = model.own_labels_of(wanted) if self.known else frozenset()
        self.own = own
        self._only_rivals = not own and not near
        self._model = model
        # What each label counts for as the language; for any other it is a rival with all its probability.
        weights = dict.fromkeys(sorted(near), NEAR) | dict.fromkeys(sorted(own), 1.0)
        self._weights = {model.prefix + label: weight for label, weight in weights.items()}
        self._english = [model.prefix + label for label in sorted(model.english)]
        self._wanted = {*self._weights, *self._english}
        # Latin letters occur in every language's texts, so there they exclude none.
        self._script = wanted.script
        self._letter = None if wanted.script == "Latn" else _letter_of(wanted.script)
        self._letter_weight = WORD_LETTERS if wanted.script in ALIKE else 1

    def measure(self, clean: str) -> Measured:
        """Measure a normalised text that is not empty.

        Where no label says anything of the language, all but its strongest rival count as the language. A text that is
        mostly in its script is in no language of another one: such labels are no rivals, but those that the model
        confuses with the language still count for it.
        """
        ranked, wanted, weights = self._model.ranked(clean), self._wanted, self._weights
        found = {label: p for p, label in ranked if label in wanted}
        own, rival = sum([weights[label] * found[label] for label in weights if label in found], 0.0), 0.0
        if (
            self._letter
            and not all(map(self._may_be, ranked[:2]))
            and _mostly(self._letter, clean, self._letter_weight)
        ):
            ranked = list(filter(self._may_be, ranked))
            found = {label: p for p, label in ranked if label in wanted}
        for p, label in ranked:  # most probable first
            weight = weights.get(label, 0.0)
            rival = max(rival, (1 - weight) * p)
            if not weight:
                break
        if self._only_rivals:
            own = 1 - rival
        own, rival = max(own, 0.0) + FLOOR, min(rival, 1.0) + FLOOR
        english = min(1.0, sum([found[label] for label in self._english if label in found], 0.0))
        likeliest = ranked[0][1][len(self._model.prefix) :] if ranked else None
        return Measured(math.log(own / rival), own / (own + rival), english, likeliest)

    def _may_be(self, found: tuple[float, str]) -> bool:
        """Whether a text that is mostly in the language's script may be in that of a label."""
        return may_be(found[1][len(self._model.prefix) :], self._script)


def _mostly(letter: regex.Pattern[str], clean: str, weight: int) -> bool:
    """Whether half of a text or more is in the letters of a script, each of which counts as several."""
    own = len(letter.findall(clean))
    return weight * own >= len(_LETTER.findall(clean)) - own


@cache
def _letter_of(script: str) -> regex.Pattern[str]:
    """One letter of a script."""
    return regex.compile("[" + "".join(rf"\p{{{name}}}" for name in PROPERTY[script].split()) + r"]")
