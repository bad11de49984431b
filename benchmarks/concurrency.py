"""Whether the openai engine keeps a server busy: requests/s with 64 in flight, beside a plain asyncio loop.

Both send the same requests over the same client library to the stand-in server of the tests, which runs in a process
of its own and answers each after a fixed time. The plain loop is 64 coroutines that take requests from one list and
do nothing else. The engine does what a build does: it cuts the texts into units, makes the prompts, reads and checks
the answers, counts tokens. The two take turns in one run; the medians are compared.

    python -m benchmarks.concurrency --json
"""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import statistics
import subprocess
import sys
import time
from typing import Any

import httpx2
import polars as pl
import pyarrow as pa

from glotmill.engine.llm.contract import Chat, Sampling
from glotmill.engine.llm.server import ServerModel
from glotmill.engine.runs.run import UNIT_SCHEMA
from glotmill.engine.translators import Request, resolve_translator
from glotmill.engine.translators.openai import OpenAiTranslate
from glotmill.engine.translators.shared.llm_translator import LlmTranslator
from glotmill.engine.workers.pool import make_pool
from glotmill.engine.workers.unit_plan import plan_units
from glotmill.engine.workers.units import Unit


def plain(section: OpenAiTranslate, bodies: list[dict[str, Any]]) -> float:
    """Seconds of a loop that does nothing but send."""

    async def work(client: httpx2.AsyncClient, line: Any) -> None:
        for body in line:
            reply = await client.post(f"{section.url}/chat/completions", json=body)
            reply.json()

    async def all_of_it() -> float:
        limits = httpx2.Limits(max_connections=section.concurrency, max_keepalive_connections=section.concurrency)
        async with httpx2.AsyncClient(limits=limits, timeout=60) as client:
            began, line = time.perf_counter(), iter(bodies)
            async with asyncio.TaskGroup() as workers:
                for _ in range(section.concurrency):
                    workers.create_task(work(client, line))
            return time.perf_counter() - began

    return asyncio.run(all_of_it())


def engine(section: OpenAiTranslate, texts: list[str]) -> float:
    """Seconds of the engine as a build runs it."""
    rows = pl.DataFrame({"text": texts}).with_columns(
        key=pl.col("text"), source_lang=pl.lit("eng_Latn"), target_lang=pl.lit("deu_Latn")
    )
    planned = plan_units(rows, batch_tokens=section.batch_tokens, unit_tokens=section.unit_tokens)
    units = [
        Unit(number, part.select(UNIT_SCHEMA.names).to_arrow().cast(UNIT_SCHEMA))
        for number, (_, part) in enumerate(planned.group_by("unit", maintain_order=True))
    ]
    with make_pool(resolve_translator(section), None) as pool:
        pool.start()
        began = time.perf_counter()
        results = pa.concat_tables([result.results for result in pool.run(units)])
        seconds = time.perf_counter() - began
    assert results.num_rows == len(texts)
    assert results["failure"].null_count == len(texts)
    return seconds


def bodies_of(section: OpenAiTranslate, texts: list[str]) -> list[dict[str, Any]]:
    """The bodies that the engine sends."""
    model = ServerModel(section)
    maker = LlmTranslator(section, model)
    chats: list[Chat] = [maker.chat(Request("eng_Latn", "deu_Latn", text)) for text in texts]
    return [model.body(chat, Sampling()) for chat in chats]


def main() -> None:
    """Print the two medians and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=1280)
    parser.add_argument("--concurrency", type=int, default=64)
    parser.add_argument("--latency", type=float, default=2.0, help="seconds that the server takes for an answer")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    command = [sys.executable, "-m", "tests.stand_in_llm", "--port", str(port), "--latency", str(options.latency)]
    server = subprocess.Popen(command)
    section = OpenAiTranslate(
        engine="openai", model="stand-in", url=f"http://127.0.0.1:{port}/v1", concurrency=options.concurrency
    )
    texts = [f"A brown dog number {number} runs on the wet grass." for number in range(options.requests)]
    try:
        for _ in range(100):
            try:
                httpx2.get(f"{section.url}/models")
                break
            except httpx2.HTTPError:
                time.sleep(0.1)
        bodies = bodies_of(section, texts)
        times: dict[str, list[float]] = {"plain": [], "engine": []}
        for _ in range(options.rounds):
            times["plain"].append(plain(section, bodies))
            times["engine"].append(engine(section, texts))
    finally:
        server.terminate()
        server.wait()
    per_second = {name: round(options.requests / statistics.median(taken), 1) for name, taken in times.items()}
    bound = options.concurrency / options.latency
    found_all = {
        "requests": options.requests, "in_flight": options.concurrency, "latency_s": options.latency,
        "bound_per_s": bound, **{f"{name}_per_s": value for name, value in per_second.items()},
        "engine_of_plain": round(per_second["engine"] / per_second["plain"], 3),
    }  # fmt: skip
    if options.json:
        print(json.dumps(found_all))
    else:
        print("\n".join(f"{name}: {value}" for name, value in found_all.items()))


if __name__ == "__main__":
    main()
