"""What recipes, sources and manifests say, on a page in Markdown: as text, never as markup, a link or a table's end.

Guarantees: what comes out is one line; a reader of GitHub's Markdown or of HTML sees the characters that went in, and
those that turn a line around by their number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from glotmill.engine.text.visible import neutral

# Characters that begin markup anywhere, and those that do so at the beginning of a line or at the edge of a word.
_MARKUP = re.compile(r"[\\`*\[\]|~$]|(?<![^\W_])_|_(?![^\W_])")
_LINE_START = re.compile(r"^(?=[-+=#])|^(\d+)(?=[.)])")
_ENTITY = re.compile(r"&(?=#?\w+;)")


def one_line(text: object) -> str:
    """A text in one line, without characters that command a terminal or turn the line around."""
    return neutral(" ".join(str(text).split()))


def plain(text: object) -> str:
    """A text as itself."""
    found = _ENTITY.sub("&amp;", one_line(text)).replace("<", "&lt;").replace(">", "&gt;")
    found = _MARKUP.sub(lambda match: f"\\{match[0]}", found)
    return _LINE_START.sub(lambda match: f"{match[1] or ''}\\", found)


def code(text: object) -> str:
    """A text as code, which may stand in a table."""
    found = one_line(text).replace("|", "\\|")
    longest = max((len(run) for run in re.findall("`+", found)), default=0)
    fence, space = "`" * (longest + 1), " " if longest else ""
    return f"{fence}{space}{found}{space}{fence}" if found else ""


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: int = 0) -> str:
    """A Markdown table whose last ``numbers`` columns are numbers."""
    marks = ["---"] * (len(head) - numbers) + ["---:"] * numbers
    lines = [f"| {' | '.join(head)} |", f"|{'|'.join(marks)}|"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])
