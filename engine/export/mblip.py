"""mBLIP: a JSON list of ``{context, label, image_id}``, one image and one answer each.

Its loader reads the columns that its configuration names; ``turn_langs`` are the languages of the turns in the context,
and of the label.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from glotmill.engine.export.contract import Add, ExporterMember, json_list, write_item
from glotmill.engine.export.shared.image_bytes import ImageBytes
from glotmill.engine.export.shared.row import Row, parts
from glotmill.schemas.errors import RowError


@contextmanager
def mblip(folder: Path, split: str, _images: ImageBytes) -> Iterator[Add]:
    """Write ``<split>.json``: every answer of a conversation is an item, its context all that was said before."""
    with json_list(folder / f"{split}.json") as file:

        def add(row: Row) -> None:
            if len(row.images) != 1:
                raise RowError("image_count", f"{len(row.images)} images; mBLIP's format takes exactly one in each row")
            said: list[str] = []
            for number, (role, content) in enumerate(row.turns):
                text = "\n".join(part for part in parts(content) if part is not None)
                if role == "assistant":
                    item = {"context": "\n".join(said), "label": text, "image_id": row.images[0].uri}
                    write_item(file, {**item, "turn_langs": row.turn_langs[: number + 1]})
                if text:
                    said.append(text)

        yield add


MEMBER = ExporterMember(mblip, row=("`<split>.json`: `context`, `label`, `image_id`; an item an answer", "mBLIP"))
