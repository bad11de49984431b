"""Publishing to a folder of versions: on a disk, on S3, on Google Cloud Storage."""

from __future__ import annotations

from engine.progress import ProgressReport
from engine.publish.contents import LocalDataset
from engine.publish.outcome import Outcome
from engine.publish.places import FolderPlace
from engine.publish.plan import PublishPlan
from engine.publish.ready import ready_shards
from engine.publish.versions import StoredFile, Versions, stored_name
from schemas.errors import PublishError
from schemas.keys import bytes_sha256

ATTEMPTS = 5


def publish_to_folder(
    local: LocalDataset, place: FolderPlace, progress: ProgressReport, *, dry_run: bool, tag: str | None
) -> Outcome:
    """Publish a dataset as the next version of a folder.

    Raises:
        InputError: The dataset, the folder or the tag is not usable; nothing was sent.
        PublishError: Other publications kept coming in between.
        StoreError: The storage refused, or holds other bytes than were sent.
    """
    versions = Versions(place)
    files = _files(local)
    for attempt in range(1, ATTEMPTS + 1):
        latest = versions.latest()
        there = versions.files(latest) if latest else {}
        plan = _plan(local, files, there, latest)
        if attempt == 1:
            progress.say(plan.line())
            ready_shards(local, plan.upload, progress, fetch=not dry_run)
        if plan.empty or dry_run:
            if not dry_run and versions.pointer().get("version") != latest:
                versions.point(latest, there)  # a run that was killed before its last step
            if tag and not dry_run:
                versions.tag(tag, latest)
            return Outcome(str(place), plan, committed=False, revision=str(latest) if latest else None, tag=tag)
        versions.folder.check()
        _send(local, versions, files, plan, progress)
        number = versions.put(latest + 1, files)
        if number is not None:
            _verify(versions, files, plan, progress)
            if tag:
                versions.tag(tag, number)
            return Outcome(str(place), plan, committed=True, revision=str(number), tag=tag, attempts=attempt)
        progress.say(f"{place}: version {latest + 1} was published meanwhile; planning again")
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


def _plan(local: LocalDataset, files: dict[str, StoredFile], there: dict[str, StoredFile], latest: int) -> PublishPlan:
    changed = sorted(path for path, file in files.items() if there.get(path) != file)
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
    local: LocalDataset, versions: Versions, files: dict[str, StoredFile], plan: PublishPlan, progress: ProgressReport
) -> None:
    """Send what is not there; names are of the content, so a file that has its size needs no second sending."""
    with progress.stage("upload", "bytes") as stage:
        for path in plan.upload:
            file = files[path]
            if versions.folder.size_or_none(file.name) != file.size:
                versions.folder.put_file(file.name, local.root / path)
            stage.advance(file.size, total=plan.bytes_up)
        for path in plan.pages:
            versions.folder.put_if_absent(files[path].name, local.contents.small[path])
            stage.advance(files[path].size, total=plan.bytes_up)


def _verify(versions: Versions, files: dict[str, StoredFile], plan: PublishPlan, progress: ProgressReport) -> None:
    """Look at every file; on a disk, and of small files, at the bytes, too."""
    sent = {*plan.upload, *plan.pages}
    on_disk = versions.folder.path is not None
    with progress.stage("verify", "files") as stage:
        for path, file in files.items():
            versions.check(file, whole=path in sent and (on_disk or not path.endswith(".parquet")))
            stage.advance(1, total=len(files))
