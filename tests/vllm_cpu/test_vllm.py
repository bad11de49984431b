"""vLLM itself, on the CPU, with a random model: offline in a Ray actor, and as a server (`make test-vllm`).

The model's answers are noise, which is the point: each must end as a named reason, none as an exception or a kept row.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import polars as pl
import pytest

from glotmill.engine.commands.build import build
from glotmill.engine.commands.job import prepare
from glotmill.engine.commands.load_recipe import load_recipe
from glotmill.engine.llm.contract import Chat, Sampling
from glotmill.engine.llm.offline import OfflineModel
from glotmill.engine.runs.progress import ProgressReport
from glotmill.engine.translators.vllm import VllmTranslate
from tests.vllm_cpu.tiny_llama import make

pytestmark = pytest.mark.vllm

SETTINGS = {
    "VLLM_CPU_KVCACHE_SPACE": "1", "HF_HUB_OFFLINE": "1", "VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1",
    "OMP_NUM_THREADS": "1",
}  # fmt: skip
START_S = 400
GRADE = {"type": "integer", "enum": [1, 2, 3, 4, 5]}
GRADES = {
    "type": "object", "properties": {"adequacy": GRADE, "fluency": GRADE}, "required": ["adequacy", "fluency"],
    "additionalProperties": False,
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def settings() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in SETTINGS.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    return make(tmp_path_factory.mktemp("llama"))


def options(**changes):
    return {"max_tokens": 24, "retry": None, "mode": "record", **changes}


def check(summary) -> None:
    """The balance comes out, and whatever is no translation has a name."""
    [(lang, count)] = summary.languages.items()
    assert count.rows == count.kept + sum(count.dropped.values()) + sum(count.failed.values()) == 6
    table = pl.read_parquet(summary.dataset / "data" / lang / "*.parquet")
    kept = table.filter(pl.col("keep"))
    assert not kept.height, "noise was kept"
    assert summary.records is not None
    assert summary.records.requested == summary.records.whole + sum(summary.records.by_segment.values())
    print("records by segment:", summary.records.by_segment)
    print("failed:", count.failed, "dropped:", count.dropped)
    print("tokens read, written:", summary.segments.usage.prompt_tokens, summary.segments.usage.completion_tokens)


def built(recipe_file, tmp_path, translate, **changes):
    sources = {"small": {"format": "jsonl", "path": str(tmp_path / "few.jsonl"), "license": "cc0-1.0"}}
    rows = [
        {"id": f"q{n}", "task": "vqa_open", "image": f"{n}.jpg", "question": f"What is in picture {n}?", "answers": [a]}
        for n, a in enumerate(["a dog", "two cats", "an umbrella", "a small boat", "the woman", "some grass"])
    ]
    (tmp_path / "few.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    path = recipe_file(
        sources=sources, languages=["deu_Latn"], translate=translate, max_failed=1.0,
        score={"scorers": ["integrity", "lexical", "script", "language_id"]}, **changes,
    )  # fmt: skip
    return build(prepare(load_recipe(str(path)), out=tmp_path / "out"), ProgressReport())


@pytest.mark.timeout(900)
def test_offline_in_a_ray_actor_a_build_ends_with_named_reasons(model, recipe_file, tmp_path):
    engine = {"engine": "vllm", "model": str(model), "max_model_len": 1024, "eager": True, **options()}
    check(built(recipe_file, tmp_path, engine, workers=1))


@pytest.mark.timeout(900)
def test_as_a_server_a_build_ends_with_named_reasons(model, recipe_file, tmp_path):
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    command = [
        sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--model", str(model), "--enforce-eager",
        "--served-model-name", "tiny", "--dtype", "bfloat16", "--max-model-len", "1024",
        "--host", "127.0.0.1", "--port", str(port),
    ]  # fmt: skip
    with (tmp_path / "server.log").open("w") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, env=dict(os.environ))
    try:
        url = f"http://127.0.0.1:{port}/v1"
        wait_for(url, server)
        engine = {"engine": "openai", "model": "tiny", "url": url, "concurrency": 8, "logprobs": True, **options()}
        check(built(recipe_file, tmp_path, engine))
        asked = {"model": "tiny", "messages": [{"role": "user", "content": "grade"}], "max_tokens": 300}
        form = {"type": "json_schema", "json_schema": {"name": "answer", "schema": GRADES, "strict": True}}
        reply = httpx2.post(f"{url}/chat/completions", json=asked | {"response_format": form}, timeout=120)
        graded(reply.json()["choices"][0]["message"]["content"])
    finally:
        server.terminate()
        server.wait(60)


def wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        assert server.poll() is None, "the server ended"
        try:
            if httpx2.get(f"{url}/models", timeout=5).status_code == 200:
                return
        except httpx2.HTTPError:
            time.sleep(1)
    pytest.fail(f"no server after {START_S} s")


def graded(text: str) -> None:
    grades = json.loads(text)
    assert set(grades) == {"adequacy", "fluency"}
    assert all(grade in range(1, 6) for grade in grades.values())


@pytest.mark.timeout(600)
def test_structured_output_is_obeyed_and_the_same_batch_says_the_same(model):
    section = VllmTranslate(engine="vllm", model=str(model), max_model_len=1024, eager=True)
    loaded = OfflineModel(section, str(model), None)
    chats = [Chat("You judge a translation.", text, 40, GRADES) for text in ("one", "two", "three")]
    first = loaded.answer(chats, Sampling())
    for answer in first:
        graded(answer.text)
    assert loaded.answer(chats, Sampling()) == first
    drawn = Sampling(temperature=1.0, seed=5)
    free = [Chat("s", f"text {n}", 16) for n in range(4)]
    assert loaded.answer(free, drawn) == loaded.answer(free, drawn)
    assert loaded.answer(free, drawn) != loaded.answer(free, Sampling(temperature=1.0, seed=6))
    [long] = loaded.answer([Chat("s", "word " * 3000, 16)], Sampling())
    assert long.failure == "source_too_long"
