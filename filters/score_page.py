"""Write the page of all scores and rules: ``python -m glotmill.filters.score_page docs/scores.md``.

Guarantees: every metric and every rule of ours is on it, in the words of its class.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from glotmill.filters.registry import SCORERS
from glotmill.schemas.record import Metric

HEAD = """# Scores and rules

What each score measures and what a high value means, and what each rule rejects. Generated from the scorers by
`python -m glotmill.filters.score_page docs/scores.md`; a test compares the two. A score is null where its scorer cannot
judge a text, and null never rejects. [filters](filters.md) says what the scorers need and how well they work.
"""


def page() -> str:
    """The page."""
    lines = [HEAD]
    for name, scorer in SCORERS.items():
        lines += [f"## {name}", "", "| score | values | better | meaning |", "|---|---|---|---|"]
        lines += [
            _row(f"`{metric.score_column}`", _values(metric), metric.direction, metric.description)
            for metric in scorer.metrics
        ]
        lines += [_row(f"`{label.column}`", "a word", "–", label.description) for label in scorer.labels]
        lines += ["", *_rules(name)]
    return "\n".join(lines)


def _rules(name: str) -> Iterator[str]:
    rules = SCORERS[name].rules
    if not rules:
        return
    yield from ("| rule | rejects | parameter | default | parameter's meaning |", "|---|---|---|---|---|")
    for rule in rules:
        code, description = f"`{rule.code}`", rule.description
        for parameter in rule.parameters or (None,):
            known = (f"`{parameter.name}`", f"{parameter.default:g}", parameter.description) if parameter else ("",) * 3
            yield _row(code, description, *known)
            code = description = ""
    yield ""


def _values(metric: Metric) -> str:
    low, high = ("" if bound is None else f"{bound:g}" for bound in (metric.low, metric.high))
    return f"{low} to {high}" if low and high else f"from {low}" if low else f"to {high}" if high else "any"


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
