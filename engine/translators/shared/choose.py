"""Choosing among several translations of a text.

Guarantees: only whole translations are chosen, by the retry's own triggers, each different text once; the choice is a
function of the batch alone, and says nothing where the recipe keeps one translation.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from glotmill.engine.translators.contract import ForcedPair, ForcedScore, Request, Translation
from glotmill.recipes.sections.translate import NBestTranslate

Score = Callable[[Sequence[ForcedPair]], Sequence[ForcedScore | None]]
Troubles = Callable[[Sequence[Request], Sequence[Translation]], Sequence[str | None]]


@dataclass(frozen=True, slots=True)
class Choice:
    """How a text is chosen among its translations.

    Attributes:
        hypotheses: How many the engine gives, at most; more than 1.
        weight: Of the log-probability of the source given the translation; None takes the engine's order.
    """

    hypotheses: int
    weight: float | None

    @classmethod
    def of(cls, section: NBestTranslate) -> Choice | None:
        """That of a recipe; None where it keeps one translation of a text."""
        if section.hypotheses == 1:
            return None
        return cls(section.hypotheses, section.reverse_weight if section.choose == "reverse" else None)


def choice_identity(section: NBestTranslate) -> dict[str, Any]:
    """What a fingerprint holds of the choice: nothing where the recipe keeps one translation of a text."""
    choice = Choice.of(section)
    if choice is None:
        return {}
    choose = "score" if choice.weight is None else {"reverse": choice.weight}
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
    if choice.weight is not None:
        candidates = _ranked(choice.weight, batch, candidates, score)
    of_first = iter(reason for (_, place, _), reason in zip(rows, reasons, strict=True) if place == 0)
    return (
        [
            replace(texts[0], others=tuple(texts[1:])) if texts else replace(first, others=())
            for texts, first in zip(candidates, results, strict=True)
        ],
        [None if texts else reason for texts, reason in zip(candidates, of_first, strict=True)],
    )


def _ranked(
    weight: float, batch: Sequence[Request], candidates: Sequence[Sequence[Translation]], score: Score
) -> list[list[Translation]]:
    """The translations of each request with their reverse scores, the best sum first."""
    pairs = [
        ForcedPair(request.target_lang, request.source_lang, str(one.text), request.text)
        for request, texts in zip(batch, candidates, strict=True)
        for one in texts
    ]
    scores = iter(score(pairs) if pairs else ())

    def value(one: Translation) -> float:
        return -math.inf if one.reverse is None or one.logprob is None else one.logprob + weight * one.reverse

    # The sort is stable: of equal ones the engine's order decides.
    return [sorted((_with(one, next(scores)) for one in texts), key=value, reverse=True) for texts in candidates]


def _with(one: Translation, score: ForcedScore | None) -> Translation:
    known = score is not None and math.isfinite(score.logprob)
    return replace(one, reverse=score.logprob if score is not None and known else None)
