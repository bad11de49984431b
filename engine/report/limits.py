"""Limits: what each rule asks of a score, for a reader who looks at a record's scores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from glotmill.engine.report.cuts import RuleCuts
from glotmill.engine.report.finished_build import BuiltFolder
from glotmill.engine.report.histograms import short


def limits(build: BuiltFolder, cuts: Sequence[RuleCuts]) -> list[dict[str, Any]]:
    """What the rules that run ask of scores, in their order.

    Args:
        build: The build.
        cuts: Its rules that read one score.

    Returns:
        For each rule: code, action, scores (places of the metrics that it reads), fitted (whether a calibration set its
        thresholds, which then differ by field type and length). A rule that reads one score and is not fitted has also
        below (whether lower scores fail), at (the last score that passes in most languages) and own (by language where
        it is another, or None where the rule does not judge the language).
    """
    places = {metric.score_column: place for place, metric in enumerate(build.metrics)}
    by_code = {rule.rule.code: rule for rule in cuts}
    found = []
    for rule in build.policy.rules():
        entry: dict[str, Any] = {
            "code": rule.code,
            "action": build.policy.actions[rule.code],
            "scores": sorted(places[column] for column in rule.columns if column in places),
            "fitted": build.fitted(rule),
        }
        if rule.code in by_code and not entry["fitted"]:
            entry |= _cut(by_code[rule.code], list(build.languages))
        found.append(entry)
    return found


def _cut(rule: RuleCuts, langs: Sequence[str]) -> dict[str, Any]:
    own = {lang: short(rule.cuts[lang].at) if lang in rule.cuts else None for lang in langs}
    at = short(rule.common)
    return {"below": rule.below, "at": at, "own": {lang: value for lang, value in own.items() if value != at}}
