"""Publishing to a folder of versions: on a disk, on S3, on Google Cloud Storage.

Guarantees: everything that can be refused is refused before a version exists; a version exists once its files were
found whole; a run that was killed at any write is finished by the same command.
"""

from __future__ import annotations

from collections.abc import Mapping

from glotmill.engine.dataset.contents import LocalDataset
from glotmill.engine.dataset.manifest import MANIFEST
from glotmill.engine.publish.addresses import FolderPlace
from glotmill.engine.publish.check_local import ready_shards
from glotmill.engine.publish.outcome import PublishOutcome
from glotmill.engine.publish.pull_record import Pulled
from glotmill.engine.publish.top import outdated, renew_top
from glotmill.engine.publish.transfer_plan import PublishPlan
from glotmill.engine.publish.versions import StoredFile, Versions, stored_name
from glotmill.engine.runs.progress import ProgressReport
from glotmill.engine.storage.folder import Folder
from glotmill.engine.storage.output_path import check_new_folder
from glotmill.schemas.errors import PublishError, StoreError
from glotmill.schemas.keys import bytes_sha256

ATTEMPTS = 5


def publish_to_folder(
    local: LocalDataset,
    place: FolderPlace,
    progress: ProgressReport,
    *,
    dry_run: bool,
    tag: str | None,
    replace: bool = False,
) -> PublishOutcome:
    """Publish a dataset as the next version of a folder.

    Args:
        local: The dataset.
        place: The folder.
        progress: Shows how it gets on.
        dry_run: Plan only.
        tag: Names the version.
        replace: Publish over a version that a pulled dataset was not made from.

    Raises:
        InputError: The dataset, the folder or the tag is not usable; no version was made.
        PublishError: Other publications kept coming in between.
        StoreError: The storage refused, or does not hold what was sent.
    """
    local.check_pages()
    if (path := Folder(place.url).path) is not None:
        check_new_folder(path, "--to")
    versions = Versions(place)
    files = _files(local)
    for attempt in range(1, ATTEMPTS + 1):
        latest = versions.latest()
        versions.check_free(latest + 1)
        there = versions.files(latest) if latest else {}
        plan = _plan(local, files, there, latest, set(versions.lost(files)))
        if not replace:
            Pulled.check_origin(local, str(place), there[MANIFEST].sha256 if there else None)
        if tag:
            versions.check_tag(tag, latest if files == there else None)
        if attempt == 1:
            progress.say(plan.line())
            ready_shards(local, plan.upload, progress, fetch=not dry_run)
        if dry_run:
            said = str(latest) if latest else None
            top = outdated(versions) if plan.empty else []
            return PublishOutcome(
                str(place), plan, committed=False, revision=said, tag=tag, dry_run=True, unfinished=top
            )
        if not plan.empty:
            versions.folder.check()
            _send(local, versions, files, plan, progress)
            _verify(versions, files, plan, progress)
        number = latest if files == there else latest + 1
        if number == latest or versions.put(number, files):
            written = renew_top(versions, progress.say)
            if tag:
                versions.tag(tag, number)
            Pulled.moved(local, str(place), str(number))
            return PublishOutcome(
                str(place), plan, committed=not plan.empty, revision=str(number), tag=tag, attempts=attempt,
                unfinished=written if plan.empty else [],
            )  # fmt: skip
        progress.say(f"{place}: version {number} was published meanwhile; planning again")
    msg = f"{place}: other publications came in between {ATTEMPTS} times; run this again"
    raise PublishError(msg)


def _files(local: LocalDataset) -> dict[str, StoredFile]:
    """Every file of the dataset under the name that it will have."""
    files = {
        path: StoredFile(stored_name(path, s.sha256), s.sha256, s.size) for path, s in local.contents.shards.items()
    }
    for name, data in local.contents.small.items():
        sha256 = bytes_sha256(data)
        files[name] = StoredFile(stored_name(name, sha256), sha256, len(data))
    return files


def _plan(
    local: LocalDataset,
    files: Mapping[str, StoredFile],
    there: Mapping[str, StoredFile],
    latest: int,
    lost: set[str],
) -> PublishPlan:
    """What differs from the newest version, and what of that version the storage has lost."""
    changed = sorted(path for path, file in files.items() if there.get(path) != file or path in lost)
    upload = [path for path in changed if path in local.contents.shards]
    return PublishPlan(
        base=str(latest) if latest else None,
        upload=upload,
        pages=[path for path in changed if path in local.contents.small],
        delete=sorted(set(there) - set(files)),
        unchanged=len(local.contents.shards) - len(upload),
        bytes_up=sum(files[path].size for path in changed),
    )


def _send(
    local: LocalDataset,
    versions: Versions,
    files: Mapping[str, StoredFile],
    plan: PublishPlan,
    progress: ProgressReport,
) -> None:
    """Send what is not there; names are of the content, so a file that is there needs no second sending."""
    with progress.stage("upload", "bytes") as stage:
        for path in (*plan.upload, *plan.pages):
            file = files[path]
            if not versions.holds(file):
                if path in local.contents.small:
                    versions.folder.overwrite(file.name, local.contents.small[path])
                else:
                    versions.folder.put_file(file.name, local.root / path)
            stage.advance(file.size, total=plan.bytes_up)


def _verify(versions: Versions, files: Mapping[str, StoredFile], plan: PublishPlan, progress: ProgressReport) -> None:
    """Look at every file of the version to be: all sizes, and the bytes of what was sent.

    Raises:
        StoreError: One is not what it should be.
    """
    sent = [*plan.upload, *plan.pages]
    with progress.stage("verify", "files") as stage:
        wrong = versions.lost(files)
        stage.advance(len(files) - len(sent), total=len(files))
        for path in sent:
            wrong += [] if versions.holds(files[path]) else [path]
            stage.advance(1, total=len(files))
    if wrong:
        msg = f"{versions.folder.location(files[wrong[0]].name)} is missing or not what was sent; publish again"
        raise StoreError(msg)
