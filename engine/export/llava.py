"""LLaVA: a JSON list of ``{id, image, conversations: [{from, value}]}``, as its training script reads it.

The script looks at no other key: ``language`` and ``turn_langs`` are for people and for filters of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from glotmill.engine.export.contract import Add, ExporterMember, json_list, write_item
from glotmill.engine.export.shared.image_bytes import ImageBytes
from glotmill.engine.export.shared.row import Row
from glotmill.schemas.errors import RowError

SPEAKERS = {"user": "human", "assistant": "gpt"}


@contextmanager
def llava(folder: Path, split: str, _images: ImageBytes) -> Iterator[Add]:
    """Write ``<split>.json``; several images are a list, as LLaVA-NeXT has it."""
    with json_list(folder / f"{split}.json") as file:

        def add(row: Row) -> None:
            if row.turns[0][0] == "system":
                raise RowError("system_turn", "a system turn, which LLaVA's format does not have")
            item: dict[str, Any] = {"id": row.record_id}
            if row.images:
                item["image"] = row.images[0].uri if len(row.images) == 1 else [image.uri for image in row.images]
            item["conversations"] = [{"from": SPEAKERS[role], "value": content} for role, content in row.turns]
            write_item(file, {**item, "language": row.language, "turn_langs": row.turn_langs})

        yield add


MEMBER = ExporterMember(llava, row=("`<split>.json`: `id`, `image`, `conversations` of `human` and `gpt`", "LLaVA"))
