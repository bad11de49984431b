"""Which scorers there are, by the name that recipes use."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from glotmill.filters.contract import Scorer
from glotmill.filters.plugins import ENCODERS, IMAGE_TEXT, load_plugin
from glotmill.filters.scorers.adequacy import AdequacyScorer
from glotmill.filters.scorers.cross_entropy import CrossEntropyScorer
from glotmill.filters.scorers.embedding import EmbeddingScorer
from glotmill.filters.scorers.fan_in import FanInScorer
from glotmill.filters.scorers.image_text import ImageTextScorer
from glotmill.filters.scorers.integrity import IntegrityScorer
from glotmill.filters.scorers.language_id import LanguageIdScorer
from glotmill.filters.scorers.lexical import LexicalScorer
from glotmill.filters.scorers.llm_judge import Judge, LlmJudgeScorer
from glotmill.filters.scorers.negation import NegationScorer
from glotmill.filters.scorers.nmt import NmtScorer
from glotmill.filters.scorers.numbers import NumbersScorer
from glotmill.filters.scorers.punctuation import PunctuationScorer
from glotmill.filters.scorers.round_trip import RoundTripScorer
from glotmill.filters.scorers.script import ScriptScorer
from glotmill.filters.scorers.structure import StructureScorer
from glotmill.schemas.errors import InputError
from glotmill.schemas.languages import nearest
from glotmill.schemas.record import Metric

# In order of cost, which is the order of columns and of rules.
SCORERS: dict[str, type[Scorer]] = {
    scorer.name: scorer
    for scorer in (
        IntegrityScorer, StructureScorer, NumbersScorer, LexicalScorer, PunctuationScorer, ScriptScorer,
        LanguageIdScorer, FanInScorer, NegationScorer, NmtScorer, RoundTripScorer, CrossEntropyScorer,
        AdequacyScorer, EmbeddingScorer, ImageTextScorer, LlmJudgeScorer,
    )
}  # fmt: skip
DEFAULT = tuple(name for name in SCORERS if name not in ("embedding", "image_text", "llm_judge"))  # need a model


@dataclass(frozen=True, slots=True)
class Models:
    """The models that a recipe names for scorers.

    Attributes:
        language_id: A fastText file; None is the one that ships.
        embedding: Name of a sentence encoder that is installed.
        image_text: Name of an image-text model that is installed.
        llm_judge: A language model that grades.
        second_language_id: Whether the second identifier is asked where the first is in doubt.
    """

    language_id: Path | None = None
    embedding: str | None = None
    image_text: str | None = None
    llm_judge: Judge | None = None
    second_language_id: bool = False


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
        "language_id": lambda: LanguageIdScorer(models.language_id, second=models.second_language_id),
        "embedding": lambda: EmbeddingScorer(load_plugin(ENCODERS, models.embedding, "score.embedding")),
        "image_text": lambda: ImageTextScorer(load_plugin(IMAGE_TEXT, models.image_text, "score.image_text")),
        "llm_judge": lambda: LlmJudgeScorer(models.llm_judge),
    }
    return [made.get(name, scorer)() for name, scorer in SCORERS.items() if name in names]
