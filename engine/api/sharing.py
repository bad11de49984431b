"""Datasets between machines and programs: publish, rollback, pull, export, verify."""

from __future__ import annotations

from collections.abc import Sequence

from glotmill.engine.api.boundary import PathInput, Progress, as_path, as_text, own_errors, reporter
from glotmill.engine.commands import export as export_dataset
from glotmill.engine.commands.export import ExportOptions, ExportOutcome
from glotmill.engine.commands.verify import verify_dataset
from glotmill.engine.commands.verify.verify_dataset import Verification
from glotmill.engine.dataset import contents
from glotmill.engine.publish import pull as pull_dataset
from glotmill.engine.publish.addresses import HubPlace, parse_place
from glotmill.engine.publish.hub_repository import HubRepository
from glotmill.engine.publish.opened import refuse_published
from glotmill.engine.publish.origin import open_origin
from glotmill.engine.publish.outcome import PublishOutcome
from glotmill.engine.publish.pull import PullOutcome
from glotmill.engine.publish.rollback import roll_back_folder, roll_back_hub
from glotmill.engine.publish.to_folder import publish_to_folder
from glotmill.engine.publish.to_hub import HubOptions, publish_to_hub
from glotmill.schemas.errors import InputError


@own_errors
def publish(
    folder: PathInput,
    to: PathInput,
    *,
    tag: str | None = None,
    dry_run: bool = False,
    create_pr: bool = False,
    public: bool = False,
    replace: bool = False,
    check_rows: bool = True,
    progress: Progress = False,
) -> PublishOutcome:
    """Publish a dataset: what changed is sent, then one commit makes it the dataset.

    For the Hub the token is read from ``HF_TOKEN`` and from nowhere else. A call that was killed goes on when it is
    repeated.

    Args:
        folder: The folder of a build, or one that `pull` made.
        to: ``hf://datasets/ORG/NAME[@BRANCH]``, ``s3://…``, ``gs://…`` or a folder.
        tag: Names the version, such as ``v1.4.0``.
        dry_run: Tell what would change, and send nothing.
        create_pr: Open a pull request instead (Hub).
        public: Make a new repository public; by default it is private (Hub).
        replace: Publish over a version newer than the one that was pulled.
        check_rows: Open a row of each config afterwards (Hub).
        progress: True shows the work on standard error; a function is called with each `StageProgress`.

    Raises:
        InputError: The dataset, the token or a value is not usable; nothing was sent.
        PublishError: The target refused or did not answer; it holds the old version or the new one.
        StoreError: The storage refused, or does not hold what was sent.
    """
    place, path = parse_place(as_text(to, "to"), "--to"), as_path(folder, "folder")
    if create_pr and (tag or not isinstance(place, HubPlace)):
        msg = "--create-pr: a pull request is opened at the Hub, and tagged once it is merged; leave out --tag"
        raise InputError(msg)
    refuse_published(path, "publish")
    with contents.open_dataset(path) as local:
        if isinstance(place, HubPlace):
            options = HubOptions(dry_run, create_pr, public, replace, tag, verify_rows=check_rows)
            return publish_to_hub(local, HubRepository(place, write=True), options, reporter(progress))
        return publish_to_folder(local, place, reporter(progress), dry_run=dry_run, tag=tag, replace=replace)


@own_errors
def rollback(version: str, to: PathInput, *, dry_run: bool = False, progress: Progress = False) -> PublishOutcome:
    """Make an older version the current one again, as a new commit; no shard is sent.

    Args:
        version: A tag; of a folder also a version's number, as text.
        to: ``hf://datasets/ORG/NAME[@BRANCH]``, ``s3://…``, ``gs://…`` or a folder.
        dry_run: Tell what would change, and change nothing.
        progress: True shows the work on standard error; a function is called with each `StageProgress`.

    Raises:
        InputError: There is no such version, or the place or the token is not usable.
        PublishError: The target refused or did not answer; it holds the old version or the new one.
        StoreError: The storage refused.
    """
    if not isinstance(version, str):
        msg = f"version: expected text, found {type(version).__name__}"
        raise InputError(msg)
    place, report = parse_place(as_text(to, "to"), "--to"), reporter(progress)
    if isinstance(place, HubPlace):
        return roll_back_hub(HubRepository(place, write=True), version, report, dry_run=dry_run)
    return roll_back_folder(place, version, report, dry_run=dry_run)


@own_errors
def pull(place: PathInput, folder: PathInput, *, whole_shards: bool = False, progress: Progress = False) -> PullOutcome:
    """Bring manifests, recipe and score columns of a published dataset; whole shards come when something reads them.

    Args:
        place: ``hf://datasets/ORG/NAME[@REVISION]``, ``s3://…[@VERSION]``, ``gs://…[@VERSION]`` or a folder.
        folder: A new folder, or one that an earlier pull made.
        whole_shards: Bring every shard whole at once.
        progress: True shows the work on standard error; a function is called with each `StageProgress`.

    Raises:
        InputError: The place or the folder is not usable.
        PublishError: The target does not answer, or holds other files than its manifest names.
    """
    origin = open_origin(parse_place(as_text(place, "place"), "PLACE", versions=True))
    return pull_dataset.pull(origin, as_path(folder, "folder"), reporter(progress), everything=whole_shards)


@own_errors
def export(
    folder: PathInput,
    to: PathInput,
    format: str,  # noqa: A002 - the word of recipes and of the command line
    *,
    dropped: bool = False,
    languages: Sequence[str] = (),
    images: PathInput | None = None,
    progress: Progress = False,
) -> ExportOutcome:
    """Write a dataset's kept rows in the format of a trainer, one file a split.

    Rows = exported + refused; each row that a format cannot hold is named in ``refused.jsonl``.

    Args:
        folder: The folder of a build, or one that `pull` made.
        to: The folder to make.
        format: A format, such as ``llava``; an unknown one is an error that names all.
        dropped: Write the dropped rows, too.
        languages: Only these; none means all.
        images: Folder of the images (formats that copy them).
        progress: True shows the work on standard error; a function is called with each `StageProgress`.

    Raises:
        InputError: The dataset, the format or a value is not usable; nothing was written.
        PublishError: A shard that a pull left where it came from cannot be fetched.
    """
    chosen = (languages,) if isinstance(languages, str) else tuple(languages)
    options = ExportOptions(format, dropped, chosen, None if images is None else as_path(images, "images"))
    return export_dataset.export(as_path(folder, "folder"), as_path(to, "to"), options, reporter(progress))


@own_errors
def verify(
    folder: PathInput, *, deep: bool = False, ray_address: str | None = None, progress: Progress = False
) -> Verification:
    """Check every file of a dataset and count every row: checksums, schema, ids, balances, verdicts and the card.

    Args:
        folder: The folder of a build, of a dataset, or a published one on this machine (``FOLDER@VERSION``).
        deep: Also check every rule of a record on every row.
        ray_address: ``HOST:PORT`` of a running Ray cluster, whose nodes do the work; None uses threads of this process.
        progress: True shows the work on standard error; a function is called with each `StageProgress`.

    Returns:
        What was read, and each problem with its file; `Verification.sound` where there is none.

    Raises:
        InputError: There is no dataset, or a newer Glotmill made it.
        GlotmillError: Another command changed it meanwhile.
    """
    return verify_dataset.verify(as_path(folder, "folder"), reporter(progress), deep=deep, ray_address=ray_address)
