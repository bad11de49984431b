"""What an English sample is: the rows that every reader makes and that ``samples/*.parquet`` holds.

Which samples are sound says `glotmill.schemas.sample_checks`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import pyarrow as pa

from glotmill.schemas.keys import source_hash, source_id
from glotmill.schemas.picture_pattern import PicturePattern
from glotmill.schemas.pictures import picture_key
from glotmill.schemas.task import Task

IMAGE_MARKER = "<image>"
ImageStatus = Literal["ok", "missing", "broken", "outside", "remote"]
IMAGE_STATUSES: tuple[ImageStatus, ...] = get_args(ImageStatus)

MESSAGES = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
STRINGS = pa.list_(pa.string())
SOURCE = pa.struct([(name, pa.string()) for name in ("dataset", "revision", "config", "split", "row_id", "url")])
IMAGE_REFS = pa.list_(
    pa.struct(
        [
            ("image_id", pa.string()),
            ("uri", pa.string()),
            ("width", pa.int32()),
            ("height", pa.int32()),
            ("mime", pa.string()),
        ]
    )
)

# Columns that a record takes over unchanged, in their order there.
IDENTITY_FIELDS = [
    pa.field("source_id", pa.string()),
    pa.field("source_hash", pa.string()),
    pa.field("source", SOURCE),
    pa.field("license", pa.string()),
    pa.field("task", pa.string()),
    pa.field("template_id", pa.string()),
    pa.field("source_lang", pa.string()),
    pa.field("image_refs", IMAGE_REFS),
    # Since schema version 2: the key of each image's picture (`glotmill.schemas.pictures`), in the order of
    # `image_refs`. Images with the same key show the same picture, under whatever names and on whatever hosts.
    pa.field("image_keys", STRINGS),
]
TEXT_FIELDS = [
    pa.field("source_messages", MESSAGES),
    pa.field("source_choices", STRINGS),
    pa.field("source_answers", STRINGS),
]
# Texts that a template's turn is made of, by the slot they stand in.
SLOTS = pa.list_(pa.struct([("name", pa.string()), ("text", pa.string()), ("label", pa.string())]))
INSTRUCTION = pa.struct([("user", pa.string()), ("assistant", pa.string()), ("translated", pa.bool_())])
IMAGE_CHECKS = pa.list_(pa.struct([("status", pa.string()), ("sha256", pa.string()), ("phash", pa.string())]))
# Columns that stay with the samples: records do not publish them.
SAMPLE_SCHEMA = pa.schema(
    [
        *IDENTITY_FIELDS,
        *TEXT_FIELDS,
        pa.field("answer_index", pa.int32()),
        pa.field("answer_confidence", STRINGS),
        pa.field("image_checks", IMAGE_CHECKS),
        pa.field("kind", pa.string()),  # which templates fit; null = those of the task
        pa.field("slots", SLOTS),  # null = the turns are as the source has them
        pa.field("instruction", INSTRUCTION),  # the template chosen; null = none
        pa.field("turn_plan", STRINGS),  # a turn's language where it is not the target's: `source`, or a code
        pa.field("derived_from", STRINGS),  # source ids, the sample's own parent first; null = read from a source
        pa.field("only", STRINGS),  # the languages it can be in; null = all
        pa.field("langs", STRINGS),
        pa.field("split", pa.string()),
    ]
)

REJECTED_SCHEMA = pa.schema([(name, pa.string()) for name in ("source", "file", "position", "reason", "detail")])


@dataclass(frozen=True, slots=True)
class Image:
    """A reference to an image. Width and height are pixels where known.

    Attributes:
        image_id: ``sha256:`` + 64 hex of the bytes where they were seen; else the source's own id, or ``uri:`` + 64
            hex of the URI.
        uri: Where the image is.
        width: Pixels.
        height: Pixels.
        mime: Media type.
        data: The bytes, where the source carries them; for the image checks only, no table of samples holds them.
    """

    image_id: str
    uri: str
    width: int | None = None
    height: int | None = None
    mime: str | None = None
    data: bytes | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class ImageCheck:
    """What opening an image showed.

    Attributes:
        status: ``ok`` decodes whole; ``missing`` is not there; ``broken`` does not decode; ``outside`` is a path or
            link that leaves the images' folder; ``remote`` was not looked at, because it is on the network.
        sha256: 64 hex digits of the bytes, where there are any.
        phash: 16 hex digits of the perceptual hash, where the image decodes.
    """

    status: ImageStatus
    sha256: str | None = None
    phash: str | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the samples of one source come from."""

    dataset: str
    revision: str
    config: str
    split: str
    license: str


@dataclass(frozen=True, slots=True)
class Sample:
    """One English row as a reader found it.

    Attributes:
        row_id: The source's own row id.
        task: What the row teaches.
        messages: (role, content) turns; content holds literal ``<image>`` markers.
        images: One reference for each marker, in order.
        choices: Options of a multiple-choice question.
        answer_index: Position of the answer among the choices.
        answers: All accepted answers of a question.
        url: Where a person can see the row.
        answer_confidence: How sure the people were who gave the answers, one for each, in the source's words.
        image_checks: What opening the images showed, one for each; None where they were not looked at.
    """

    row_id: str
    task: Task
    messages: tuple[tuple[str, str], ...]
    images: tuple[Image, ...] = ()
    choices: tuple[str, ...] | None = None
    answer_index: int | None = None
    answers: tuple[str, ...] | None = None
    url: str | None = None
    answer_confidence: tuple[str, ...] | None = None
    image_checks: tuple[ImageCheck, ...] | None = None


@dataclass(frozen=True, slots=True)
class Rejection:
    """A row that its reader could not use: where it stands in the file, and why."""

    position: str
    reason: str
    detail: str


def sample_row(
    sample: Sample, origin: Origin, source_lang: str, pattern: PicturePattern | None = None
) -> dict[str, Any]:
    """The row of `SAMPLE_SCHEMA` for a sample, with what later stages decide left out.

    Args:
        sample: The sample.
        origin: Where it comes from.
        source_lang: FLORES-200 code of its texts.
        pattern: The source's own pattern for the keys of its pictures.

    Raises:
        InputError: The pattern takes too long.
    """
    return {
        "source_id": source_id(origin.dataset, origin.config, origin.split, sample.row_id),
        "source_hash": source_hash(
            sample.messages,
            sample.choices,
            sample.answer_index,
            sample.answers,
            [i.image_id for i in sample.images],
        ),
        "source": {
            "dataset": origin.dataset,
            "revision": origin.revision,
            "config": origin.config,
            "split": origin.split,
            "row_id": sample.row_id,
            "url": sample.url,
        },
        "license": origin.license,
        "task": sample.task,
        "template_id": None,
        "source_lang": source_lang,
        "image_refs": [
            {"image_id": i.image_id, "uri": i.uri, "width": i.width, "height": i.height, "mime": i.mime}
            for i in sample.images
        ],
        "image_keys": [picture_key(i.uri, i.image_id, pattern) for i in sample.images],
        "source_messages": messages_column(sample.messages),
        "source_choices": _list(sample.choices),
        "source_answers": _list(sample.answers),
        "answer_index": sample.answer_index,
        "answer_confidence": _list(sample.answer_confidence),
        "image_checks": None
        if sample.image_checks is None
        else [{"status": c.status, "sha256": c.sha256, "phash": c.phash} for c in sample.image_checks],
    }


def messages_column(messages: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    """Turns in the shape of the ``messages`` columns."""
    return [{"role": role, "content": content} for role, content in messages]


def _list(values: Sequence[str] | None) -> list[str] | None:
    return None if values is None else list(values)
