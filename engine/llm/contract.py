"""The contract of a chat model: conversations in, one answer for each, in order.

An answer is a text or a named failure. A name that begins with `SERVER` is a failure of the machine, which says
nothing of the text: it is never remembered, and the next build sends the text again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

SERVER = "server_"
# The server failed so often, one request after the other, that no more is sent to it: the build stops.
GONE = SERVER + "gone"


def is_server_failure(failure: str | None) -> bool:
    """Whether a failure (with or without ``failed:`` in front) is the machine's, not the text's."""
    return failure is not None and failure.removeprefix("failed:").startswith(SERVER)


@dataclass(frozen=True, slots=True)
class Chat:
    """One conversation to be answered.

    Attributes:
        system: What the model is instructed to do.
        user: What it is given.
        max_tokens: Longest answer.
        schema: JSON schema of the answer; None where it is plain text.
    """

    system: str
    user: str
    max_tokens: int
    schema: dict[str, Any] | None = None

    @property
    def messages(self) -> list[dict[str, str]]:
        """The conversation as chat templates and servers take it."""
        return [{"role": "system", "content": self.system}, {"role": "user", "content": self.user}]


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is chosen.

    Attributes:
        temperature: 0 always takes the most probable one.
        top_p: Choose among the most probable tokens that together have this probability.
        seed: Of the draws.
    """

    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a conversation.

    Attributes:
        text: The answer; None where there is none.
        failure: Why there is none.
        detail: What happened, for people.
        cut: The answer stopped at its length limit.
        logprob: Mean natural log-probability of its tokens, where the model tells.
        requests: Requests that it took, repeated ones included.
        prompt_tokens: Tokens that the model read, as it counts them.
        completion_tokens: Tokens that it wrote.
    """

    text: str | None
    failure: str | None = None
    detail: str | None = None
    cut: bool = False
    logprob: float | None = None
    requests: int = 1
    prompt_tokens: int = 0
    completion_tokens: int = 0


class ChatModel(Protocol):
    """A loaded chat model."""

    def answer(self, chats: Sequence[Chat], sampling: Sampling) -> list[Answer]:
        """One answer for each conversation, in order.

        Raises:
            TranslatorError: The model broke.
        """
