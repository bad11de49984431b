"""Videos and sound of a row: refused, since a record has no place for them, and never left out in silence."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from glotmill.schemas.errors import RowError

VIDEO, AUDIO = "video_not_supported", "audio_not_supported"
# What LLaVA's, ShareGPT's and swift's files, and datasets of the Hub, call them.
MEDIA_FIELDS = {"video": VIDEO, "videos": VIDEO, "audio": AUDIO, "audios": AUDIO, "speech": AUDIO}
_ENDINGS = {
    **dict.fromkeys(("mp4", "webm", "mkv", "avi", "mov", "m4v", "mpg", "mpeg", "wmv", "flv"), VIDEO),
    **dict.fromkeys(("wav", "mp3", "flac", "ogg", "m4a", "opus"), AUDIO),
}


def is_there(value: Any) -> bool:
    """Whether a field holds anything: an empty text, list or object is nothing, and so is one of nothing else."""
    waiting = [value]  # and no recursion: how deep a row goes is its author's choice
    while waiting:
        one = waiting.pop()
        if isinstance(one, list):
            waiting += one
        elif isinstance(one, dict):
            waiting += one.values()
        elif one.strip() if isinstance(one, str) else one:
            return True
    return False


def refuse_media(row: dict[str, Any], used: Collection[str] = ()) -> None:
    """Refuse a row, or a turn of one, that has a field with a video or sound.

    Args:
        row: The row.
        used: Fields that hold something else here.

    Raises:
        RowError: It has one.
    """
    for name, reason in MEDIA_FIELDS.items():
        if name in row and name not in used and is_there(row[name]):
            raise RowError(reason, f"the field '{name}'")


def refuse_media_file(uri: str) -> None:
    """Refuse a picture whose name is that of a video or of sound.

    Raises:
        RowError: It is one.
    """
    path = uri.partition("?")[0].partition("#")[0]
    reason = _ENDINGS.get(path[path.rfind(".") + 1 :].lower())
    if reason is not None:
        raise RowError(reason, uri[:100])


def columns_with_media(names: Collection[str], used: Collection[str]) -> list[str]:
    """The columns of a table that hold videos or sound and are not used for something else."""
    return [name for name in MEDIA_FIELDS if name in names and name not in used]


def flagged(batch: pa.RecordBatch, used: Collection[str] = ()) -> pa.RecordBatch:
    """The batch with true in place of videos and sound, null where there is none: their bytes never become Python's."""
    for name in columns_with_media(batch.schema.names, used):
        place = batch.schema.get_field_index(name)
        column = batch.column(place)
        kind = column.type
        if pa.types.is_primitive(kind):  # a number or a truth value
            continue
        if pa.types.is_list(kind) or pa.types.is_large_list(kind):
            held = pc.greater(pc.list_value_length(column), 0)
        elif pa.types.is_string(kind) or pa.types.is_binary(kind) or pa.types.is_large_string(kind):
            held = pc.greater(pc.binary_length(column), 0)
        else:
            held = column.is_valid()
        batch = batch.set_column(place, name, pc.if_else(held, held, pa.scalar(None, pa.bool_())))
    return batch
