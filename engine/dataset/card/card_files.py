"""The dataset's card: ``README.md`` and ``LICENSES.md``, made from what the manifest says and nothing else."""

from __future__ import annotations

from pathlib import Path

import yaml

from glotmill.engine.dataset.card.card_header import LICENSES, CardFacts, header
from glotmill.engine.dataset.card.card_page import licenses_page, page
from glotmill.engine.storage.atomic_write import write_bytes


def card(facts: CardFacts) -> str:
    """The text of ``README.md``."""
    head = yaml.safe_dump(header(facts), sort_keys=False, allow_unicode=True, width=100)
    return f"---\n{head}---\n\n{page(facts)}"


def parted(text: str) -> tuple[str, str]:
    """(metadata in YAML, page) of a card.

    Raises:
        ValueError: It has no metadata.
    """
    head, end, page_ = text.removeprefix("---\n").partition("\n---\n")
    if not end or not text.startswith("---\n"):
        msg = "no metadata between lines of ---"
        raise ValueError(msg)
    return f"{head}\n", page_


def write_card(root: Path, facts: CardFacts) -> None:
    """Write ``README.md`` and ``LICENSES.md`` into a dataset's folder."""
    write_bytes(root / "README.md", card(facts).encode())
    write_bytes(root / LICENSES, licenses_page(facts).encode())
