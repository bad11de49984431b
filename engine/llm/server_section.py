"""What a recipe says of a model behind a server that speaks OpenAI's protocol."""

from __future__ import annotations

import re
from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator

from glotmill.recipes.secrets import secret_keys
from glotmill.recipes.section import Section
from glotmill.recipes.sections.translate import LlmTranslate

KEY_ENV = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Price(Section):
    """What a server charges, in one currency, for a million tokens.

    Attributes:
        input: For those that it reads.
        output: For those that it writes.
    """

    input: float = Field(ge=0)
    output: float = Field(ge=0)

    def cost(self, read: int, wrote: int) -> float:
        """What so many tokens cost."""
        return (read * self.input + wrote * self.output) / 1e6


class OpenAiServer(LlmTranslate):
    """A server that speaks OpenAI's protocol.

    Attributes:
        url: Its address up to and with ``/v1``; ``vllm serve`` on this machine by default.
        key_env: Environment variable that holds the key; null sends none.
        concurrency: Requests in flight of one worker.
        timeout: Seconds for a whole reply.
        attempts: How often a request is sent while the server is busy, fails or is silent.
        first_wait: Seconds before the second attempt; twice as long before each further one.
        longest_wait: Seconds that are waited at most, also where ``Retry-After`` asks for more.
        structured: How JSON is requested: by schema, as some object, or by words alone.
        logprobs: Ask for the log-probabilities of the tokens.
        limit_key: What the server calls the limit of an answer.
        extra: More keys of the request's body, such as ``chat_template_kwargs``; secrets are refused.
        price: Counts the cost.
    """

    url: str = Field("http://127.0.0.1:8000/v1", pattern=r"^https?://[^\s/]+")
    key_env: str | None = None
    concurrency: int = Field(64, ge=1, le=4096)
    timeout: float = Field(120, gt=0)
    attempts: int = Field(6, ge=1, le=100)
    first_wait: float = Field(0.5, ge=0)
    longest_wait: float = Field(60, ge=0)
    structured: Literal["json_schema", "json_object", "none"] = "json_schema"
    logprobs: bool = False
    limit_key: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    extra: dict[str, Any] = Field({})
    price: Price | None = None

    not_locked: ClassVar[frozenset[str]] = LlmTranslate.not_locked | {
        "url", "key_env", "concurrency", "timeout", "attempts", "first_wait", "longest_wait", "price",
    }  # fmt: skip

    @field_validator("url")
    @classmethod
    def _no_slash(cls, value: str) -> str:
        return value.rstrip("/")

    @field_validator("key_env", mode="before")
    @classmethod
    def _a_name(cls, value: Any) -> Any:
        if isinstance(value, str) and not KEY_ENV.fullmatch(value):  # perhaps the key itself, so it is not repeated
            msg = "expected the name of an environment variable that holds the key, such as OPENAI_API_KEY"
            raise ValueError(msg)
        return value

    @field_validator("extra")
    @classmethod
    def _no_secrets(cls, value: dict[str, Any]) -> dict[str, Any]:
        found = next(secret_keys(value), None)
        if found is not None:
            msg = (
                f"'{found}' is a secret, and a recipe is written into its datasets; leave it out, put the key into an "
                "environment variable and name that in 'key_env' (it is sent as Authorization: Bearer)"
            )
            raise ValueError(msg)
        return value
