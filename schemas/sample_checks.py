"""Which samples are sound: a sample that is not is refused with a reason.

Guarantees: a sample that passes `check` has an image marker for each image, only in user turns, and no other marker of
a picture, video or sound. It has text in every turn, an answer that is one of its choices, and text that UTF-8 can
carry.
"""

from __future__ import annotations

from glotmill.schemas.errors import RowError
from glotmill.schemas.markers import foreign_marker
from glotmill.schemas.sample import IMAGE_MARKER, Sample
from glotmill.schemas.task import TASKS

ROLES = ("system", "user", "assistant")
LONGEST_TEXT = 1 << 20  # characters of one text of a row


def check(sample: Sample) -> None:
    """Refuse a sample that could not become a sound record.

    Raises:
        RowError: With the reason.
    """
    if not sample.row_id:
        raise RowError("empty_row_id")
    if sample.task not in TASKS:
        raise RowError("unknown_task", sample.task)
    _check_turns(sample)
    _check_answers(sample)
    for image in sample.images:
        if (image.width is not None and image.width < 1) or (image.height is not None and image.height < 1):
            raise RowError("bad_image_size")
        check_text(image.image_id)
        check_text(image.uri)
    for text in (sample.row_id, sample.url or ""):
        check_text(text)
    for name, texts in (("choices", sample.choices), ("answers", sample.answers)):
        for text in texts or ():
            check_text(text)
            _check_markers(text, name)
            if IMAGE_MARKER in text:
                raise RowError("image_marker_outside_user_turn", name)
    for text in sample.answer_confidence or ():
        check_text(text)


def check_text(text: str) -> None:
    """Refuse what UTF-8 cannot carry, NUL, which ends a text for some of the libraries that read it, and whole books.

    Raises:
        RowError: With the reason.
    """
    if not text.isascii():  # free: a string knows whether it is
        try:
            text.encode()
        except UnicodeEncodeError:
            raise RowError("bad_unicode", "a lone surrogate, or bytes that are no UTF-8") from None
    if "\0" in text:
        raise RowError("nul_character")
    if len(text) > LONGEST_TEXT:
        raise RowError("text_too_long", f"{len(text):,} characters; the limit is {LONGEST_TEXT:,}")


def _check_turns(sample: Sample) -> None:
    markers = 0
    answered = False
    for turn, (role, content) in enumerate(sample.messages):
        if role not in ROLES:
            raise RowError("unknown_role", role)
        if not content or content.isspace():
            raise RowError("empty_text.messages", f"turn {turn}")
        check_text(content)
        _check_markers(content, f"turn {turn}")
        answered = answered or role == "assistant"
        if IMAGE_MARKER in content:
            if role != "user":
                raise RowError("image_marker_outside_user_turn", f"turn {turn}")
            markers += content.count(IMAGE_MARKER)
    if not answered:
        raise RowError("no_assistant_turn")
    if markers != len(sample.images):
        raise RowError("image_marker_count", f"{markers} markers for {len(sample.images)} images")


def _check_markers(text: str, where: str) -> None:
    """Refuse a text with a marker of another kind than ours: what it stands for would be lost."""
    found = foreign_marker(text)
    if found is not None:
        reason, marker = found
        raise RowError(reason, f"{where}: {marker[:100]}")


def _check_answers(sample: Sample) -> None:
    for name, values in (("choices", sample.choices), ("answers", sample.answers)):
        if values is not None and not all(value.strip() for value in values):
            raise RowError(f"empty_text.{name}")
    if sample.answer_confidence is not None and len(sample.answer_confidence) != len(sample.answers or ()):
        raise RowError("answer_confidence_count")
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
