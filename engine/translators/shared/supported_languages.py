"""Which languages the engines have."""

from __future__ import annotations

from functools import cache

from glotmill.engine.translators.registry import MEMBERS


@cache
def backends() -> dict[str, frozenset[str]]:
    """FLORES-200 codes by engine and model, of our own engines; a checkpoint of your own may have fewer."""
    return {model: codes for name in MEMBERS.built_in() for model, codes in MEMBERS.get(name).languages().items()}
