"""What a card says of templates whose translation was refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from glotmill.engine.dataset.card.markdown import code

SHOWN = 50  # refused templates that a card lists


def refused_templates(refused: Sequence[Mapping[str, Any]]) -> str:
    """The section on refused templates, those of most rows first; empty where there are none.

    Args:
        refused: The manifest's ``refused_templates``, as `glotmill.engine.translation.template_count.RefusedTemplate`
            has them.
    """
    if not refused:
        return ""
    lines = [
        "",
        "Instructions whose machine translation the recipe's `templates.accept` refused, with the records that drew "
        "them and what these carry instead: another template, an English instruction (`source`), or nothing "
        "(`template_refused`, so that they failed).",
        "",
        "| template | language | why | records | instead |",
        "|---|---|---|---:|---|",
    ]
    for each in sorted(refused, key=lambda one: -one["rows"])[:SHOWN]:
        why = each["reason"] if each["value"] is None else f"{each['reason']} {each['value']:g}"
        instead = ", ".join(f"{code(name)} {rows:,}" for name, rows in each["instead"].items())
        lines.append(f"| {code(each['template'])} | `{each['lang']}` | {code(why)} | {each['rows']:,} | {instead} |")
    more = len(refused) - SHOWN
    return "\n".join([*lines, "", *([f"[manifest.json](manifest.json) names {more:,} more."] if more > 0 else [])])
