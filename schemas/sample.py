"""What an English sample is: the rows that every reader makes and that ``samples/*.parquet`` holds.

Guarantees: a sample that passes `check` has an image marker for each image, only in user turns, text in every
turn, an answer that is one of its choices, and text that UTF-8 can carry; one that does not is refused with a
reason.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args

import pyarrow as pa

from schemas.errors import RowError
from schemas.keys import source_hash, source_id
from schemas.task import Task

IMAGE_MARKER = "<image>"
ROLES = ("system", "user", "assistant")
TASKS: tuple[Task, ...] = get_args(Task)
SURROGATE = re.compile("[\ud800-\udfff]")

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
]
TEXT_FIELDS = [
    pa.field("source_messages", MESSAGES),
    pa.field("source_choices", STRINGS),
    pa.field("source_answers", STRINGS),
]
# Texts that a template's turn is made of, by the slot they stand in.
SLOTS = pa.list_(pa.struct([("name", pa.string()), ("text", pa.string()), ("label", pa.string())]))
INSTRUCTION = pa.struct([("user", pa.string()), ("assistant", pa.string()), ("translated", pa.bool_())])
SAMPLE_SCHEMA = pa.schema(
    [
        *IDENTITY_FIELDS,
        *TEXT_FIELDS,
        pa.field("answer_index", pa.int32()),
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
    """A reference to an image; its bytes are never here. Width and height are pixels where known."""

    image_id: str
    uri: str
    width: int | None = None
    height: int | None = None
    mime: str | None = None


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
    """

    row_id: str
    task: Task
    messages: tuple[tuple[str, str], ...]
    images: tuple[Image, ...] = ()
    choices: tuple[str, ...] | None = None
    answer_index: int | None = None
    answers: tuple[str, ...] | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Rejection:
    """A row that its reader could not use: where it stands in the file, and why."""

    position: str
    reason: str
    detail: str


def check(sample: Sample) -> None:
    """Refuse a sample that could not become a sound record.

    Raises:
        RowError: With the reason.
    """
    if not sample.row_id:
        raise RowError("empty_row_id")
    if sample.task not in TASKS:
        raise RowError("unknown_task", sample.task)
    texts = [content for _, content in sample.messages]
    _check_turns(sample)
    for name, values in (("choices", sample.choices), ("answers", sample.answers)):
        if values is not None and not all(value.strip() for value in values):
            raise RowError(f"empty_text.{name}")
        texts.extend(values or ())
    _check_answers(sample)
    if any(side is not None and side < 1 for image in sample.images for side in (image.width, image.height)):
        raise RowError("bad_image_size")
    texts.extend(image.uri for image in sample.images)
    if any(SURROGATE.search(text) for text in [*texts, sample.row_id, sample.url or ""]):
        raise RowError("bad_unicode", "a lone surrogate")


def _check_turns(sample: Sample) -> None:
    markers = 0
    for turn, (role, content) in enumerate(sample.messages):
        if role not in ROLES:
            raise RowError("unknown_role", role)
        if not content.strip():
            raise RowError("empty_text.messages", f"turn {turn}")
        found = content.count(IMAGE_MARKER)
        if found and role != "user":
            raise RowError("image_marker_outside_user_turn", f"turn {turn}")
        markers += found
    if not any(role == "assistant" for role, _ in sample.messages):
        raise RowError("no_assistant_turn")
    if markers != len(sample.images):
        raise RowError("image_marker_count", f"{markers} markers for {len(sample.images)} images")


def _check_answers(sample: Sample) -> None:
    if sample.answers is not None and not sample.answers:
        raise RowError("empty_list.answers")
    if sample.choices is None:
        if sample.answer_index is not None:
            raise RowError("answer_index_without_choices")
        return
    if len(sample.choices) < 2 or len(set(sample.choices)) < len(sample.choices):
        raise RowError("bad_choices", "fewer than two, or two alike")
    if sample.answer_index is None or not 0 <= sample.answer_index < len(sample.choices):
        raise RowError("bad_answer_index", str(sample.answer_index))
    if sample.answers is not None and sample.choices[sample.answer_index] not in sample.answers:
        raise RowError("answer_is_not_the_choice")


def sample_row(sample: Sample, origin: Origin, source_lang: str) -> dict[str, Any]:
    """The row of `SAMPLE_SCHEMA` for a sample, with what later stages decide left out."""
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
        "source_messages": messages_column(sample.messages),
        "source_choices": _list(sample.choices),
        "source_answers": _list(sample.answers),
        "answer_index": sample.answer_index,
    }


def messages_column(messages: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    """Turns in the shape of the ``messages`` columns."""
    return [{"role": role, "content": content} for role, content in messages]


def _list(values: Sequence[str] | None) -> list[str] | None:
    return None if values is None else list(values)
