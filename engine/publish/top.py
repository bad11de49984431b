"""The top of a folder of versions: ``LATEST`` and the card, which say what the newest version is.

Guarantees: they are made from the lists of versions alone, so whoever was killed before or between them, any later
command that publishes there sets them right; of two publications at once neither puts an older version back, because
what is replaced was looked at before the newest number was (`glotmill.engine.storage.folder.Folder.replace`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import cache, partial
from pathlib import PurePosixPath

import yaml

from glotmill.engine.dataset.pages import CARD, read_card
from glotmill.engine.publish.versions import LATEST, StoredFile, Versions, list_name, stored_name
from glotmill.engine.storage.atomic_write import json_bytes
from glotmill.schemas.errors import InputError, PublishError, StoreError
from glotmill.schemas.keys import bytes_sha256

TOP = (LATEST, CARD)
Wanted = Callable[[str, int], bytes]  # what a file at the top holds when a version is the newest
ATTEMPTS = 12
FIRST_WAIT_S, LONGEST_WAIT_S = 0.05, 2.0


def outdated(versions: Versions) -> list[str]:
    """The files at the top that do not say the newest version; nothing is written."""
    number = versions.latest()
    return [name for name in TOP if number and versions.folder.held(name).data != _wanted(versions, name, number)]


def renew_top(versions: Versions, say: Callable[[str], None]) -> list[str]:
    """Make ``LATEST`` and the card say the newest version, of which there is one.

    Args:
        versions: The folder.
        say: Is called with a line about a card that somebody edited.

    Returns:
        The files that were written.

    Raises:
        PublishError: Other commands kept changing them.
    """
    wanted = cache(partial(_wanted, versions))
    return [name for name in TOP if _renew(versions, name, wanted, say)]


def _renew(versions: Versions, name: str, wanted: Wanted, say: Callable[[str], None]) -> bool:
    wrote = False
    for attempt in range(ATTEMPTS):
        held = versions.folder.held(name)
        number = versions.latest()  # after `held`, which can thus be of no newer version
        content = wanted(name, number)
        if held.data == content:
            return wrote
        if name == CARD and held.data is not None and not _is_a_card(versions, held.data, wanted):
            kept = stored_name("README.edited.md", bytes_sha256(held.data))
            versions.folder.put_if_absent(kept, held.data)
            say(f"{versions.place}: {CARD} was edited; the card of version {number} replaces it, the edit is in {kept}")
        if versions.folder.replace(name, content, held):
            wrote = True
        else:
            time.sleep(min(FIRST_WAIT_S * 2**attempt, LONGEST_WAIT_S))
    msg = f"{versions.place}: the version is published, but other commands keep changing {name}; run this again"
    raise PublishError(msg)


def _wanted(versions: Versions, name: str, number: int) -> bytes:
    """What a file at the top has to hold when a version is the newest."""
    if name == LATEST:
        return json_bytes({"version": number, "manifest": f"manifests/{list_name(number)}"})
    files = versions.files(number)
    stored = files[CARD]
    return top_card(versions.read(stored), files, versions.folder.location(stored.name))


def _is_a_card(versions: Versions, data: bytes, wanted: Wanted) -> bool:
    """Whether a card at the top is that of some version."""
    for number in reversed(versions.numbers()):
        try:
            if wanted(CARD, number) == data:
                return True
        except (InputError, StoreError):  # a version whose own card cannot be read gave no card to the top
            continue
    return False


def top_card(card: bytes, files: Mapping[str, StoredFile], where: str) -> bytes:
    """A card whose configs name files one by one, so that files of other versions in the folder are nobody's.

    Raises:
        InputError: It is no card.
    """
    metadata, page = read_card(card, where)
    for config in metadata["configs"]:
        for entry in config["data_files"]:
            patterns = entry["path"] if isinstance(entry["path"], list) else [entry["path"]]
            entry["path"] = [
                file.name
                for path, file in sorted(files.items())
                if any(PurePosixPath(path).match(pattern) for pattern in patterns)
            ]
    return f"---\n{yaml.safe_dump(metadata, sort_keys=False, allow_unicode=True, width=100)}---\n{page}".encode()
