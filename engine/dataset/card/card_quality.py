"""The card's table of risk and coverage: how good the rest is that a share of each language's rows would leave."""

from __future__ import annotations

from glotmill.engine.dataset.card.card_header import CardFacts
from glotmill.engine.dataset.card.markdown import table
from glotmill.schemas.languages import language

SHARES = ("0.25", "0.5", "0.75", "0.9", "0.95", "1")


def quality_curve(facts: CardFacts) -> str:
    """Mean estimated quality of the best shares of each language's rows; nothing where quality was not measured."""
    if facts.fit is None:
        return ""
    rows = []
    for lang in facts.present:
        place = facts.fit.place(lang)
        if place is not None:
            usual = facts.fit.content.usual[place]
            reached = [f"{usual.typical[share]:.3f}" if share in usual.typical else "" for share in SHARES]
            rows.append([language(lang).name, f"`{place}`", f"{usual.rows:,}", *reached])
    if not rows:
        return ""
    scale = {
        "references": "On the scale of chrF over 100 against translations by people.",
        "agreement": "No translation by people was at hand: compare within a language only.",
    }[facts.fit.content.learnt_from]
    lines = [
        "Estimated quality of a language's best rows, by the share that is kept (`filter.quality.keep`), in the sample "
        f"that `quality.json` was fitted to. {scale}",
        "",
        table(["language", "rows of", "sample", *(f"{float(share):.0%}" for share in SHARES)], rows, numbers=7),
    ]
    return "\n".join([*lines, ""])
