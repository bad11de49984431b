"""ShareGPT with images, and the ``dataset_info.json`` by which LLaMA-Factory finds it.

LLaMA-Factory reads the columns that ``dataset_info.json`` names and drops the others.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson

from glotmill.engine.export.contract import Add, ExporterMember, json_list, write_item
from glotmill.engine.export.shared.image_bytes import ImageBytes
from glotmill.engine.export.shared.row import Row
from glotmill.engine.storage.atomic_write import write_json

SPEAKERS = {"system": "system", "user": "human", "assistant": "gpt"}
INFO = "dataset_info.json"
TAGS = {"role_tag": "from", "content_tag": "value", "user_tag": "human", "assistant_tag": "gpt", "system_tag": "system"}


@contextmanager
def sharegpt(folder: Path, split: str, _images: ImageBytes) -> Iterator[Add]:
    """Write ``<split>.json`` and its entry, named after the split, in ``dataset_info.json``."""
    with json_list(folder / f"{split}.json") as file:

        def add(row: Row) -> None:
            turns = [{"from": SPEAKERS[role], "value": content} for role, content in row.turns]
            uris = [image.uri for image in row.images]
            item = {"id": row.record_id, "conversations": turns, "images": uris}
            write_item(file, {**item, "language": row.language, "turn_langs": row.turn_langs})

        yield add
    entry = {
        "file_name": f"{split}.json",
        "formatting": "sharegpt",
        "columns": {"messages": "conversations", "images": "images"},
        "tags": TAGS,
    }
    info = folder / INFO
    known = orjson.loads(info.read_bytes()) if info.exists() else {}
    write_json(info, known | {split: entry})


MEMBER = ExporterMember(
    sharegpt, row=("`<split>.json`: `conversations`, `images`; `dataset_info.json`", "LLaMA-Factory")
)
