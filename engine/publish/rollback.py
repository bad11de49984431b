"""Making an older version the current one again, as a new commit or version that moves no bytes of shards."""

from __future__ import annotations

from huggingface_hub import CommitOperationCopy, CommitOperationDelete

from glotmill.engine.dataset.contents import is_ours
from glotmill.engine.dataset.pages import CARD, read_card
from glotmill.engine.publish.addresses import FolderPlace
from glotmill.engine.publish.hub_repository import HubRepository, Operation
from glotmill.engine.publish.outcome import PublishOutcome
from glotmill.engine.publish.top import outdated, renew_top
from glotmill.engine.publish.transfer_plan import PublishPlan
from glotmill.engine.publish.versions import Versions
from glotmill.engine.runs.progress import ProgressReport
from glotmill.schemas.errors import InputError, PublishError


def roll_back_hub(hub: HubRepository, tag: str, progress: ProgressReport, *, dry_run: bool) -> PublishOutcome:
    """Commit the files of a tag again: shards are copied at the Hub.

    Raises:
        InputError: There is no such repository or tag.
        PublishError: The branch moved meanwhile, or the Hub refused.
    """
    hub.check_token()
    base = hub.head()
    source = hub.tags().get(tag) if base else None
    if base is None or source is None:
        msg = f"{hub.place}: no tag {tag} there"
        raise InputError(msg)
    now, then = hub.files(base), hub.files(source)
    changed = sorted(path for path, file in then.items() if now.get(path) != file)
    gone = sorted(path for path in now if is_ours(path) and path not in then)
    shards = [path for path in changed if then[path].sha256]
    pages = [path for path in changed if not then[path].sha256]
    same = sum(1 for path in then if then[path].sha256) - len(shards)
    plan = PublishPlan(base, shards, pages, gone, same, sum(then[path].size for path in pages))
    if plan.empty or dry_run:
        return PublishOutcome(str(hub.place), plan, committed=False, revision=base, dry_run=dry_run)
    operations: list[Operation] = [CommitOperationCopy(path, path, src_revision=source) for path in changed]
    operations += [CommitOperationDelete(path, is_folder=False) for path in gone]
    message = f"Back to {tag}\n\nThe files of commit {source}."
    progress.say(f"{len(shards):,} shards are copied at the Hub, {len(pages):,} other files sent again")
    answer = hub.commit(operations, message, base, pull=False)
    if answer.kind != "done":
        msg = f"{hub.place}: {answer.why}; look whether {tag} is current, and run this again"
        raise PublishError(msg)
    after = hub.files(str(answer.oid))
    if any(after.get(path) != file for path, file in then.items()) or any(path in after for path in gone):
        msg = f"{hub.place}: the commit {answer.oid} does not hold the files of {tag}; run this again"
        raise PublishError(msg)
    return PublishOutcome(str(hub.place), plan, committed=True, revision=answer.oid)


def roll_back_folder(place: FolderPlace, version: str, progress: ProgressReport, *, dry_run: bool) -> PublishOutcome:
    """Write the file list of an older version as a new version, and make the top of the folder say so.

    Raises:
        InputError: There is no such version, it has no card, or the storage lost a file of it.
        PublishError: Another publication came in between.
    """
    versions = Versions(place)
    latest = versions.latest()
    old, now = versions.files(versions.number(version)), versions.files(latest)
    lost = versions.lost(old)
    if lost:
        msg = f"{versions.folder.location(old[lost[0]].name)}, a file of version {version}, is missing or was changed"
        raise InputError(f"{msg}; publish that dataset again")
    card = old[CARD]
    read_card(versions.read(card), versions.folder.location(card.name))
    changed = sorted(path for path, file in old.items() if now.get(path) != file)
    shards = [path for path in changed if path.endswith(".parquet")]
    pages = [path for path in changed if not path.endswith(".parquet")]
    same = sum(path.endswith(".parquet") for path in old) - len(shards)
    plan = PublishPlan(str(latest), shards, pages, sorted(set(now) - set(old)), same, 0)
    if dry_run:
        top = outdated(versions) if plan.empty else []
        return PublishOutcome(str(place), plan, committed=False, revision=str(latest), dry_run=True, unfinished=top)
    number = latest if plan.empty else latest + 1
    if number > latest and not versions.put(number, old):
        msg = f"{place}: another dataset was published there meanwhile; run this again"
        raise PublishError(msg)
    written = renew_top(versions, progress.say)
    return PublishOutcome(
        str(place), plan, committed=number > latest, revision=str(number), unfinished=written if plan.empty else []
    )
