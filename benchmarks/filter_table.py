"""The table of docs/filters.md."""

from __future__ import annotations

from pathlib import Path
from typing import Any

BEGIN, END = "<!-- benchmark: begin -->", "<!-- benchmark: end -->"


def write_table(page: Path, cells: list[dict[str, Any]], kept: dict[str, float]) -> None:
    """Put the table of what was measured between the two marks of a page."""
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n{table(cells, kept)}\n{END}{after}", encoding="utf-8")


def table(cells: list[dict[str, Any]], kept: dict[str, float]) -> str:
    """Captions and questions side by side: a row a corruption, the mean over the languages, the worst in brackets."""
    lines = ["| good translations by people | captions | questions |", "|---|---|---|"]
    lines.append(
        "| kept by the default stack | " + " | ".join(_kept(kept, kind) for kind in ("caption", "question")) + " |"
    )
    figures = ("caught", "AUROC", "AUPRC", "at 1 %")
    head = ["error", "made by", *(f"{kind}: {name}" for kind in ("captions", "questions") for name in figures)]
    lines += ["", f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for name in dict.fromkeys(cell["corruption"] for cell in cells):
        for made_by in ("people", "machine"):
            chosen = [c for c in cells if c["corruption"] == name and c["made_by"] == made_by]
            parts = [_columns([c for c in chosen if c["field_type"] == kind]) for kind in ("caption", "question")]
            if chosen:
                lines.append(f"| {name} | {made_by} | {' | '.join(parts)} |")
    return "\n".join(lines)


def _kept(kept: dict[str, float], kind: str) -> str:
    shares = [share for key, share in kept.items() if f" {kind} people" in key]
    return f"{sum(shares) / len(shares):.4f} ({min(shares):.4f})" if shares else "–"


def _columns(cells: list[dict[str, Any]]) -> str:
    if not cells:
        return "– | – | – | –"
    caught = [c["caught"] for c in cells]
    worst = f" ({min(caught):.2f})" if len(cells) > 1 else ""
    means = [sum(c[key] for c in cells) / len(cells) for key in ("caught", "auroc", "auprc_1", "recall_1")]
    return f"{means[0]:.2f}{worst} | {means[1]:.3f} | {means[2]:.2f} | {means[3]:.2f}"
