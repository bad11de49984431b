"""What puts the records of each language together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import polars as pl

from glotmill.engine.records.compose import Composer
from glotmill.engine.text.answers import AnswerRule
from glotmill.engine.text.composition import EngineName


@dataclass(frozen=True, slots=True)
class Composers:
    """Makes the composer of a language.

    Attributes:
        answers: How answers are treated.
        engines: The translators by fingerprint.
        default: The recipe's translator by target language.
        by_record: The languages whose records may have been translated whole.
        into: Gives the entries into a language.
    """

    answers: AnswerRule
    engines: Mapping[str, EngineName]
    default: Mapping[str, EngineName]
    by_record: frozenset[str]
    into: Callable[[str], pl.DataFrame]

    def of(self, lang: str) -> Composer:
        """A new composer of a language."""
        return Composer(
            lang, self.into, self.answers, self.default[lang], self.engines, by_record=lang in self.by_record
        )
