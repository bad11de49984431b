"""Tables and wrapped text for people; `visible` says what becomes of text that came from outside."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from rich.console import Console
from rich.text import Text

from glotmill.engine.text.visible import visible

PLAIN_WIDTH = 1000  # columns of a table in a file or pipe, where lines may be as long as they need to be


class Screen(Console):
    """A console that takes nothing in a text as an instruction: neither rich's markup nor a terminal's sequences."""

    def __init__(self) -> None:
        super().__init__(highlight=False, markup=False, emoji=False)
        if not self.is_terminal:
            self.width = PLAIN_WIDTH
        self._visible = lru_cache(maxsize=10_000)(visible)  # a table measures each of its cells before it prints it

    def render_str(self, text: str, **options: Any) -> Text:
        """Every string on its way to the screen, a table's cells too."""
        return super().render_str(self._visible(text), **options)
