"""The turns of a row: those of a caption, of a question with its answer, and of a conversation."""

from __future__ import annotations

from typing import Any

from glotmill.engine.sources.shared.media import is_there, refuse_media
from glotmill.engine.sources.shared.typed_values import mapping, text
from glotmill.schemas.errors import RowError
from glotmill.schemas.sample import IMAGE_MARKER

Turns = tuple[tuple[str, str], ...]

# What LLaVA and ShareGPT files call the roles.
ROLE_NAMES = {"human": "user", "user": "user", "gpt": "assistant", "assistant": "assistant", "system": "system"}


def caption_turns(caption: str, images: int = 1) -> Turns:
    """The images, then the caption; the caption alone where there is no image. Instructions are the templates' work."""
    answer = ("assistant", caption)
    return (("user", "\n".join([IMAGE_MARKER] * images)), answer) if images else (answer,)


def question_turns(question: str, answer: str, images: int = 1) -> Turns:
    """The images and a question, then the answer."""
    return ("user", f"{IMAGE_MARKER}\n" * images + question), ("assistant", answer)


def message_turns(value: Any, key: str) -> Turns:
    """The turns of a list of ``role`` and ``content``.

    Raises:
        RowError: It is none; the reason names ``key``, under which it stands.
    """
    return tuple((text(turn, "role"), text(turn, "content")) for turn in _listed(value, key))


def conversation_turns(value: Any, key: str) -> Turns:
    """The turns of a list of ``from`` and ``value`` as in LLaVA, or of ``role`` and ``content``.

    Raises:
        RowError: It is none; the reason names ``key``, under which it stands.
    """
    return tuple(_turn(turn) for turn in _listed(value, key))


def _turn(turn: dict[str, Any]) -> tuple[str, str]:
    name, content = ("from", "value") if "from" in turn else ("role", "content")
    role = text(turn, name)
    return ROLE_NAMES.get(role, role), text(turn, content)


def _listed(value: Any, key: str) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not value:
        raise RowError(f"wrong_type.{key}", "expected a list of turns")
    turns = [mapping(turn) for turn in value]
    for turn in turns:
        refuse_media(turn)
        for name in ("image", "images"):
            if is_there(turn.get(name)):
                raise RowError("image_in_turn", f"the field '{name}' of a turn; pictures are fields of the row")
    return turns


def marked(turns: Turns, images: int) -> Turns:
    """Turns with a marker for each image: where user turns have none, they are put before the first of them.

    Some other number of markers is left as it is, for `glotmill.schemas.sample_checks.check` to refuse.
    """
    if not images or any(IMAGE_MARKER in content for _, content in turns):
        return turns
    for place, (role, content) in enumerate(turns):
        if role == "user":
            return (*turns[:place], (role, f"{IMAGE_MARKER}\n" * images + content), *turns[place + 1 :])
    return turns
