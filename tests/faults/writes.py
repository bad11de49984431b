"""Every write of a command, to interrupt it there: on a disk, at an object store, at the Hub."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest.mock import patch

from glotmill.engine.publish.hub_repository import HubRepository
from glotmill.engine.storage.folder import Folder

STORAGE = ("pipe_file", "put_file", "rm_file")  # fsspec's calls that change something
HUB = ("create", "upload", "commit", "tag")


def before_writes(hook: Callable[[], None]) -> ExitStack:
    """Call something before every write, until the returned context ends.

    A file on a disk is written when it gets its name; at an object store and at the Hub, when it is asked for.
    """
    link, replace, remote = os.link, Path.replace, Folder._remote

    def linked(*arguments: Any) -> None:
        hook()
        link(*arguments)

    def replaced(self: Path, target: Path) -> Path:
        hook()
        return replace(self, target)

    def called(self: Folder, call: str, *arguments: Any, **options: Any) -> Any:
        if call in STORAGE:
            hook()
        return remote(self, call, *arguments, **options)

    patches = ExitStack()
    patches.enter_context(patch.object(os, "link", linked))
    patches.enter_context(patch.object(Path, "replace", replaced))
    patches.enter_context(patch.object(Folder, "_remote", called))
    for name in HUB:
        patches.enter_context(patch.object(HubRepository, name, _hooked(HubRepository, name, hook)))
    return patches


def before_storing(hook: Callable[[], None]) -> ExitStack:
    """Call something before every write to a folder of a storage, whole, until the returned context ends."""
    patches = ExitStack()
    for name in ("put_if_absent", "overwrite", "put_file", "replace", "delete"):
        patches.enter_context(patch.object(Folder, name, _hooked(Folder, name, hook)))
    return patches


def _hooked(owner: type, name: str, hook: Callable[[], None]) -> Callable[..., Any]:
    method = getattr(owner, name)

    def call(self: Any, *arguments: Any, **options: Any) -> Any:
        hook()
        return method(self, *arguments, **options)

    return call
