"""The turns of the tasks that have a fixed shape: a caption, and a question with its answer."""

from __future__ import annotations

from schemas.sample import IMAGE_MARKER


def caption_turns(caption: str) -> tuple[tuple[str, str], ...]:
    """An image, then its caption. Instructions are the templates' business."""
    return ("user", IMAGE_MARKER), ("assistant", caption)


def question_turns(question: str, answer: str, images: int = 1) -> tuple[tuple[str, str], ...]:
    """The images and a question, then the answer."""
    return ("user", f"{IMAGE_MARKER}\n" * images + question), ("assistant", answer)
