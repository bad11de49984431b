"""Text of strangers on a terminal: what would command it, or turn the line around, is shown by its number.

Everything that a command prints for people goes through `visible`, its JSON through `visible_json`.
"""

from __future__ import annotations

import regex

from glotmill.schemas.redact import redact

# Control characters but tab and line feed; marks that set, embed, override and isolate a direction; line and paragraph
# separators; interlinear annotations; the byte order mark; halves of surrogate pairs, which no terminal can be sent.
_COMMANDS = regex.compile(
    r"[[\p{Cc}\p{Cs}\p{Bidi_Control}\u2028\u2029\u206A-\u206F\uFEFF\uFFF9-\uFFFB]--[\t\n]]", regex.VERSION1
)


def neutral(text: str) -> str:
    """The text with every such character as ``<U+202E>``: what it becomes depends on nothing but the text."""
    return str(_COMMANDS.sub(lambda match: f"<U+{ord(match.group()):04X}>", text))


def visible(text: str) -> str:
    """The text as a command prints it: neutral, and without the secrets in use."""
    return neutral(redact(text))


def visible_line(text: str) -> str:
    """The same of a text that is part of one line: its line feeds are shown, too."""
    return visible(text).replace("\n", "<U+000A>")


def visible_json(text: str) -> str:
    """The same JSON with every such character escaped, of which JSON itself demands some only."""
    return str(_COMMANDS.sub(lambda match: f"\\u{ord(match.group()):04x}", text))
