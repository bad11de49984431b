"""What a language model says of a translation: how much of the meaning it gives, and how well it reads.

Values are stored, as a model's word costs time or money; they depend on the model and its prompt, and both are in the
fingerprint. A pair to which the model gives no grades is not judged; a model that cannot be reached is an error, never
a missing value.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self

import pyarrow as pa

from glotmill.filters.contract import Scorer
from glotmill.filters.rules import Rule, below
from glotmill.recipes.families import Setting
from glotmill.recipes.sections.translate import LanguageModel
from glotmill.schemas.errors import GlotmillError
from glotmill.schemas.record import Metric

WORST, BEST = 1, 5


@dataclass(frozen=True, slots=True)
class JudgedPair:
    """A text and its translation, between two FLORES-200 languages."""

    source_lang: str
    source: str
    target_lang: str
    target: str


@dataclass(frozen=True, slots=True)
class Grades:
    """From 1, the worst, to 5."""

    adequacy: int
    fluency: int


class Judge(Protocol):
    """A language model that grades translations."""

    @abstractmethod
    def fingerprint(self) -> str:
        """Identifies the model and its prompt."""

    @abstractmethod
    def grade(self, pairs: Sequence[JudgedPair]) -> list[Grades | None]:
        """The grades of each pair, in order; None where the model gave none.

        Raises:
            GlotmillError: The model cannot be reached.
        """


class LlmJudgeScorer(Scorer):
    """Adequacy and fluency as a language model grades them.

    Args:
        judge: The model; None where it is not needed, as in listings.
    """

    name: ClassVar[str] = "llm_judge"
    version: ClassVar[int] = 1
    setting: ClassVar[Setting | None] = Setting(
        LanguageModel | None, None,
        "The language model that grades, for the scorer of that name: an engine as in ``translate``.",
    )  # fmt: skip
    by_default: ClassVar[bool] = False  # it needs a model
    expensive: ClassVar[bool] = True
    inputs: ClassVar[tuple[str, ...]] = ("source_lang", "source", "lang", "target")
    row: ClassVar[tuple[str, ...]] = (
        "adequacy and fluency from 1 to 5 as a language model grades them ([engines](engines.md))",
        "`score.llm_judge`",
    )
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("llm_judge", "adequacy", "higher", WORST, BEST,
               "how much of the meaning is there, graded from 1 to 5 by a language model; high means all of it"),
        Metric("llm_judge", "fluency", "higher", WORST, BEST,
               "how well the translation reads, graded from 1 to 5 by a language model; high means that it is fluent"),
    )  # fmt: skip
    rules: ClassVar[tuple[Rule, ...]] = (
        Rule("llm_judge", "adequacy", "the language model finds that too much of the meaning is missing",
             *below("llm_judge", "adequacy", "min_adequacy", 3, (1, 5), "least adequacy")),
        Rule("llm_judge", "fluency", "the language model finds it unreadable",
             *below("llm_judge", "fluency", "min_fluency", 2, (1, 5), "least fluency")),
    )  # fmt: skip

    def __init__(self, judge: Judge | None = None) -> None:
        self._judge = judge

    @classmethod
    def make(cls, judge: Any, /) -> Self:
        """The scorer with the judge that the engine made of a recipe's section."""
        return cls(judge)

    def fingerprint(self) -> dict[str, Any]:
        """The version and the judge's own fingerprint."""
        return {"version": self.version, "model": self._judge.fingerprint() if self._judge else None}

    def score(self, pairs: pa.Table) -> dict[str, pa.Array]:
        """Measure pairs of `PAIR_SCHEMA`."""
        if self._judge is None:
            msg = "score.llm_judge: the scorer llm_judge has no model"
            raise GlotmillError(msg)
        rows = pairs.select(["source_lang", "source", "lang", "target"]).to_pylist()
        found = self._judge.grade([JudgedPair(*row.values()) for row in rows])
        return {
            name: pa.array([getattr(grades, name) if grades else None for grades in found], pa.float32())
            for name in ("adequacy", "fluency")
        }


MEMBER = LlmJudgeScorer
