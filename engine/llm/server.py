"""A chat model behind a server that speaks OpenAI's protocol: `vllm serve`, llama.cpp, hosted ones.

How it works: a fixed number of workers on one event loop take conversations from one line, so that as many requests
are in flight and no more. A request that meets a busy, failing or silent server is sent again after a pause that
doubles, or that the server names in ``Retry-After`` (then all workers hold back), a bounded number of times. What
is given up then is a failure of the machine; after `GIVE_UP_AFTER` of these without an answer in between, or where the
server refuses the key or the model, nothing more is sent. Answers that came before are given back in any case.

The client is httpx2, which the project depends on already: the pauses, the count of requests and the shared holding
back are the point here, and the ``openai`` package does the first by itself and has no place for the others.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import httpx2

from glotmill.engine.llm.contract import GONE, Answer, Chat, Sampling
from glotmill.engine.llm.replies import RetryableFailure, read_reply
from glotmill.engine.llm.server_section import OpenAiServer
from glotmill.schemas.errors import InputError, TranslatorError, one_line, shortened
from glotmill.schemas.redact import keep_secret, passwords, redact

GIVE_UP_AFTER = 16
MAX_REPLY = 16 << 20  # bytes, unpacked; an answer of 32,000 tokens with their probabilities has about 5 million
CONNECT_TIMEOUT_S = 10.0


def key_of(section: OpenAiServer) -> str | None:
    """The key of a server, from the environment.

    Raises:
        InputError: The recipe names a variable that is not set.
    """
    if section.key_env is None:
        return None
    key = os.environ.get(section.key_env)
    if not key:
        msg = (
            f"translate.key_env: the environment has no {section.key_env}; set it to the server's key, or leave "
            f"key_env out for a server without one"
        )
        raise InputError(msg)
    return key


def headers_of(section: OpenAiServer) -> dict[str, str]:
    """The headers of every request; what they and the URL hold is a secret from now on."""
    key = key_of(section)
    for secret in (key or "", *passwords(section.url)):
        keep_secret(secret)
    return {"Authorization": f"Bearer {key}"} if key else {}


def served_model(section: OpenAiServer) -> str | None:
    """What the server says of the recipe's model: the id it really serves; None where the server lists none.

    Raises:
        InputError: No server answers, it refuses the key, or it does not have the model.
    """
    where = f"translate.url: {section.url}"
    try:
        with httpx2.stream(
            "GET", f"{section.url}/models", headers=headers_of(section), timeout=CONNECT_TIMEOUT_S
        ) as reply:
            content = bytearray()
            for part in reply.iter_bytes():
                content += part
                if len(content) > MAX_REPLY:
                    msg = f"{where}: its list of models has more than {MAX_REPLY:,} bytes; correct the URL (…/v1)"
                    raise InputError(msg)
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        why = one_line(error) or type(error).__name__
        msg = f"{where}: no server answers ({why}); start it, or correct the URL (…/v1)"
        raise InputError(msg) from None
    if reply.status_code in (401, 403):
        msg = f"{where}: the server refuses the key ({reply.status_code}); see translate.key_env"
        raise InputError(msg)
    if reply.status_code != 200:
        return None
    try:
        entries = {str(entry["id"]): entry for entry in json.loads(bytes(content))["data"]}
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if section.model not in entries:
        known = shortened(", ".join(sorted(entries)[:8])) or "none"
        msg = f"translate.model: the server has no '{section.model}'; it has {known}"
        raise InputError(msg)
    # vLLM names what an alias stands for; where that is a folder, only its name may reach a dataset.
    return redact(str(entries[section.model].get("root") or section.model)).rstrip("/").rpartition("/")[2]


class ServerModel:
    """A model behind a server.

    Args:
        section: Where it is, and how requests are sent.
    """

    def __init__(self, section: OpenAiServer) -> None:
        self._section = section
        self._headers = headers_of(section)
        self._runner = asyncio.Runner()
        self._client: httpx2.AsyncClient | None = None
        self._in_a_row = 0  # requests given up since the last answer
        self._gone: str | None = None
        self._not_before = 0.0  # time of the loop's clock until which the server asked to be left alone

    def answer(self, chats: Sequence[Chat], sampling: Sampling) -> list[Answer]:
        """One answer for each conversation, in order."""
        return self._runner.run(self._answer(chats, sampling))

    def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            self._runner.run(self._client.aclose())
        self._runner.close()

    async def _answer(self, chats: Sequence[Chat], sampling: Sampling) -> list[Answer]:
        many = self._section.concurrency
        if self._client is None:
            limits = httpx2.Limits(max_connections=many, max_keepalive_connections=many)
            timeout = httpx2.Timeout(self._section.timeout, connect=CONNECT_TIMEOUT_S)
            self._client = httpx2.AsyncClient(headers=self._headers, limits=limits, timeout=timeout)
        answers: dict[int, Answer] = {}
        line = iter(enumerate(chats))
        async with asyncio.TaskGroup() as workers:
            for _ in range(min(many, len(chats))):
                workers.create_task(self._work(self._client, line, sampling, answers))
        if len(answers) != len(chats):
            msg = f"{len(answers)} answers for {len(chats)} requests"
            raise TranslatorError(msg)
        return [answers[number] for number in range(len(chats))]

    async def _work(
        self,
        client: httpx2.AsyncClient,
        line: Iterator[tuple[int, Chat]],
        sampling: Sampling,
        answers: dict[int, Answer],
    ) -> None:
        for number, chat in line:
            answers[number] = await self._ask(client, self.body(chat, sampling))

    async def _ask(self, client: httpx2.AsyncClient, body: dict[str, Any]) -> Answer:
        """One answer, with as many attempts as the recipe allows."""
        trouble = RetryableFailure("server_error", "not sent")
        for attempt in range(self._section.attempts):
            await self._hold_back()
            if self._gone is not None:
                return Answer(None, GONE, self._gone, requests=attempt)
            found = await self._once(client, body)
            if isinstance(found, Answer):
                self._in_a_row = 0
                return replace(found, requests=attempt + 1)
            trouble = found
            if trouble.final:
                self._gone = trouble.detail
                return Answer(None, GONE, trouble.detail, requests=attempt + 1)
            if not trouble.helps or (trouble.wait or 0) > self._section.longest_wait:
                return self._given_up(trouble, attempt + 1)
            if attempt + 1 < self._section.attempts:
                await self._pause(attempt, trouble)
        return self._given_up(trouble, self._section.attempts)

    def _given_up(self, trouble: RetryableFailure, requests: int) -> Answer:
        self._in_a_row += 1
        if self._in_a_row >= GIVE_UP_AFTER and self._gone is None:
            self._gone = f"{self._in_a_row} requests in a row failed: {trouble.reason}, {trouble.detail}"
        return Answer(None, trouble.reason, trouble.detail, requests=requests)

    async def _once(self, client: httpx2.AsyncClient, body: dict[str, Any]) -> Answer | RetryableFailure:
        """One request; the bound holds for the whole reply, so one that trickles in is late, too."""
        try:
            async with (
                asyncio.timeout(self._section.timeout),
                client.stream("POST", f"{self._section.url}/chat/completions", json=body) as reply,
            ):
                content = bytearray()
                async for part in reply.aiter_bytes():
                    content += part
                    if len(content) > MAX_REPLY:
                        return RetryableFailure(
                            "server_garbled", f"a reply of more than {MAX_REPLY:,} bytes", helps=False
                        )
        except (TimeoutError, httpx2.TimeoutException):
            return RetryableFailure("server_timed_out", f"no whole reply in {self._section.timeout:g} s")
        except httpx2.DecodingError as error:
            return RetryableFailure("server_garbled", f"{type(error).__name__}: {one_line(error)}")
        except httpx2.TransportError as error:
            return RetryableFailure("server_unreachable", f"{type(error).__name__}: {one_line(error)}")
        pause = {name: value for name, value in reply.headers.items() if name == "retry-after"}
        return read_reply(httpx2.Response(reply.status_code, headers=pause, content=bytes(content)))

    async def _pause(self, attempt: int, trouble: RetryableFailure) -> None:
        """Before the next attempt: what the server asks for, else twice as long each time, within a third either way
        so that requests that failed together do not come back together."""
        if trouble.wait is not None:
            self._not_before = max(self._not_before, asyncio.get_running_loop().time() + trouble.wait)
            return
        wait = min(self._section.first_wait * 2**attempt, self._section.longest_wait)
        await asyncio.sleep(wait * random.uniform(2 / 3, 4 / 3))

    async def _hold_back(self) -> None:
        loop = asyncio.get_running_loop()
        while (left := self._not_before - loop.time()) > 0:
            await asyncio.sleep(left)

    def body(self, chat: Chat, sampling: Sampling) -> dict[str, Any]:
        """What is sent for a conversation."""
        section = self._section
        body: dict[str, Any] = {
            "model": section.model,
            "messages": chat.messages,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "seed": sampling.seed,
            section.limit_key: chat.max_tokens,
        }
        if section.logprobs:
            body["logprobs"] = True
        if chat.schema is not None and section.structured == "json_schema":
            body["response_format"] = {
                "type": "json_schema",
                "json_schema": {"name": "answer", "schema": chat.schema, "strict": True},
            }
        elif chat.schema is not None and section.structured == "json_object":
            body["response_format"] = {"type": "json_object"}
        return body | section.extra
