"""``glotmill report``: the HTML page that shows what a build made."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from glotmill.engine.cli.options import JsonOption
from glotmill.engine.cli.say import say, say_json


def report_command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a build, such as outputs/NAME.")],
    as_json: JsonOption = False,
) -> None:
    """Write DIR/report.html: one file, without anything from the network, to see what a build made.

    Every build writes it; this writes it again. The shards that a pull left where they came from are fetched first.
    Exit codes: 0 done; 1 they cannot be fetched; 2 the folder is not a finished build's, and nothing was written.

    Example: glotmill report outputs/quickstart
    """
    from glotmill.engine.dataset.commit import build_lock, recover
    from glotmill.engine.publish.pull import bring
    from glotmill.engine.report import write_report
    from glotmill.engine.report.finished_build import open_build
    from glotmill.engine.runs.progress import ProgressReport

    with build_lock(folder) if (folder / "runs").is_dir() else nullcontext():
        recover(folder)
    bring(folder, open_build(folder, "report").all_shards(), ProgressReport(quiet=as_json))
    with build_lock(folder) if (folder / "runs").is_dir() else nullcontext():
        path = write_report(folder)
    if as_json:
        say_json({"report": str(path), "bytes": path.stat().st_size})
    else:
        say(f"report: {path}")
