"""Making an older version the current one again, as a new commit or version that moves no bytes of shards."""

from __future__ import annotations

from huggingface_hub import CommitOperationCopy, CommitOperationDelete

from engine.progress import ProgressReport
from engine.publish.contents import is_ours
from engine.publish.hub import HubRepository, Operation
from engine.publish.outcome import Outcome
from engine.publish.places import FolderPlace
from engine.publish.plan import PublishPlan
from engine.publish.versions import Versions
from schemas.errors import InputError, PublishError


def roll_back_hub(hub: HubRepository, tag: str, progress: ProgressReport, *, dry_run: bool) -> Outcome:
    """Commit the files of a tag again: shards are copied at the Hub.

    Raises:
        InputError: There is no such repository or tag.
        PublishError: The branch moved meanwhile, or the Hub refused.
    """
    hub.check_token()
    base, source = hub.head(), hub.tags().get(tag) if hub.head() else None
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
        return Outcome(str(hub.place), plan, committed=False, revision=base)
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
    return Outcome(str(hub.place), plan, committed=True, revision=answer.oid)


def roll_back_folder(place: FolderPlace, version: str, *, dry_run: bool) -> Outcome:
    """Write the file list of an older version as a new version, and point to it.

    Raises:
        InputError: There is no such version.
        PublishError: Another publication came in between.
    """
    versions = Versions(place)
    latest = versions.latest()
    old, now = versions.files(versions.number(version)), versions.files(latest) if latest else {}
    changed = sorted(path for path, file in old.items() if now.get(path) != file)
    shards = [path for path in changed if path.endswith(".parquet")]
    pages = [path for path in changed if not path.endswith(".parquet")]
    same = sum(path.endswith(".parquet") for path in old) - len(shards)
    plan = PublishPlan(str(latest), shards, pages, sorted(set(now) - set(old)), same, 0)
    if plan.empty or dry_run:
        return Outcome(str(place), plan, committed=False, revision=str(latest))
    number = versions.put(latest + 1, old)
    if number is None:
        msg = f"{place}: another dataset was published there meanwhile; run this again"
        raise PublishError(msg)
    return Outcome(str(place), plan, committed=True, revision=str(number))
