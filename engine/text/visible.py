"""Text of strangers on a terminal: what would command it, or turn the line around, is shown by its number."""

from __future__ import annotations

import regex

# Control characters but tab and line feed; the marks that embed, override and isolate a direction; the byte order mark.
_COMMANDS = regex.compile(r"[[\p{Cc}\u202A-\u202E\u2066-\u2069\uFEFF]--[\t\n]]", regex.VERSION1)


def visible(text: str) -> str:
    """The text with every such character as ``<U+202E>``."""
    return str(_COMMANDS.sub(lambda match: f"<U+{ord(match.group()):04X}>", text))
