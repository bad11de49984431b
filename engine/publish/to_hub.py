"""Publishing to the Hub: shards first, then one commit that makes them the dataset.

Guarantees: the dataset at the Hub is the old one or the new one, because one commit holds shards, deletions, card and
manifests and is pinned to the commit that the plan was made against; a commit whose answer was lost is looked for
before anything is sent again; another publication that came in between is never overwritten unseen.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from huggingface_hub import CommitOperationAdd, CommitOperationDelete

from glotmill.engine.dataset.contents import LocalDataset
from glotmill.engine.dataset.manifest import MANIFEST, page_checksums, read_facts
from glotmill.engine.dataset.pages import CARD
from glotmill.engine.publish.check_local import ready_shards
from glotmill.engine.publish.check_remote import verify_hub
from glotmill.engine.publish.hub_repository import BRANCH, Answer, HubRepository, Operation, manifest_line
from glotmill.engine.publish.journal import Journal
from glotmill.engine.publish.outcome import PublishOutcome
from glotmill.engine.publish.pull_record import Pulled
from glotmill.engine.publish.transfer_plan import PublishPlan, make_plan
from glotmill.engine.runs.progress import ProgressReport
from glotmill.schemas.errors import InputError, PublishError
from glotmill.schemas.keys import bytes_sha256

ATTEMPTS = 5
LOST_WAIT_S = 2.0  # for a commit whose answer was lost and that the Hub may still be making


@dataclass(frozen=True, slots=True)
class HubOptions:
    """How to publish to the Hub.

    Attributes:
        dry_run: Plan only.
        create_pr: Open a pull request instead of committing to the branch.
        public: Make a new repository public; one that is there stays as it is.
        replace: Publish over a version that this dataset was not made from.
        tag: Names the commit.
        verify_rows: Open a row of each config afterwards.
    """

    dry_run: bool = False
    create_pr: bool = False
    public: bool = False
    replace: bool = False
    tag: str | None = None
    verify_rows: bool = True


def publish_to_hub(
    local: LocalDataset, hub: HubRepository, options: HubOptions, progress: ProgressReport,
    sleep: Callable[[float], None] = time.sleep,
) -> PublishOutcome:  # fmt: skip
    """Publish a dataset.

    Raises:
        InputError: The dataset, the token or the target is not usable; nothing was sent.
        PublishError: The Hub refused, or does not answer; it holds the old version or the new one.
    """
    return _Publication(local, hub, options, progress, sleep).run()


class _Publication:
    def __init__(
        self, local: LocalDataset, hub: HubRepository, options: HubOptions, progress: ProgressReport,
        sleep: Callable[[float], None],
    ) -> None:  # fmt: skip
        self._local, self._hub, self._options, self._progress, self._sleep = local, hub, options, progress, sleep
        self._journal = Journal.open(local.folder, str(hub.place), local.contents.sha256)
        self._resumed = len(self._journal.uploaded)
        self._seen: str | None = None  # the manifest that was at the target when the publication began

    def run(self) -> PublishOutcome:
        self._local.check_pages()
        self._hub.check_token()
        plan = self._plan(first=True)
        ready_shards(self._local, plan.upload, self._progress, fetch=not self._options.dry_run)
        if plan.empty or self._options.dry_run:
            return self._nothing(plan)
        self._check_tag(plan)
        if plan.base is None:
            self._hub.create(private=not self._options.public)
        for attempt in range(1, ATTEMPTS + 1):
            if attempt > 1 or plan.base is None:
                plan = self._plan(first=False)
            self._progress.say(plan.line())
            answer = self._settled(self._commit(plan, self._upload(plan)))
            if answer.kind == "done":
                return self._finish(plan, answer, attempt)
            self._progress.say(f"{answer.why}; planning again")
            self._sleep(answer.wait)
        msg = f"{self._hub.place}: the Hub did not take the commit in {ATTEMPTS} attempts: {answer.why}; run it again"
        raise PublishError(msg)

    def _plan(self, *, first: bool) -> PublishPlan:
        """The plan against the newest commit, which must not hold another publication than at the beginning."""
        base = self._hub.head()
        there = self._hub.files(base) if base else {}
        plan = make_plan(self._local, there, base, str(self._hub.place))
        published = self._manifest(base)
        manifest = bytes_sha256(published) if published is not None else None
        if first:
            # A branch that is still to be made begins with what the main one holds.
            begins = published if base else self._manifest(self._hub.head(BRANCH))
            self._seen = bytes_sha256(begins) if begins is not None else None
            if base and published is not None and CARD in plan.pages and CARD in there:
                self._say_if_edited(published, base)
            if not self._options.replace:
                Pulled.check_origin(self._local, str(self._hub.place), manifest)
        elif manifest not in (self._seen, self._local.contents.sha256):
            msg = (
                f"{self._hub.place}: another dataset was published there meanwhile (commit {base}); look at it, "
                f"and run this again to replace it"
            )
            raise PublishError(msg)
        return plan

    def _manifest(self, oid: str | None) -> bytes | None:
        """The manifest of a commit; None where there is none."""
        try:
            return self._hub.read(MANIFEST, oid) if oid else None
        except FileNotFoundError:
            return None

    def _say_if_edited(self, manifest: bytes, base: str) -> None:
        """Say that a card which somebody edited at the Hub is replaced."""
        try:
            published = page_checksums(read_facts(lambda _: manifest, str(self._hub.place))).get(CARD)
        except InputError:
            return  # another Glotmill wrote it, or nobody's did: so nobody knows what its card was
        if published and bytes_sha256(self._hub.read(CARD, base)) != published:
            said = f"{CARD} was edited there since it was published; the new card replaces it"
            self._progress.say(f"{self._hub.place}: {said}, and the commit {base} keeps the edit")

    def _check_tag(self, plan: PublishPlan) -> None:
        tag = self._options.tag
        if tag and plan.base and tag in self._hub.tags():
            msg = f"{self._hub.place}: there is a tag {tag} already; choose another"
            raise PublishError(msg)

    def _nothing(self, plan: PublishPlan) -> PublishOutcome:
        tag = None if self._options.dry_run else self._options.tag
        if tag and plan.base:
            self._hub.tag(tag, plan.base)
        if plan.empty:
            self._journal.done()
        dry = self._options.dry_run
        return PublishOutcome(str(self._hub.place), plan, committed=False, revision=plan.base, tag=tag, dry_run=dry)

    def _upload(self, plan: PublishPlan) -> list[Operation]:
        """Send the shards; the operations that a commit makes of them."""
        shards = self._local.contents.shards
        operations: list[Operation] = []
        self._journal.note({})
        total = sum(shards[path].size for path in plan.upload)
        with self._progress.stage("upload", "bytes") as stage:
            for path in plan.upload:
                operation = CommitOperationAdd(path, str(self._local.root / path))
                self._hub.upload(operation)
                operations.append(operation)
                self._journal.note({path: shards[path].sha256})
                stage.advance(shards[path].size, total=total)
        return operations

    def _commit(self, plan: PublishPlan, operations: list[Operation]) -> Answer:
        operations += [CommitOperationAdd(name, self._local.contents.small[name]) for name in plan.pages]
        operations += [CommitOperationDelete(path, is_folder=False) for path in plan.delete]
        manifest = self._local.contents.manifest.facts
        rows, kept = (sum(config[key] for config in manifest["configs"].values()) for key in ("rows", "kept"))
        message = (
            f"{manifest['name']}: {kept:,} of {rows:,} rows kept in {len(manifest['configs'])} languages\n\n"
            f"Publication: {self._journal.publish_id}\n{manifest_line(self._local.contents.sha256)}"
        )
        if plan.base is None:
            msg = f"{self._hub.place}: the Hub made the repository but names no commit of it; run this again"
            raise PublishError(msg)
        return self._hub.commit(operations, message, plan.base, pull=self._options.create_pr)

    def _settled(self, answer: Answer) -> Answer:
        """An answer that was lost, found out: our commit is there, or it is not."""
        if answer.kind != "lost":
            return answer
        self._sleep(LOST_WAIT_S)
        oid = self._hub.find_commit(self._journal.publish_id, pulls=self._options.create_pr)
        if oid and bytes_sha256(self._hub.read(MANIFEST, oid)) == self._local.contents.sha256:
            self._progress.say(f"{answer.why}; but the commit is there: {oid}")
            return Answer("done", oid=oid, why=answer.why)
        return answer

    def _finish(self, plan: PublishPlan, answer: Answer, attempts: int) -> PublishOutcome:
        oid = str(answer.oid)
        with self._progress.stage("verify", "files") as stage:
            verify_hub(self._local, self._hub, oid, rows=self._options.verify_rows, advance=stage.advance)
        if self._options.tag:
            self._hub.tag(self._options.tag, oid)
        self._journal.done()
        Pulled.moved(self._local, str(self._hub.place), oid)
        return PublishOutcome(
            str(self._hub.place), plan, committed=True, revision=oid, pull=answer.pull, tag=self._options.tag,
            attempts=attempts, resumed=self._resumed,
        )  # fmt: skip
