"""Cuts: at which score each rule's verdict turns, for every language.

A rule is an expression over scores. Where it reads one score, its verdict turns at one value of it, which may differ
by language; that value is found by asking the rule, so what is drawn is what decides, for a recipe's own rules too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from glotmill.filters.policy import Policy
from glotmill.filters.rules import RULES, Rule
from glotmill.schemas.record import Metric

GREATEST = float(np.finfo(np.float32).max)
BITS = 33  # halvings until two neighbouring float32 are left


@dataclass(frozen=True, slots=True)
class Cut:
    """Where a rule's verdict turns in one language.

    Attributes:
        at: The last float32 that passes.
        below: Whether lower scores fail; else higher ones do.
    """

    at: float
    below: bool

    def fails(self, scores: Any) -> Any:
        """Which of an array of float32 scores fail; a NaN does not."""
        return scores < np.float32(self.at) if self.below else scores > np.float32(self.at)


@dataclass(frozen=True, slots=True)
class RuleCuts:
    """A rule that reads one score, and its cut in each language that it judges.

    Attributes:
        rule: The rule.
        action: What it does in the build.
        metric: The score that it reads.
        cuts: By language; a language that the rule does not judge has none.
    """

    rule: Rule
    action: str
    metric: Metric
    cuts: dict[str, Cut]


def rule_cuts(policy: Policy, metrics: Sequence[Metric], langs: Sequence[str]) -> list[RuleCuts]:
    """The cuts of all rules that read one score, in the order of the rules."""
    by_column = {metric.score_column: metric for metric in metrics}
    found = []
    for rule in (*RULES, *policy.user):
        column = next(iter(rule.columns), "")
        if rule.code in policy.actions and len(rule.columns) == 1 and column in by_column:
            cuts = _cuts(rule, policy, column, langs)
            if cuts:
                found.append(RuleCuts(rule, policy.actions[rule.code], by_column[column], cuts))
    return found


def _cuts(rule: Rule, policy: Policy, column: str, langs: Sequence[str]) -> dict[str, Cut]:
    fails = policy.uncalibrated(rule)

    def ask(scores: Any) -> Any:
        frame = pl.DataFrame({"lang": langs, column: pl.Series(scores, dtype=pl.Float32)})
        return frame.select(fails.fill_null(value=False)).to_series().to_numpy()

    low, high = (np.full(len(langs), value, np.float32) for value in (-GREATEST, GREATEST))
    at_low = ask(low)
    turning = at_low != ask(high)
    left, right = _ordered(low), _ordered(high)
    for _ in range(BITS):
        middle = (left + right) // 2
        same = ask(_float(middle)) == at_low
        left, right = np.where(same, middle, left), np.where(same, right, middle)
    passing = _float(np.where(at_low, right, left))
    return {
        lang: Cut(float(str(value)), below=bool(below))
        for lang, value, below, turns in zip(langs, passing, at_low, turning, strict=True)
        if turns
    }


def _ordered(values: Any) -> Any:
    """Float32 as integers in the same order, neighbours next to each other."""
    bits = values.view(np.int32).astype(np.int64)
    return np.where(bits < 0, -(bits & 0x7FFFFFFF), bits)


def _float(numbers: Any) -> Any:
    bits = np.where(numbers < 0, (-numbers) | 0x80000000, numbers).astype(np.uint32)
    return bits.view(np.float32)
