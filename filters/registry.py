"""Which scorers there are, by the name that recipes use."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from filters.adequacy import AdequacyScorer
from filters.cross_entropy import CrossEntropyScorer
from filters.embedding import EmbeddingScorer
from filters.fan_in import FanInScorer
from filters.image_text import ImageTextScorer
from filters.integrity import IntegrityScorer
from filters.language_id import LanguageIdScorer
from filters.lexical import LexicalScorer
from filters.negation import NegationScorer
from filters.nmt import NmtScorer
from filters.numbers import NumbersScorer
from filters.plugins import ENCODERS, IMAGE_TEXT, load_plugin
from filters.punctuation import PunctuationScorer
from filters.round_trip import RoundTripScorer
from filters.scorer import Scorer
from filters.script import ScriptScorer
from filters.structure import StructureScorer
from schemas.errors import InputError
from schemas.languages import nearest
from schemas.record import Metric

# In order of cost, which is the order of columns and of rules.
SCORERS: dict[str, type[Scorer]] = {
    scorer.name: scorer
    for scorer in (
        IntegrityScorer, StructureScorer, NumbersScorer, LexicalScorer, PunctuationScorer, ScriptScorer,
        LanguageIdScorer, FanInScorer, NegationScorer, NmtScorer, RoundTripScorer, CrossEntropyScorer,
        AdequacyScorer, EmbeddingScorer, ImageTextScorer,
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Models:
    """The models that a recipe names for scorers.

    Attributes:
        language_id: A fastText file; None is the one that ships.
        embedding: Name of a sentence encoder that is installed.
        image_text: Name of an image-text model that is installed.
    """

    language_id: Path | None = None
    embedding: str | None = None
    image_text: str | None = None


def metrics_of(names: Collection[str]) -> list[Metric]:
    """The metrics of the scorers of these names, in the order of a record's columns."""
    return [metric for name, scorer in SCORERS.items() if name in names for metric in scorer.metrics]


def make_scorers(names: Iterable[str], models: Models | None = None) -> list[Scorer]:
    """The scorers of these names, in the order of the registry whatever the order asked.

    Raises:
        InputError: A name is unknown, or stands twice; a model cannot be had.
    """
    names, models = list(names), models or Models()
    for name in names:
        if name not in SCORERS:
            hint = nearest(name, SCORERS) or list(SCORERS)
            msg = f"score.scorers: unknown scorer '{name}', expected one of {', '.join(hint)}"
            raise InputError(msg)
        if names.count(name) > 1:
            msg = f"score.scorers: '{name}' stands twice"
            raise InputError(msg)
    made: dict[str, Callable[[], Scorer]] = {
        "language_id": lambda: LanguageIdScorer(models.language_id),
        "embedding": lambda: EmbeddingScorer(load_plugin(ENCODERS, models.embedding, "score.embedding")),
        "image_text": lambda: ImageTextScorer(load_plugin(IMAGE_TEXT, models.image_text, "score.image_text")),
    }
    return [made.get(name, scorer)() for name, scorer in SCORERS.items() if name in names]
