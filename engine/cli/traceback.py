"""``glotmill traceback``: the units that failed in a build's last run, with their errors."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from glotmill.engine.cli.options import JsonOption
from glotmill.engine.cli.say import emit, say
from glotmill.schemas.redact import redacted

SHOWN = ("attempt_failed", "worker_not_started", "memory_file_set_aside", "attempt_ended")


def traceback_command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a build, such as outputs/NAME.")],
    every: Annotated[bool, typer.Option("--all", help="Of all runs, not the last one only.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Print what went wrong with units and workers: attempts that failed with their tracebacks, texts given up.

    Records that failed because the engine gave nothing usable are rows of the dataset: show --verdict failed prints
    them. Exit codes: 0 done, also where nothing went wrong; 2 the folder is not a build's.

    Example: glotmill traceback outputs/quickstart
    """
    from glotmill.engine.publish.opened import no_runs
    from glotmill.engine.runs.state import run_folders

    runs = run_folders(folder)
    if not runs:
        raise no_runs(folder, "traceback")
    found = [_of_run(run) for run in (runs if every else runs[-1:])]
    emit(redacted({"runs": found}), lambda _: _show(found), as_json=as_json)


def _show(runs: list[dict[str, Any]]) -> None:
    for run in runs:
        for line in _lines(run):
            say(line)


def _of_run(run: Path) -> dict[str, Any]:
    """Failed attempts and what else went wrong, in order; the texts that were given up."""
    from glotmill.engine.runs.events import events
    from glotmill.engine.runs.finished_runs import given_up_texts

    phase = None
    went_wrong = []
    for event in events(run):
        if event["event"] == "stage_began":
            phase = event["stage"]
        elif event["event"] in SHOWN:
            went_wrong.append({**event, "stage": phase})
    return {"run": run.name, "events": went_wrong, "given_up": given_up_texts(run)}


def _lines(run: dict[str, Any]) -> list[str]:
    lines = [f"run {run['run']}: {len(run['events'])} errors, {len(run['given_up'])} texts given up"]
    for event in run["events"]:
        lines.append(f"\n{event['stage'] or 'start'}: {_said(event)}")
        lines += [f"    {line}" for line in event.get("trace", "").rstrip().splitlines()]
    for text in run["given_up"]:
        pair = f"{text.get('source_lang', '?')} to {text.get('target_lang', '?')}"
        lines.append(f"\ngiven up, unit {text['unit']}, {pair}: {text['reason']}: {text['detail']}")
        lines.append(f"    {text.get('text', text['key'])}")
    return lines


def _said(event: dict[str, Any]) -> str:
    match event["event"]:
        case "attempt_failed":
            unit = "an idle worker" if event["unit"] is None else f"unit {event['unit']}"
            return f"{unit}, worker {event.get('worker', '-')}: {event['reason']}: {event['detail']}"
        case "worker_not_started":
            return f"a worker did not start: {event['detail']}"
        case "memory_file_set_aside":
            return f"an unreadable file of the memory was set aside: {event['file']} ({event['reason']})"
        case _:
            return f"the run ended: {event['why']}"
