"""Results of one language pair each, saved as they come: a benchmark that was stopped goes on with the rest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def saved_part(folder: Path | None, name: str, measured_by: str) -> dict[str, Any] | None:
    """What was saved under a name; None where nothing was, or other code measured it.

    Args:
        folder: Where parts are saved; None for nowhere.
        name: Of the part.
        measured_by: A digest of what measures.
    """
    path = None if folder is None else folder / f"{name}.json"
    if path is None or not path.is_file():
        return None
    saved = json.loads(path.read_text(encoding="utf-8"))
    return saved["results"] if saved["measured_by"] == measured_by else None


def save_part(folder: Path | None, name: str, measured_by: str, results: dict[str, Any]) -> None:
    """Save a part whole or not at all."""
    if folder is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    aside = folder / f".{name}.tmp"
    text = json.dumps({"measured_by": measured_by, "results": results}, ensure_ascii=False)
    aside.write_text(text + "\n", encoding="utf-8")
    aside.rename(folder / f"{name}.json")
