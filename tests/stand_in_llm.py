"""A stand-in for a server that speaks OpenAI's protocol: a real socket, a deterministic model, faults on demand.

The model marks each word with the first letters of the language asked for (``dog`` → ``dogˈger``); into English the
marks go. Faults are given by a stretch of text: the requests that hold it meet them in turn, then all is well.

Run by itself it serves until its end: python -m tests.stand_in_llm --port 8000 --latency 0.05
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Self

_DIRECTION = re.compile(r"from (?P<source>.+?) into (?P<target>.+?)[,.]")
_WORD = re.compile(r"[^\W\d_]{2,}(?:ˈ[a-z]{3})?")
_TEXT = re.compile(r"<text>\n(.*)\n</text>", re.DOTALL)
_STATUS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 429: "Too Many Requests",
           500: "Internal Server Error", 503: "Service Unavailable"}  # fmt: skip

# What is said instead of a translation, by fault.
SAID = {
    "wrapper": "Here is the translation: {right}",
    "refusal": "I'm sorry, but I cannot translate this.",
    "think": "<think>They want a translation.</think>{right}",
    "echo": "{source}",
    "empty": "",
    "lines": "{right}\n\nNote: I kept the article.",
    "long": "{right} " + "and so on " * 80,
    "broken": '{{"user_1.1": "{source}"',
    "fields": "{{}}",
    "surrogate": "{right} \ud800",
}


def marked(text: str, target: str) -> str:
    mark = "" if target == "English" else "ˈ" + target[:3].lower()
    return _WORD.sub(lambda m: m.group().partition("ˈ")[0] + mark, text)


class StandIn:
    """The server, on a port of this machine.

    Attributes:
        seen: How often each text was asked for.
        headers: Those of the last request.
        bodies: All bodies, in order.
        most: Most requests that were in flight together.
        instead: What is said of whole texts instead of their translation.
    """

    def __init__(
        self,
        faults: dict[str, Iterable[str]] | None = None,
        *,
        latency: float = 0.0,
        model: str = "stand-in",
        port: int = 0,
        keep: bool = True,
    ) -> None:
        self._faults: dict[str, Iterator[str]] = {text: iter(list_) for text, list_ in (faults or {}).items()}
        self._latency = latency
        self._model = model
        self._port = port
        self._keep = keep
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._stop = asyncio.Event()
        self._flying = 0
        self.seen: Counter[str] = Counter()
        self.headers: dict[str, str] = {}
        self.bodies: list[dict[str, Any]] = []
        self.most = 0
        self.instead: dict[str, str] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/v1"

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self.serve(),), daemon=True)
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    async def serve(self) -> None:
        server = await asyncio.start_server(self._connection, "127.0.0.1", self._port)
        self._port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._request(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _request(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.strip().split("\r\n")
        self.headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in lines)}
        data = await reader.readexactly(int(self.headers.get("content-length", 0)))
        if first.startswith("GET"):
            await _send(writer, 200, {"data": [{"id": self._model, "root": "/models/stand-in-1"}]})
            return True
        body = json.loads(data)
        self._flying += 1
        self.most = max(self.most, self._flying)
        try:
            return await self._chat(body, writer)
        finally:
            self._flying -= 1

    async def _chat(self, body: dict[str, Any], writer: asyncio.StreamWriter) -> bool:
        system, user = (message["content"] for message in body["messages"])
        found = _TEXT.search(user)
        text = found[1] if found else user
        if self._keep:
            self.seen[text] += 1
            self.bodies.append(body)
        if self._latency:
            await asyncio.sleep(self._latency)
        fault = next((f for part, list_ in self._faults.items() if part in text and (f := next(list_, None))), None)
        return await self._answer(body, system, text, fault, writer)

    async def _answer(self, body: Any, system: str, text: str, fault: str | None, writer: asyncio.StreamWriter) -> bool:
        kind, _, value = (fault or "").partition(":")
        if kind.isdigit():
            more = {"Retry-After": value} if value else {}
            await _send(writer, int(kind), {"error": {"message": f"told to give {kind}"}}, more)
            return True
        key = self.headers.get("authorization", "").removeprefix("Bearer ")
        if kind == "repeat" and value:  # the key, in an error of this status
            await _send(writer, int(value), {"error": {"message": f"Incorrect API key provided: {key}."}})
            return True
        if kind == "hang":
            await asyncio.sleep(1000)
        if kind == "drop":
            return False
        right = self._right(system, text)
        said = SAID[kind].format(right=right, source=text.strip("{}")) if kind in SAID else right
        if kind == "choices":
            said = json.dumps({k: v for k, v in json.loads(right).items() if not k.startswith("choice")})
        if kind == "repeat":
            said = f"{said} {key}"
        finish = "stop"
        if kind == "cut":
            said, finish = said[: len(said) // 2], "length"
        reply = {
            "model": self._model,
            "choices": [{"message": {"role": "assistant", "content": said}, "finish_reason": finish}],
            "usage": {"prompt_tokens": 10, "completion_tokens": 5},
        }
        if body.get("logprobs"):
            reply["choices"][0]["logprobs"] = {"content": [{"logprob": -0.5}, {"logprob": -1.5}]}  # type: ignore[index]
        if kind == "truncated":
            await _send(writer, 200, json.dumps(reply)[:40])
            return True
        if kind == "trickle":
            await _trickle(writer, json.dumps(reply))
            return True
        if kind in ("endless", "gzip"):
            await _odd_body(writer, endless=kind == "endless")
            return False
        await _send(writer, 200, reply)
        return True

    def _right(self, system: str, text: str) -> str:
        if system.startswith("You judge"):
            pair = json.loads(text)
            return json.dumps({"adequacy": 1 if "bad" in pair["source"] else 5, "fluency": 4})
        target = _DIRECTION.search(system)["target"]  # type: ignore[index]
        if text.startswith("{"):
            return json.dumps({key: self._said(item, target) for key, item in json.loads(text).items()})
        return self._said(text, target)

    def _said(self, text: str, target: str) -> str:
        return self.instead.get(text) or marked(text, target)


async def _send(writer: asyncio.StreamWriter, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
    data = (body if isinstance(body, str) else json.dumps(body)).encode()
    lines = [f"HTTP/1.1 {status} {_STATUS[status]}", "Content-Type: application/json", f"Content-Length: {len(data)}"]
    lines += [f"{key}: {value}" for key, value in (headers or {}).items()]
    writer.write("\r\n".join([*lines, "", ""]).encode() + data)
    await writer.drain()


async def _odd_body(writer: asyncio.StreamWriter, *, endless: bool) -> None:
    """A body that never ends, or one that is not what its header says."""
    head = "Transfer-Encoding: chunked" if endless else "Content-Encoding: gzip\r\nContent-Length: 9"
    writer.write(f"HTTP/1.1 200 OK\r\n{head}\r\n\r\n".encode())
    part = b"10000\r\n" + b"x" * 65_536 + b"\r\n" if endless else b"not gzip!"
    writer.write(part)
    await writer.drain()
    while endless:
        writer.write(part)
        await writer.drain()


async def _trickle(writer: asyncio.StreamWriter, text: str) -> None:
    """One byte at a time, so that no single read is ever late."""
    data = text.encode()
    writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(data)}\r\n\r\n".encode())
    for byte in data:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.05)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--latency", type=float, default=0.05, help="seconds before each answer")
    options = parser.parse_args()
    asyncio.run(StandIn(latency=options.latency, port=options.port, keep=False).serve())


if __name__ == "__main__":
    main()
