"""Mix: which sample in which languages. Decided once, when a sample first enters, and recorded with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any


def fanout(languages: Sequence[str]) -> Callable[[dict[str, Any]], list[str]]:
    """Every sample in every language."""
    fixed = list(languages)
    return lambda _row: fixed
