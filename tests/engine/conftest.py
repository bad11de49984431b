"""Small datasets, built once for all tests that only read them or change a copy."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from glotmill.engine.commands.build import build
from glotmill.engine.commands.job import prepare
from glotmill.engine.commands.load_recipe import load_recipe
from glotmill.engine.runs.progress import ProgressReport

VARIANTS = {
    "base": {},
    "stricter": {"filter": {"user": {"long": {"fails": "score_lexical_letters >= 30"}}}},
    "german": {"languages": ["deu_Latn"]},
}


@pytest.fixture(scope="session")
def variants(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Build folders of one small dataset: as it is, with one more rule, and with a language less."""
    root = tmp_path_factory.mktemp("variants")
    rows = [{"id": f"c{i}", "task": "caption", "image": f"{i}.jpg", "caption": f"Dog {i} runs."} for i in range(30)]
    question = {"question": "What is that?", "choices": ["a ball", "a cup"], "answer_index": 1, "answers": ["a cup"]}
    rows += [
        {
            "id": f"l{i}",
            "task": "caption",
            "image": f"l{i}.jpg",
            "caption": f"Dog {i} runs over the green grass at noon.",
        }
        for i in range(4)
    ]
    rows += [{"id": f"m{i}", "task": "vqa_mc", "image": f"m{i}.jpg", **question} for i in range(6)]
    talk = [("user", "<image>\nWhat is this?"), ("assistant", "A dog."), ("user", "Is it old?"), ("assistant", "No.")]
    messages = [{"role": role, "content": content} for role, content in talk]
    rows += [{"id": f"t{i}", "task": "conversation", "images": [f"{i}.jpg"], "messages": messages} for i in range(2)]
    (root / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    for name, changes in VARIANTS.items():
        recipe = {
            "name": "small",
            "sources": {"small": {"format": "jsonl", "path": "rows.jsonl", "license": "cc-by-4.0"}},
            "languages": ["deu_Latn", "swh_Latn"],
            "translate": {"engine": "fake", "batch_tokens": 128, "unit_tokens": 256},
            "score": {"scorers": ["lexical", "round_trip"]},
            "pack": {"shard_rows": 16, "row_group_rows": 8},
            "workers": 0,
            "memory": "memory",
        }
        (root / f"{name}.yaml").write_text(yaml.safe_dump(recipe | changes))
        build(prepare(load_recipe(str(root / f"{name}.yaml")), out=root / name), ProgressReport())
    return {name: root / name for name in VARIANTS}


@pytest.fixture
def make(variants: dict[str, Path], tmp_path: Path) -> Callable[..., Path]:
    """Makes the test's build folder be one of the variants."""

    def go(variant: str = "base") -> Path:
        folder = tmp_path / "out"
        (folder / "dataset").mkdir(parents=True, exist_ok=True)
        shutil.rmtree(folder / "dataset")
        shutil.copytree(variants[variant] / "dataset", folder / "dataset")
        return folder

    return go


@pytest.fixture
def folder(make: Callable[..., Path]) -> Path:
    """A build folder of the test's own."""
    return make()
