"""A build whose rows are as unkind as strangers can make them, with images, kept, dropped and failed records."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image as Pillow

from glotmill.engine.commands.build import build
from glotmill.engine.commands.job import prepare
from glotmill.engine.commands.load_recipe import load_recipe
from glotmill.engine.runs.progress import ProgressReport

SCRIPT = '</script><script>window.harmed = 1</script><img src=x onerror="window.harmed = 2"> A dog "runs" & \'jumps\'.'
OVERRIDE = "A dog \u202e runs backwards \u2066 on the grass."
LONG = "A very long story about a dog. " * 3300  # 100 kB
ARABIC = "كلب صغير يركض على العشب"
HOSTILE = (SCRIPT, OVERRIDE, LONG, ARABIC)
LANGUAGES = ("deu_Latn", "arb_Arab")
THRESHOLD = -0.8


def recipe(folder: Path, **changes: Any) -> Path:
    """Write the recipe and its source into a folder."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    texts = [*HOSTILE, *(f"Dog number {n} runs on the grass near the water." for n in range(60))]
    rows = [{"id": str(n), "task": "caption", "image": f"{n % 3}.png", "caption": text} for n, text in enumerate(texts)]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    for n, colour in enumerate(("red", "green", "blue")):
        Pillow.new("RGB", (160, 90), colour).save(folder / "images" / f"{n}.png")
    images = {"check": True, "folder": "images", "store": True, "license": "cc-by-4.0"}
    content = {
        "name": "unkind",
        "sources": {"rows": {"format": "jsonl", "path": "rows.jsonl", "license": "cc0-1.0", "images": images}},
        "languages": list(LANGUAGES),
        "translate": {"engine": "fake", "fault": "empty", "fault_every": 9},
        "score": {"scorers": ["integrity", "lexical", "nmt", "round_trip"]},
        "filter": {"nmt": {"min_logprob": THRESHOLD}},
        "workers": 0,
        "max_failed": 1,
    }
    path = folder / "recipe.yaml"
    path.write_text(yaml.safe_dump({**content, **changes}), encoding="utf-8")
    return path


def built(folder: Path, name: str = "out", **changes: Any) -> Path:
    """The folder of a finished build."""
    loaded = load_recipe(str(recipe(folder, **changes)), [])
    job = prepare(loaded, out=folder / name, memory=folder / "memory")
    return build(job, ProgressReport()).dataset.parent


@pytest.fixture(scope="session")
def unkind(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the build."""
    return built(tmp_path_factory.mktemp("unkind"))


@pytest.fixture
def rebuild(tmp_path: Path) -> Callable[..., Path]:
    """Builds the same rows with some keys of the recipe replaced."""
    return lambda **changes: built(tmp_path, **changes)
