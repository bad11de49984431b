"""A dataset repository of the Hub, reached through `huggingface_hub`.

Guarantees: the token comes from the environment and goes into request headers only; every refusal and every silence
of the network is one line without it; a commit is sent once, and its answer distinguished: done, stale, busy or lost.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from httpx2 import HTTPError
from huggingface_hub import CommitOperationAdd, CommitOperationCopy, CommitOperationDelete, HfApi, HfFileSystem
from huggingface_hub.constants import is_offline_mode
from huggingface_hub.errors import (
    EntryNotFoundError,
    HfHubHTTPError,
    HFValidationError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.hf_api import RepoFile
from huggingface_hub.utils import disable_progress_bars, parse_ratelimit_headers  # type: ignore[attr-defined]

from glotmill.engine.publish.addresses import HubPlace
from glotmill.engine.publish.transfer_plan import RemoteFile
from glotmill.schemas.errors import InputError, PublishError, one_line
from glotmill.schemas.redact import keep_secret

TOKEN = "HF_TOKEN"
KIND = "dataset"
BRANCH = "main"
STALE = (409, 412)  # the branch moved on; two commits at once
BUSY = 429
# What the library raises: HTTP statuses, a network that is gone, uploads that break off, ids it does not accept.
REFUSALS = (HfHubHTTPError, HFValidationError, HTTPError, OSError, RuntimeError, ValueError)

Operation = CommitOperationAdd | CommitOperationCopy | CommitOperationDelete


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a commit.

    Attributes:
        kind: ``done``; ``stale``: the branch had moved, nothing happened; ``busy``: too many requests, nothing
            happened; ``lost``: no answer that says whether it happened.
        oid: The commit, where it is done.
        pull: The pull request, where one was requested.
        wait: Seconds that the Hub asks to wait.
        why: The answer in words.
    """

    kind: Literal["done", "stale", "busy", "lost"]
    oid: str | None = None
    pull: str | None = None
    wait: float = 0
    why: str = ""


class HubRepository:
    """One dataset repository.

    Args:
        place: Which, and at which branch.
        write: Whether it will be written to; then a token is needed.

    Raises:
        InputError: The Hub is set to offline, or there is no token to write with.
    """

    def __init__(self, place: HubPlace, *, write: bool) -> None:
        self.place = place
        self._token = os.environ.get(TOKEN) or None
        keep_secret(self._token or "")
        if is_offline_mode():
            msg = f"{place}: HF_HUB_OFFLINE is set, so the Hub cannot be reached; unset it"
            raise InputError(msg)
        if write and self._token is None:
            msg = (
                f"{place}: the environment variable {TOKEN} is not set; give it a token that may write to this dataset"
            )
            raise InputError(msg)
        self.endpoint = os.environ.get("HF_ENDPOINT") or None
        # False keeps the library from sending a token that it finds elsewhere.
        self._api = HfApi(endpoint=self.endpoint, token=self._token or False)
        disable_progress_bars()  # commands show their own
        self._files = HfFileSystem(endpoint=self.endpoint, token=self._token or False, skip_instance_cache=True)

    @property
    def branch(self) -> str:
        """The branch that is published to."""
        return self.place.revision or BRANCH

    @property
    def token(self) -> str | bool:
        """What `datasets` is given to read with."""
        return self._token or False

    @contextmanager
    def refusing(self, doing: str) -> Iterator[None]:
        """Make one line of whatever the library raises.

        Raises:
            PublishError: Saying what was being done.
        """
        try:
            yield
        except REFUSALS as error:
            reason = one_line(error) or type(error).__name__
            cause = f" ({one_line(error.__cause__)})" if error.__cause__ else ""
            msg = f"{self.place}: {doing}: {reason}{cause}"
            raise PublishError(msg) from None

    def check_token(self) -> None:
        """Check once whom the token belongs to.

        Raises:
            InputError: The Hub does not accept it.
        """
        try:
            self._api.whoami(cache=True)
        except HfHubHTTPError as error:
            if error.response.status_code not in (401, 403):
                raise PublishError(f"{self.place}: checking whom the token belongs to: {one_line(error)}") from None
            msg = f"{self.place}: the Hub does not accept the token in {TOKEN}; make another that may write there"
            raise InputError(msg) from None
        except (HTTPError, OSError) as error:
            msg = f"{self.place}: the Hub does not answer: {one_line(error)}"
            raise PublishError(msg) from None

    def head(self, revision: str | None = None) -> str | None:
        """The commit of a revision, or of the branch; None where there is no such repository, branch or tag."""
        with self.refusing("asking for its newest commit"):
            try:
                return self._api.dataset_info(self.place.repo, revision=revision or self.branch).sha
            except (RepositoryNotFoundError, RevisionNotFoundError):
                return None

    def create(self, *, private: bool) -> None:
        """Make the repository and the branch, where they are not there."""
        with self.refusing("making the repository"):
            self._api.create_repo(self.place.repo, repo_type=KIND, private=private, exist_ok=True)
            if self.branch != BRANCH:
                self._api.create_branch(self.place.repo, branch=self.branch, repo_type=KIND, exist_ok=True)

    def files(self, revision: str) -> dict[str, RemoteFile]:
        """Every file of a commit."""
        with self.refusing("listing its files"):
            found = self._api.list_repo_tree(self.place.repo, recursive=True, revision=revision, repo_type=KIND)
            return {
                entry.path: RemoteFile(entry.size, entry.lfs.sha256 if entry.lfs else None, entry.blob_id)
                for entry in found
                if isinstance(entry, RepoFile)
            }

    def path(self, name: str, revision: str) -> str:
        """A file as the file system names it."""
        return f"datasets/{self.place.repo}@{revision.replace('/', '%2F')}/{name}"

    def read(self, name: str, revision: str) -> bytes:
        """The bytes of a small file.

        Raises:
            FileNotFoundError: It is not there.
        """
        with self.refusing(f"reading {name}"):
            try:
                data: bytes = self._files.cat_file(self.path(name, revision))
            except (FileNotFoundError, EntryNotFoundError):
                missing = name
            else:
                return data
        raise FileNotFoundError(2, "no such file at the Hub", missing)

    def open(self, name: str, revision: str) -> Any:
        """A file to read ranges of."""
        return self._files.open(self.path(name, revision), "rb", cache_type="none")

    def fetch(self, name: str, revision: str, to: Path) -> None:
        """Download a whole file."""
        with self.refusing(f"downloading {name}"):
            self._files.get_file(self.path(name, revision), str(to))

    def upload(self, operation: CommitOperationAdd) -> None:
        """Send a shard's bytes ahead of the commit; what the Hub knows is not sent."""
        with self.refusing(f"uploading {operation.path_in_repo}"):
            self._api.preupload_lfs_files(
                self.place.repo, [operation], repo_type=KIND, revision=self.branch, free_memory=False
            )

    def commit(self, operations: Sequence[Operation], message: str, base: str, *, pull: bool) -> Answer:
        """Send one commit on top of ``base``; it is not sent again, whatever happens.

        Raises:
            PublishError: The Hub refused it for good.
        """
        summary, _, description = message.partition("\n\n")
        try:
            done = self._api.create_commit(
                self.place.repo, list(operations), commit_message=summary, commit_description=description,
                repo_type=KIND, revision=self.branch, parent_commit=base, create_pr=pull,
            )  # fmt: skip
        except HfHubHTTPError as error:
            status, why = error.response.status_code, one_line(error)
            if status in STALE:
                return Answer("stale", why=why)
            if status == BUSY:
                return Answer("busy", wait=_wait(error), why=why)
            if status >= 500:
                return Answer("lost", why=why)
            msg = f"{self.place}: committing: {why}"
            raise PublishError(msg) from None
        except HTTPError as error:
            return Answer("lost", why=one_line(error) or type(error).__name__)
        except REFUSALS as error:
            msg = f"{self.place}: committing: {one_line(error)}"
            raise PublishError(msg) from None
        return Answer("done", oid=done.oid, pull=done.pr_url)

    def find_commit(self, words: str, *, pulls: bool) -> str | None:
        """The newest commit whose message has these words, on the branch or among the pull requests."""
        with self.refusing("looking for our commit"):
            revisions = [self.branch]
            if pulls:
                refs = self._api.list_repo_refs(self.place.repo, repo_type=KIND, include_pull_requests=True)
                revisions = [ref.ref for ref in refs.pull_requests or []]
            for revision in revisions:
                commits = self._api.list_repo_commits(self.place.repo, repo_type=KIND, revision=revision)
                for commit in commits:
                    if words in f"{commit.title}\n{commit.message}":
                        return commit.commit_id
        return None

    def tag(self, name: str, oid: str) -> None:
        """Name a commit; a name that it has already is fine.

        Raises:
            PublishError: Another commit has the name.
        """
        there = self.tags().get(name)
        if there == oid:
            return
        if there is not None:
            msg = f"{self.place}: the tag {name} names the commit {there} already; choose another"
            raise PublishError(msg)
        with self.refusing(f"tagging {name}"):
            self._api.create_tag(self.place.repo, tag=name, revision=oid, repo_type=KIND)

    def tags(self) -> dict[str, str]:
        """The commits that have a tag."""
        with self.refusing("listing its tags"):
            refs = self._api.list_repo_refs(self.place.repo, repo_type=KIND)
        return {ref.name: ref.target_commit for ref in refs.tags}


def manifest_line(sha256: str) -> str:
    """The line of a commit's message that names the manifest which it published."""
    return f"Manifest: {sha256}"


def _wait(error: HfHubHTTPError) -> float:
    """Seconds that an answer asks to wait."""
    limit = parse_ratelimit_headers(error.response.headers)
    if limit is not None:
        return limit.reset_in_seconds + 1
    after = error.response.headers.get("Retry-After", "")
    return float(after) if after.isdigit() else 0.0
