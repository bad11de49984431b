"""Fairness: does a rule cost one language far more than the others?

A language's keep-rate, and the share of rows that each rule lets through, are set beside those of the median language.
Under half of it is an alarm: the threshold, the scorer or the translations do not suit that language.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median

ALARM = 0.5  # of the median language's share


@dataclass(frozen=True, slots=True)
class Share:
    """What one language keeps, under one rule or all.

    Attributes:
        lang: The language.
        rule: The rule by its code; None is all of them together.
        kept: Share of the language's sound rows that are kept.
        ratio: That over the median language's.
    """

    lang: str
    rule: str | None
    kept: float
    ratio: float

    @property
    def alarm(self) -> bool:
        """Whether the language keeps less than half of what the median language does."""
        return self.ratio < ALARM


def shares(rows: Mapping[str, int], dropped: Mapping[str, Mapping[str, int]]) -> list[Share]:
    """Each language's keep-rate, of all rules and of each, beside the median language's.

    Args:
        rows: Sound records by language; a language without one has no rate.
        dropped: Of those, the rejected ones by language and the rule that rejected them first.

    Returns:
        By rule, all rules together first, and by language.
    """
    langs = [lang for lang, number in rows.items() if number]
    rules = sorted({rule for lang in langs for rule in dropped.get(lang, {})})
    found = []
    for rule in (None, *rules):
        kept = {}
        for lang in langs:
            lost = dropped.get(lang, {})
            kept[lang] = 1 - (sum(lost.values()) if rule is None else lost.get(rule, 0)) / rows[lang]
        middle = median(kept.values()) if kept else 0.0
        found += [Share(lang, rule, share, share / middle if middle else 1.0) for lang, share in kept.items()]
    return found
