"""``glotmill explain``: all that is known of one record, on one page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from glotmill.engine.cli.options import JsonOption, MemoryOption
from glotmill.engine.cli.say import emit


def explain_command(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder of a build, of a dataset, or a published one (@VERSION).")
    ],
    record_id: Annotated[str, typer.Argument(metavar="RECORD_ID", help="The record's id, or the beginning of it.")],
    memory: MemoryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show where a record comes from, its texts and their segments in the memory, its scores, and what decided.

    Without samples or memory, what the dataset itself says is shown. Nothing is written, but that of a pulled folder
    the record's shard is fetched. Exit codes: 0 done; 1 the memory or that shard cannot be read; 2 there is no such
    dataset or record.

    Example: glotmill explain outputs/quickstart r1:0a1b2c3d4e5f60718293a4b5c6d7e8f9
    """
    from glotmill.engine.api.looking import explain
    from glotmill.engine.cli.explain_page import print_explanation

    emit(explain(folder, record_id, memory=memory, progress=not as_json), print_explanation, as_json=as_json)
