"""A turn's text and its translation, without image."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from glotmill.engine.samples.tasks.contract import DerivationContext, SampleRow, TaskMember, each
from glotmill.engine.samples.tasks.shared.derived_rows import derived_row, other_languages, slot
from glotmill.engine.text.answers import SOURCE
from glotmill.recipes.sections.derive import Derivation
from glotmill.schemas.sample import IMAGE_MARKER


class Translation(Derivation):
    """Translation rows, without image.

    Attributes:
        direction: From English into the row's language, or the other way.
        text: Which turn's text: the first question, or the first reply.
    """

    kind: Literal["translation"]
    direction: Literal["from_english", "into_english"] = "into_english"
    text: Literal["user", "assistant"] = "user"


def text_and_translation(row: SampleRow, context: DerivationContext[Translation]) -> Iterator[SampleRow]:
    """The row that asks for the translation of a row's text."""
    texts = [turn["content"] for turn in row["source_messages"] if turn["role"] == context.spec.text]
    text = texts[0].replace(IMAGE_MARKER, "").strip() if texts else ""
    if not text:
        return
    yield derived_row(
        row, context, text, text, task="translation", images=([], []), slots=[slot("text", text)],
        turn_plan=[SOURCE, None] if context.spec.direction == "from_english" else [None, SOURCE],
        only=other_languages(context),
    )  # fmt: skip


MEMBER = TaskMember(
    Translation,
    each(text_and_translation),
    row=(
        "any row's `user` or `assistant` text",
        r"a translation row without image: `direction: into_english \| from_english`",
    ),
)
