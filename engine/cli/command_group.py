"""The list of commands in ``--help``: in sections, and each command's summary is shown whole."""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup

UNLIMITED = 1000  # characters of a command's first sentence, which is its summary


class CommandGroup(TyperGroup):
    """Commands in sections by their panel, whose summaries are wrapped where the terminal is narrow.

    Typer has sections only where rich prints the help, and cuts summaries to "...".
    """

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # click's types, which typer keeps private
        """Write the sections into a help page."""
        names = self.list_commands(ctx)
        width = max(map(len, names))  # the summaries of all sections begin in one column
        sections: dict[str, list[tuple[str, str]]] = {}
        for name in names:
            if command := self.get_command(ctx, name):
                rows = sections.setdefault(getattr(command, "rich_help_panel", None) or "Commands", [])
                rows.append((name.ljust(width), command.get_short_help_str(UNLIMITED)))
        for section, rows in sections.items():
            with formatter.section(section):
                formatter.write_dl(rows)
