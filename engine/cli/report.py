"""``glotmill report``: the HTML page that shows what a build made."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from glotmill.engine.cli.options import JsonOption, ShardAddressOption
from glotmill.engine.cli.say import emit, say


def report_command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a build, such as outputs/NAME.")],
    ray_address: ShardAddressOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write DIR/report.html: one file, without anything from the network, to see what a build made.

    Every build writes it; this writes it again. The shards that a pull left where they came from are fetched first.
    Exit codes: 0 done; 1 they cannot be fetched; 2 the folder is not a finished build's, and nothing was written.

    Example: glotmill report outputs/quickstart; on a cluster the same with --ray-address head:6379
    """
    from glotmill.engine.api.looking import report

    made = report(folder, ray_address=ray_address, progress=not as_json)
    emit(made, lambda found: say(f"report: {found.path}"), as_json=as_json)
