"""Cuts: at which score each rule's verdict turns, for every language.

A rule is an expression over scores. Where it reads one score, its verdict turns at one value of it, which may differ
by language; that value is found by asking the rule, so what is drawn is what decides, for a recipe's own rules too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from glotmill.filters.policy import Policy
from glotmill.filters.rules import Rule
from glotmill.schemas.record import Metric

GREATEST = float(np.finfo(np.float32).max)
PARTS = 64  # of what is left, at each look, until two neighbouring float32 are


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
        moved_by: By language the parameter that moves its cut.
        most: By language the cut that no value of the parameter goes beyond, where there is one.
        inclusive: Whether a score that equals the parameter fails; else it is the last one that passes.
    """

    rule: Rule
    action: str
    metric: Metric
    cuts: dict[str, Cut]
    moved_by: dict[str, str]
    most: dict[str, float]
    inclusive: bool

    @property
    def below(self) -> bool:
        """Whether lower scores fail; it is the same in all languages."""
        return next(iter(self.cuts.values())).below

    @property
    def common(self) -> float:
        """The cut that most languages have; of two, the lower one."""
        found = [cut.at for cut in self.cuts.values()]
        return max(sorted(set(found)), key=found.count)


def rule_cuts(policy: Policy, metrics: Sequence[Metric], langs: Sequence[str]) -> list[RuleCuts]:
    """The cuts of all rules that read one score, in the order of the rules; none without a language."""
    if not langs:
        return []
    by_column = {metric.score_column: metric for metric in metrics}
    found = []
    for rule in policy.all_rules():
        column = next(iter(rule.columns), "")
        if len(rule.columns) == 1 and column in by_column:
            cuts = _cuts(_judge(rule, policy, column, langs), langs)
            if cuts:
                moved_by, inclusive = _moved_by(rule, policy, column, cuts)
                most = _most(rule, policy, column, list(cuts))
                action, metric = policy.actions[rule.code], by_column[column]
                found.append(RuleCuts(rule, action, metric, cuts, moved_by, most, inclusive))
    return found


def _judge(rule: Rule, policy: Policy, column: str, langs: Sequence[str]) -> Callable[[Any], Any]:
    """A function that says which scores fail, one or several rows of a score for each language."""
    fails = policy.uncalibrated(rule)
    known = pl.Series(langs, dtype=pl.String)

    def ask(scores: Any) -> Any:
        many = np.atleast_2d(scores)  # a row for each score of a language
        values = pl.Series(many.ravel(), dtype=pl.Float32)
        frame = pl.DataFrame({"lang": known[np.tile(np.arange(len(known)), len(many))], column: values})
        return frame.select(fails.fill_null(value=False)).to_series().to_numpy().reshape(scores.shape)

    return ask


def _set(policy: Policy, rule: Rule, name: str, value: float) -> Policy:
    """A policy with another value of one parameter, as a recipe would state it."""
    full = f"{rule.scorer}.{name}"
    return replace(policy, parameters={**policy.parameters, full: value}, fixed=policy.fixed | {full})


def _most(rule: Rule, policy: Policy, column: str, langs: Sequence[str]) -> dict[str, float]:
    """Cuts at the greatest value of the parameter that bounds what is asked of each language."""
    if rule.own is None:
        return {}
    name, own = rule.own
    high = next(parameter.high for parameter in rule.parameters if parameter.name == name)
    cuts = _cuts(_judge(rule, _set(policy, rule, name, high), column, langs), langs)
    return {lang: cut.at for lang, cut in cuts.items() if lang in own()}


def _moved_by(rule: Rule, policy: Policy, column: str, cuts: Mapping[str, Cut]) -> tuple[dict[str, str], bool]:
    """(parameter by language, whether a score that equals it fails)."""
    langs = list(cuts)
    passing = np.array([cut.at for cut in cuts.values()], np.float32)
    outward = np.array([-np.inf if cut.below else np.inf for cut in cuts.values()], np.float32)
    failing = np.nextafter(passing, outward)
    moved_by: dict[str, str] = {}
    inclusive = False
    for parameter in (one for one in rule.parameters if one.name != rule.share):  # a share is no score
        set_to = policy.parameters[f"{rule.scorer}.{parameter.name}"]
        for value in (parameter.low, parameter.high):
            ask = _judge(rule, _set(policy, rule, parameter.name, value), column, langs)
            moved = ask(passing) | ~ask(failing)
            moved_by |= {lang: parameter.name for lang, moves in zip(langs, moved, strict=True) if moves}
            inclusive |= bool((failing[moved] == np.float32(set_to)).any())
    return moved_by, inclusive


def _cuts(ask: Callable[[Any], Any], langs: Sequence[str]) -> dict[str, Cut]:
    low, high = (np.full(len(langs), value, np.float32) for value in (-GREATEST, GREATEST))
    at_low = ask(low)
    turning = at_low != ask(high)
    left, right = _ordered(low), _ordered(high)
    parts = np.arange(PARTS + 1)[:, None]
    while (right - left > 1).any():
        edges = left + (right - left) * parts // PARTS
        same = ask(_float(edges[1:-1])) == at_low
        place = np.where(same.all(axis=0), PARTS - 1, same.argmin(axis=0))[None]
        left, right = (np.take_along_axis(edges, place + step, axis=0)[0] for step in (0, 1))
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
