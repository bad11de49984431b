"""The list of commands in ``--help``: each command's summary is shown whole."""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup

UNLIMITED = 1000  # characters of a command's first sentence, which is its summary


class CommandGroup(TyperGroup):
    """Commands whose summaries are wrapped where the terminal is narrow; typer cuts them to "..."."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # click's types, which typer keeps private
        """Write the list into a help page."""
        commands = ((name, self.get_command(ctx, name)) for name in self.list_commands(ctx))
        with formatter.section("Commands"):
            formatter.write_dl([(name, command.get_short_help_str(UNLIMITED)) for name, command in commands if command])
