"""``glotmill publish`` and ``glotmill rollback``: a dataset to the Hub, an object store or a folder, and back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from glotmill.engine.cli.options import JsonOption
from glotmill.engine.cli.say import emit, say

if TYPE_CHECKING:
    from glotmill.engine.publish.outcome import PublishOutcome

ToOption = Annotated[
    str,
    typer.Option("--to", metavar="PLACE", help="hf://datasets/ORG/NAME[@BRANCH], s3://…, gs://… or a folder."),
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Say what would change, and send nothing.")]


def publish_command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a build, such as outputs/NAME.")],
    to: ToOption,
    tag: Annotated[str | None, typer.Option(help="Name the version, such as v1.4.0; users pin it.")] = None,
    dry_run: DryRunOption = False,
    create_pr: Annotated[bool, typer.Option("--create-pr", help="Open a pull request instead (Hub).")] = False,
    public: Annotated[bool, typer.Option("--public", help="Make a new repository public [private] (Hub).")] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Publish over a version newer than the one that was pulled.")
    ] = False,
    skip_rows: Annotated[
        bool, typer.Option("--skip-rows", help="Do not open a row of each config afterwards (Hub).")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Publish a dataset: what changed is sent, then one commit makes it the dataset.

    For the Hub the token is read from HF_TOKEN and from nowhere else. Killed, the same command goes on. Exit codes:
    0 done, or nothing to do; 1 the target refused or did not answer, and holds the old version or the new one; 2 the
    dataset, the token or an option is not usable, and nothing was sent.

    Example: glotmill publish outputs/quickstart --to hf://datasets/ORG/NAME --tag v1.0.0
    """
    from glotmill.engine.api.sharing import publish

    outcome = publish(
        folder, to, tag=tag, dry_run=dry_run, create_pr=create_pr, public=public, replace=replace,
        check_rows=not skip_rows, progress=True,
    )  # fmt: skip
    emit(outcome, _show, as_json=as_json)


def rollback_command(
    version: Annotated[str, typer.Argument(metavar="TAG", help="A tag; of a folder also a version's number.")],
    to: ToOption,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """Make an older version the current one again, as a new commit; no shard is sent.

    Exit codes: 0 done, or nothing to do; 1 the target refused or did not answer; 2 there is no such version.

    Example: glotmill rollback v1.3.0 --to hf://datasets/ORG/NAME
    """
    from glotmill.engine.api.sharing import rollback

    emit(rollback(version, to, dry_run=dry_run, progress=True), _show, as_json=as_json)


def _show(outcome: PublishOutcome) -> None:
    say("\n".join(outcome.lines()))
