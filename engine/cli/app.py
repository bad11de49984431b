"""The ``glotmill`` command: its verbs, and how errors become one line and an exit code."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from traceback import format_exc
from typing import Annotated

import typer

from glotmill.engine import __version__
from glotmill.engine.cli.build import build_command
from glotmill.engine.cli.calibrate import calibrate_command
from glotmill.engine.cli.command_group import CommandGroup
from glotmill.engine.cli.diff import diff_command
from glotmill.engine.cli.explain import explain_command
from glotmill.engine.cli.export import export_command
from glotmill.engine.cli.gc import gc_command
from glotmill.engine.cli.listings import languages_command, recipes_command
from glotmill.engine.cli.memory import memory_app
from glotmill.engine.cli.plan import plan_command
from glotmill.engine.cli.preview import preview_command
from glotmill.engine.cli.publish import publish_command, rollback_command
from glotmill.engine.cli.pull import pull_command
from glotmill.engine.cli.refilter import refilter_command
from glotmill.engine.cli.report import report_command
from glotmill.engine.cli.say import say
from glotmill.engine.cli.score_pairs import score_command
from glotmill.engine.cli.show import show_command
from glotmill.engine.cli.status import status_command
from glotmill.engine.cli.templates import templates_command
from glotmill.engine.cli.traceback import traceback_command
from glotmill.engine.cli.tune import tune_command
from glotmill.engine.cli.verify import verify_command
from glotmill.engine.cli.vocabulary import vocabulary_command
from glotmill.engine.workers.few_heaps import share_few_heaps
from glotmill.schemas.errors import GlotmillError, from_system, message_line
from glotmill.schemas.redact import redact

STOPPED = 130  # by Ctrl-C; typer turns it into this code itself

app = typer.Typer(
    name="glotmill",
    cls=CommandGroup,
    help="Build multilingual vision-language instruction datasets from English ones.",
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
PANELS: dict[str, dict[str, Callable[..., None]]] = {
    "Build": {
        "recipes": recipes_command,
        "languages": languages_command,
        "preview": preview_command,
        "plan": plan_command,
        "build": build_command,
        "templates": templates_command,
        "vocabulary": vocabulary_command,
        "tune": tune_command,
    },
    "Look": {
        "show": show_command,
        "explain": explain_command,
        "report": report_command,
        "status": status_command,
        "traceback": traceback_command,
        "diff": diff_command,
        "score": score_command,
        "verify": verify_command,
    },
    "Change": {"refilter": refilter_command, "calibrate": calibrate_command},
    "Share": {
        "publish": publish_command,
        "pull": pull_command,
        "rollback": rollback_command,
        "export": export_command,
    },
    "Tidy": {"gc": gc_command},
}
for panel, commands in PANELS.items():
    for name, command in commands.items():
        app.command(name, rich_help_panel=panel)(command)
app.add_typer(memory_app, name="memory", rich_help_panel="Tidy")


class _Record(logging.LogRecord):
    """What a library logs, without secrets."""

    def getMessage(self) -> str:  # noqa: N802 - logging's name
        return redact(super().getMessage())


@app.callback(invoke_without_command=True)
def _options(
    context: typer.Context, version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False
) -> None:
    if version:
        say(f"glotmill {__version__}")
    elif context.invoked_subcommand is None:
        say(context.get_help())


def main() -> None:
    """Run the command line; never returns."""
    logging.setLogRecordFactory(_Record)
    share_few_heaps()
    try:
        code = app(prog_name="glotmill", standalone_mode=False)
    except GlotmillError as error:
        say(f"error: {message_line(error)}", err=True)
        code = error.exit_code
    except typer.TyperException as error:  # an unknown option or verb, a value of another type
        say(f"error: {error.format_message()} (glotmill --help tells more)", err=True)
        code = error.exit_code
    except OSError as error:  # a full disk, a folder that may not be written, a file that is not there
        refused = from_system(error)
        say(f"error: {refused}", err=True)
        code = refused.exit_code
    except (KeyboardInterrupt, typer.Abort):
        code = STOPPED
    except Exception:  # a bug: its traceback is shown whole, but for secrets
        say(format_exc(), err=True)
        code = 1
    if code == STOPPED:
        say("stopped; run the same command again to go on", err=True)
    sys.exit(code)
