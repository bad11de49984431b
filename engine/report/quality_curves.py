"""Risk and coverage: how good the rest is that a share of each language's translations would leave, for the page."""

from __future__ import annotations

from typing import Any

from glotmill.engine.report.finished_build import BuiltFolder

KEEP = "quality.keep"


def quality_curves(build: BuiltFolder) -> dict[str, Any] | None:
    """The curves of a build's fit of the quality score; None where it has none.

    Returns:
        learnt_from (``references`` or ``agreement``), keep (the share that the recipe keeps) and langs: for each
        language its code, whose rows stand for it (place), how many these are (rows), and its points, by share: the
        share, the mean estimated quality of the best rows that it leaves, and the least of them (None where all are).
    """
    fit = build.policy.fit
    if fit is None:
        return None
    langs = []
    for lang in build.languages:
        place = fit.place(lang)
        if place is not None:
            usual = fit.content.usual[place]
            shares = sorted(usual.typical, key=float)
            points = [[float(share), usual.typical[share], usual.least.get(share)] for share in shares]
            langs.append({"code": lang, "place": place, "rows": usual.rows, "points": points})
    if not langs:
        return None
    keep = build.policy.parameters.get(KEEP, 1.0)
    return {"learnt_from": fit.content.learnt_from, "keep": keep, "langs": langs}
