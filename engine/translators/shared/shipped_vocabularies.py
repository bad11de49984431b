"""What is known of the output vocabularies that ship with the embedded model.

Guarantees: a list is for the very bytes of the model that it was checked with, and only for a search and a precision
with which it was checked (`benchmarks/fit_vocabularies.py`).
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from glotmill.engine.embedded import VOCABULARIES
from glotmill.recipes.sections.translate import Ct2Translate


def shipped_path(lang: str) -> Path:
    """The file of a target language's list."""
    return VOCABULARIES / f"{lang}.tokens"


def shipped_figures(model: str, lang: str, section: Ct2Translate, compute_type: str) -> dict[str, float] | None:
    """How many translations a list that ships changed in its check; None where none is for this engine.

    Args:
        model: Digest of the model's files.
        lang: The target language.
        section: The engine's section.
        compute_type: The precision it runs with.
    """
    checked = _checked()
    if (checked.get("model"), checked.get("compute_type")) != (model, compute_type) or section.hypotheses > 1:
        return None
    found: dict[str, float] | None = checked["by_language_and_beams"].get(lang, {}).get(str(section.beam_size))
    return found


@cache
def _checked() -> dict[str, Any]:
    path = VOCABULARIES / "checked.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return found
