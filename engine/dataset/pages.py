"""The small files beside a manifest: card, licenses, lock, calibration and fits, with their checksums.

Guarantees: a file that was edited since its manifest was written is found; what a manifest of schema version 1 has no
checksum for is named as not checked, never taken for checked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from glotmill.engine.dataset.card.card_files import parted
from glotmill.engine.dataset.card.card_header import LICENSES
from glotmill.engine.dataset.manifest import CHOICE, LOCK_FILE, MANIFEST, QUALITY, page_checksums
from glotmill.engine.dataset.write_metadata import CALIBRATION
from glotmill.schemas.errors import InputError, one_line
from glotmill.schemas.keys import bytes_sha256

# libyaml's, where PyYAML was built with it: a card of many languages has ten thousand lines of metadata.
FAST_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
CARD = "README.md"
PAGES = (CARD, LICENSES, LOCK_FILE)  # of every dataset
EXTRAS = (CALIBRATION, QUALITY, CHOICE)  # of some


@dataclass(frozen=True, slots=True)
class PageCheck:
    """What came out of checking the small files of a dataset.

    Attributes:
        wrong: What is wrong, by file; a sound dataset has nothing here.
        unchecked: Files that the manifest has no checksum for.
    """

    wrong: dict[str, str]
    unchecked: list[str]


def check_pages(facts: Mapping[str, Any], small: Mapping[str, bytes], where: str) -> PageCheck:
    """Compare the small files with the checksums in the manifest.

    Args:
        facts: The manifest's root file.
        small: Those of the files that are there, by name.
        where: The dataset, for errors.

    Raises:
        InputError: The manifest is damaged, or lacks the checksums although its schema has them.
    """
    sums = page_checksums(facts)
    unknown = sorted(sums.keys() - {*PAGES, *EXTRAS})
    if unknown:
        msg = f"{where}/{MANIFEST}: names the file {unknown[0]!r}, which no dataset has; do not trust this dataset"
        raise InputError(msg)
    noted = "files" in facts
    wrong, unchecked = {}, []
    for name in (*PAGES, *EXTRAS):
        if name not in small:
            if name in sums or name in PAGES:
                wrong[name] = "it is missing"
        elif name in sums:
            if bytes_sha256(small[name]) != sums[name]:
                wrong[name] = f"its checksum is not the one in {MANIFEST}: it was edited"
        elif noted:
            wrong[name] = "no manifest names it"
        else:
            unchecked.append(name)
    return PageCheck(wrong, unchecked)


def not_checked(names: Sequence[str]) -> str:
    """The line that says which files were not checked, and why."""
    return f"not checked: {', '.join(names)} (the manifest is of a version that noted no checksums of them)"


def read_card(data: bytes, where: str) -> tuple[dict[str, Any], str]:
    """(metadata, page) of a card whose metadata names its configs and their files.

    Raises:
        InputError: It is another text.
    """
    try:
        head, page = parted(data.decode())
        metadata = yaml.load(head, Loader=FAST_LOADER)  # a safe one
        files = [entry["path"] for config in metadata["configs"] for entry in config["data_files"]]
        names = [config["config_name"] for config in metadata["configs"]]
    except (ValueError, LookupError, TypeError, yaml.YAMLError) as error:
        msg = f"{where}: expected a card with configs between two lines '---' at its head: {one_line(error)}"
        raise InputError(msg) from None
    if not all(isinstance(value, str | list) for value in (*files, *names)):
        msg = f"{where}: expected a card with configs between two lines '---' at its head"
        raise InputError(msg)
    return metadata, page
