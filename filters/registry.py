"""Which scorers there are, by the name that recipes use."""

from __future__ import annotations

from collections.abc import Iterable

from filters.integrity import IntegrityScorer
from filters.language_id import LanguageIdScorer
from filters.nmt import NmtScorer
from filters.numbers import NumbersScorer
from filters.round_trip import RoundTripScorer
from filters.scorer import Scorer
from schemas.errors import InputError
from schemas.languages import nearest

SCORERS: dict[str, type[Scorer]] = {
    scorer.name: scorer for scorer in (IntegrityScorer, NumbersScorer, LanguageIdScorer, NmtScorer, RoundTripScorer)
}


def make_scorers(names: Iterable[str]) -> list[Scorer]:
    """The scorers of these names, in the order of the registry whatever the order asked.

    Raises:
        InputError: A name is unknown, or stands twice.
    """
    names = list(names)
    for name in names:
        if name not in SCORERS:
            hint = nearest(name, SCORERS) or list(SCORERS)
            msg = f"score.scorers: unknown scorer '{name}', expected one of {', '.join(hint)}"
            raise InputError(msg)
        if names.count(name) > 1:
            msg = f"score.scorers: '{name}' stands twice"
            raise InputError(msg)
    return [scorer() for name, scorer in SCORERS.items() if name in names]
