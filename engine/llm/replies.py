"""What a server's reply means: an answer, a failure of the text, or trouble with the machine."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx2

from glotmill.engine.llm.contract import Answer
from glotmill.schemas.errors import RowError
from glotmill.schemas.redact import holds_secret, redact
from glotmill.schemas.sample_checks import check_text

DETAIL_CHARS = 200
MOST_TOKENS = 2**31  # of one reply; more is no count
# Of a body, what is looked at to find those; a secret that the cut goes through lies in the rest.
LOOKED_AT, REST = 65_536, 4_096
_BUSY, _REFUSED = 429, frozenset({401, 403, 404})
_LATE = frozenset({408, 504})
# How servers say that a text does not fit (vLLM, llama.cpp, OpenAI).
_TOO_LONG = re.compile(r"context[ _](?:length|size|window)|max_model_len|maximum context|too long|exceed_context", re.I)
_FILTERED = re.compile(r"content_(?:filter|policy)|content management policy", re.I)


@dataclass(frozen=True, slots=True)
class RetryableFailure:
    """Trouble with the machine.

    Attributes:
        reason: Becomes the failure of a request that is given up.
        detail: What happened, for people.
        wait: Seconds that the server asks to wait.
        helps: Whether asking again may help.
        final: No request will ever be answered: the key or the model is refused.
    """

    reason: str
    detail: str
    wait: float | None = None
    helps: bool = True
    final: bool = False


def read_reply(reply: httpx2.Response) -> Answer | RetryableFailure:
    """What a reply to a chat completion says."""
    if reply.status_code == 200:
        return _answer(reply)
    detail = f"{reply.status_code} {_line(reply.text)}"
    wait = retry_after(reply.headers.get("retry-after"))
    if reply.status_code == _BUSY:
        return RetryableFailure("server_busy", detail, wait)
    if reply.status_code in _LATE:
        return RetryableFailure("server_timed_out", detail, wait)
    if reply.status_code >= 500:
        return RetryableFailure("server_error", detail, wait)
    if reply.status_code in _REFUSED:
        return RetryableFailure("server_refused", detail, final=True)
    if _TOO_LONG.search(detail):
        return Answer(None, "source_too_long", detail)
    if _FILTERED.search(detail):
        return Answer(None, "refusal", detail)
    return RetryableFailure("server_refused", detail, helps=False)


def retry_after(value: str | None) -> float | None:
    """Seconds of a ``Retry-After`` header: a number, or a date from now on; None where there is neither."""
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            until = parsedate_to_datetime(value)
        except ValueError:
            return None
        seconds = (until.replace(tzinfo=until.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    return max(seconds, 0.0) if math.isfinite(seconds) else None


def _line(text: str) -> str:
    """The beginning of what a server says: one line, and nothing of a key that it repeats."""
    found = redact(text[:LOOKED_AT].encode("utf-8", "backslashreplace").decode())  # JSON can name lone surrogates
    found = found if len(text) <= LOOKED_AT else found[:-REST]
    return " ".join(found.split())[:DETAIL_CHARS]


def _answer(reply: httpx2.Response) -> Answer | RetryableFailure:
    """The answer of a reply that says it is one; a body that is not whole is the machine's fault."""
    try:
        body = json.loads(reply.content)
        choice = body["choices"][0]
        message, finish = choice["message"], choice.get("finish_reason")
        text = message.get("content") or ""
        usage = body.get("usage") or {}
        read, wrote = (_tokens(usage.get(key)) for key in ("prompt_tokens", "completion_tokens"))
        logprob = _mean_logprob(choice.get("logprobs"))
        refused = finish == "content_filter" or message.get("refusal")
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        return RetryableFailure("server_garbled", f"{type(error).__name__} in {_line(reply.text)}")
    if not isinstance(text, str):
        return RetryableFailure("server_garbled", f"content is a {type(text).__name__}")
    if holds_secret(text):  # it must reach neither the memory nor a dataset
        return RetryableFailure("server_repeats_key", "the reply repeats a secret, such as the key", helps=False)
    try:
        check_text(text)
    except RowError as error:  # a text that no table can hold
        return Answer(None, error.reason, prompt_tokens=read, completion_tokens=wrote)
    if refused:
        return Answer(None, "refusal", _line(str(refused)), prompt_tokens=read, completion_tokens=wrote)
    made = Answer(text, cut=finish == "length", logprob=logprob, prompt_tokens=read, completion_tokens=wrote)
    return made if text.strip() else replace(made, text=None, failure="empty_output")


def _mean_logprob(logprobs: dict[str, Any] | None) -> float | None:
    values = [float(token["logprob"]) for token in (logprobs or {}).get("content") or ()]
    mean = sum(values) / len(values) if values else None
    return mean if mean is not None and math.isfinite(mean) else None


def _tokens(value: Any) -> int:
    """A count of tokens; 0 where a server says something that is none."""
    return value if isinstance(value, int) and 0 <= value < MOST_TOKENS else 0
