"""What a dataset repository of the stand-in Hub holds: commits, branches, tags and pull requests."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

ZERO = "0" * 40


class RefusalError(Exception):
    """An answer other than 200: status, the Hub's error code, and words."""

    def __init__(self, status: int, code: str, message: str = "") -> None:
        super().__init__(message or code)
        self.status = status
        self.code = code


@dataclass(frozen=True, slots=True)
class File:
    """A file of a commit; ``data`` is None where the bytes lie in Xet's store only."""

    data: bytes | None
    size: int
    sha256: str
    lfs: bool

    @classmethod
    def of(cls, data: bytes, *, lfs: bool = False) -> File:
        return cls(data, len(data), hashlib.sha256(data).hexdigest(), lfs)

    @property
    def oid(self) -> str:
        """Git's id of the blob: of the content, or of the pointer."""
        content = f"oid sha256:{self.sha256}\nsize {self.size}\n".encode() if self.lfs else self.data or b""
        return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()

    def entry(self, path: str) -> dict[str, Any]:
        """The file as a tree listing names it."""
        found: dict[str, Any] = {"type": "file", "path": path, "size": self.size, "oid": self.oid}
        if self.lfs:
            found["lfs"] = {"oid": self.sha256, "size": self.size, "pointerSize": 130}
        return found


@dataclass(frozen=True, slots=True)
class Commit:
    oid: str
    parent: str
    files: dict[str, File]
    message: str
    operations: list[tuple[str, str]]
    """(kind, path) of what the commit said; kinds are the Hub's: file, lfsFile, deletedFile."""


@dataclass(slots=True)
class Repository:
    private: bool
    commits: dict[str, Commit] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    pulls: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        first = self._add(ZERO, {".gitattributes": File.of(b"*.parquet filter=lfs\n")}, "initial commit", [])
        self.branches["main"] = first.oid

    def _add(self, parent: str, files: dict[str, File], message: str, operations: list[tuple[str, str]]) -> Commit:
        listing = sorted((path, file.sha256) for path, file in files.items())
        oid = hashlib.sha1(repr([parent, listing, message, len(self.commits)]).encode()).hexdigest()
        self.commits[oid] = Commit(oid, parent, files, message, operations)
        return self.commits[oid]

    def at(self, revision: str) -> Commit:
        """The commit that a branch, tag, pull request or id names."""
        for names in (self.branches, self.tags, self.pulls):
            if revision in names:
                return self.commits[names[revision]]
        if revision in self.commits:
            return self.commits[revision]
        raise RefusalError(404, "RevisionNotFound", f"Invalid rev id: {revision}")

    @property
    def head(self) -> Commit:
        return self.at("main")

    def history(self, revision: str = "main") -> list[Commit]:
        """The commits of a branch after the first, newest first."""
        found, commit = [], self.at(revision)
        while commit.parent != ZERO:
            found.append(commit)
            commit = self.commits[commit.parent]
        return found

    def commit(
        self, branch: str, items: Iterable[dict[str, Any]], stored: dict[str, bytes], *, xet: bool, pull: bool
    ) -> tuple[Commit, str | None]:
        """Apply a commit's lines; the commit, and the pull request it made."""
        base = self.at(branch)
        files, operations, header = dict(base.files), [], {}
        for item in items:
            kind, value = item["key"], item["value"]
            if kind == "header":
                header = value
                if value.get("parentCommit") not in (None, base.oid):
                    raise RefusalError(412, "PreconditionFailed", "A commit has happened since. Please refresh.")
                continue
            path = value["path"]
            operations.append((kind, path))
            if kind == "file":
                files[path] = File.of(base64.b64decode(value["content"]))
            elif kind == "lfsFile":
                files[path] = self._large(value, stored, xet=xet)
            elif kind == "deletedFile":
                if files.pop(path, None) is None:
                    raise RefusalError(404, "EntryNotFound", "A file with this name doesn't exist")
            else:
                raise RefusalError(400, "BadRequest", f"unknown operation {kind}")
        message = f"{header['summary']}\n\n{header.get('description', '')}".strip()
        commit = self._add(base.oid, files, message, operations)
        if pull:
            name = f"refs/pr/{len(self.pulls) + 1}"
            self.pulls[name] = commit.oid
            return commit, name
        names = self.pulls if branch in self.pulls else self.branches
        names[branch] = commit.oid
        return commit, None

    def _large(self, value: dict[str, Any], stored: dict[str, bytes], *, xet: bool) -> File:
        known = [f for c in self.commits.values() for f in c.files.values() if f.sha256 == value["oid"]]
        if value["oid"] in stored:
            return File.of(stored[value["oid"]], lfs=True)
        if known:
            return known[0]
        if xet:
            return File(None, value["size"], value["oid"], True)
        raise RefusalError(400, "BadRequest", f"LFS pointer to an object that was never uploaded: {value['path']}")

    def tree(self, revision: str, folder: str, *, recursive: bool) -> list[dict[str, Any]]:
        """The listing of a folder; folders come before what is in them."""
        prefix = f"{folder}/" if folder else ""
        found: dict[str, dict[str, Any]] = {}
        for path, file in sorted(self.at(revision).files.items()):
            if not path.startswith(prefix):
                continue
            parts = path[len(prefix) :].split("/")
            for depth in range(1, len(parts)):
                if depth == 1 or recursive:
                    name = prefix + "/".join(parts[:depth])
                    found[name] = {"type": "directory", "path": name, "size": 0, "oid": ZERO}
            if recursive or len(parts) == 1:
                found[path] = file.entry(path)
        if folder and not found:
            raise RefusalError(404, "EntryNotFound", f"{folder} does not exist")
        return list(found.values())
