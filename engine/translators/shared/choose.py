"""Choosing among several translations of a text.

Guarantees: only whole translations are chosen, by the retry's own triggers, each different text once; the choice is a
function of the batch alone, and says nothing where the recipe keeps one translation.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from operator import itemgetter
from pathlib import Path
from typing import Any

from glotmill.engine.translators.contract import ForcedPair, ForcedScore, Request, Translation
from glotmill.engine.translators.shared.preference import preferences
from glotmill.filters.quality_fit import QualityFit, read_fit, shipped_fit
from glotmill.recipes.sections.translate import NBestTranslate
from glotmill.schemas.errors import InputError

BUILD = "build"  # ``translate.quality_fit`` of a recipe whose build makes the fit
UNDECIDED = "undecided"  # what an identity has in the place of a fit that is not made yet
Score = Callable[[Sequence[ForcedPair]], Sequence[ForcedScore | None]]
Troubles = Callable[[Sequence[Request], Sequence[Translation]], Sequence[str | None]]


@dataclass(frozen=True, slots=True)
class Choice:
    """How a text is chosen among its translations.

    Attributes:
        hypotheses: How many the engine gives, at most; more than 1.
        weight: Of the log-probability of the source given the translation; None does not take it.
        fit: Of the quality score, which then decides. Without it and without a weight the engine's order stays.
        own: The fit is made by the build, before it chooses anything.
    """

    hypotheses: int
    weight: float | None
    fit: QualityFit | None = None
    own: bool = False

    @property
    def undecided(self) -> bool:
        """Whether the fit is still to be made."""
        return self.own and self.fit is None

    @classmethod
    def of(cls, section: NBestTranslate, model: str) -> Choice | None:
        """That of a recipe; None where it keeps one translation of a text.

        Args:
            section: The engine's section.
            model: The public name of its model.

        Raises:
            InputError: There is no fit to choose by.
        """
        if section.hypotheses == 1:
            return None
        own = section.quality_fit == BUILD
        fit = _fit(section, model) if section.choose == "quality" and not own else None
        return cls(section.hypotheses, section.reverse_weight if section.choose == "reverse" else None, fit, own)


def _fit(section: NBestTranslate, model: str) -> QualityFit:
    if isinstance(section.quality_fit, Path):
        return read_fit("translate.quality_fit", section.quality_fit)
    if shipped_fit().content.engine != model:
        msg = (
            f"translate.choose: quality: there is no fit to the model {model.partition('@')[0]}; set "
            "translate.quality_fit to build, which makes one first, or name the dataset/quality.json of another build"
        )
        raise InputError(msg)
    return shipped_fit()


def choice_identity(choice: Choice | None) -> dict[str, Any]:
    """What a fingerprint holds of a choice: nothing where the recipe keeps one translation of a text."""
    if choice is None:
        return {}
    choose: Any = "score" if choice.weight is None else {"reverse": choice.weight}
    if choice.fit is not None or choice.own:
        choose = {"quality": choice.fit.digest if choice.fit else UNDECIDED}
    return {"hypotheses": choice.hypotheses, "choose": choose}


def choose(
    choice: Choice, batch: Sequence[Request], results: Sequence[Translation], troubles: Troubles, score: Score
) -> tuple[list[Translation], list[str | None]]:
    """The chosen translations of a batch with the others behind them, best first, and why those without one have none.

    Args:
        choice: How to choose.
        batch: The requests.
        results: What the engine gave, others among them.
        troubles: Why translations are broken.
        score: Forced scores of the engine, of all pairs together.
    """
    found: list[dict[str, Translation]] = [{} for _ in batch]
    rows = [(row, place, one) for row, first in enumerate(results) for place, one in enumerate((first, *first.others))]
    reasons = troubles([batch[row] for row, _, _ in rows], [one for _, _, one in rows])
    for (row, place, one), reason in zip(rows, reasons, strict=True):
        if reason is None:
            found[row].setdefault(str(one.text), replace(one, others=(), place=place))
    candidates = [list(texts.values()) for texts in found]
    if choice.weight is not None or choice.fit is not None:
        candidates = _ranked(choice, batch, candidates, score)
    of_first = iter(reason for (_, place, _), reason in zip(rows, reasons, strict=True) if place == 0)
    return (
        [
            replace(texts[0], others=tuple(texts[1:])) if texts else replace(first, others=())
            for texts, first in zip(candidates, results, strict=True)
        ],
        [None if texts else reason for texts, reason in zip(candidates, of_first, strict=True)],
    )


def _ranked(
    choice: Choice, batch: Sequence[Request], candidates: Sequence[Sequence[Translation]], score: Score
) -> list[list[Translation]]:
    """The translations of each request with their reverse scores, the best first."""
    pairs = [
        ForcedPair(request.target_lang, request.source_lang, str(one.text), request.text)
        for request, texts in zip(batch, candidates, strict=True)
        for one in texts
    ]
    scores = [known if known and math.isfinite(known.logprob) else None for known in (score(pairs) if pairs else ())]
    made = [replace(one, reverse=known.logprob if known else None)
            for one, known in zip(chain.from_iterable(candidates), scores, strict=True)]  # fmt: skip
    values = iter(zip(_values(choice, pairs, made, scores), made, strict=True))
    # The sort is stable: of equal ones the engine's order decides.
    ranked = (sorted(islice(values, len(texts)), key=itemgetter(0), reverse=True) for texts in candidates)
    return [[one for _, one in each] for each in ranked]


def _values(
    choice: Choice, pairs: Sequence[ForcedPair], made: Sequence[Translation], scores: Sequence[ForcedScore | None]
) -> list[float]:
    """How good each translation is, among those of its text."""
    if choice.fit is not None:
        return preferences(choice.fit, pairs, made, scores)
    weight = choice.weight or 0.0
    return [
        -math.inf if one.reverse is None or one.logprob is None else one.logprob + weight * one.reverse for one in made
    ]
