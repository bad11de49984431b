"""Builds a small dataset and exports it for `check`: ``python -m tests.trainers.exports FOLDER``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import yaml

from glotmill.engine.commands.build import build
from glotmill.engine.commands.export import ExportOptions, export
from glotmill.engine.commands.job import prepare
from glotmill.engine.commands.load_recipe import load_recipe
from glotmill.engine.runs.progress import ProgressReport

FORMATS = ("trl", "sharegpt", "swift", "axolotl", "llava")


def main(folder: Path) -> None:
    """Write one folder a format, and ``rows.json`` with what every trainer must find."""
    folder.mkdir(parents=True)
    talk = [("user", "<image>\nWhat is this?"), ("assistant", "A dog."), ("user", "Is it old?"), ("assistant", "No.")]
    messages = [{"role": role, "content": content} for role, content in talk]
    rows = [{"id": f"c{i}", "task": "caption", "image": f"{i}.jpg", "caption": f"Dog {i} runs."} for i in range(20)]
    rows += [{"id": f"t{i}", "task": "conversation", "images": [f"{i}.jpg"], "messages": messages} for i in range(5)]
    two = [
        {"role": "user", "content": "<image>\n<image>\nWhich is older?"},
        {"role": "assistant", "content": "The dog."},
    ]
    rows.append({"id": "two", "task": "conversation", "images": ["a.jpg", "b.jpg"], "messages": two})
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    recipe = {
        "name": "small", "languages": ["deu_Latn", "swh_Latn"], "translate": {"engine": "fake"}, "workers": 0,
        "sources": {"small": {"format": "jsonl", "path": "rows.jsonl", "license": "cc-by-4.0"}},
        "score": {"scorers": ["integrity"]}, "memory": "memory",
    }  # fmt: skip
    (folder / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    quiet = ProgressReport()
    build(prepare(load_recipe(str(folder / "recipe.yaml")), out=folder / "build"), quiet)
    for name in FORMATS:
        export(folder / "build", folder / name, ExportOptions(name), quiet)
    items = json.loads((folder / "llava/train.json").read_text())
    wanted = [
        {
            "texts": [turn["value"] for turn in item["conversations"]],
            "images": item["image"] if isinstance(item["image"], list) else [item["image"]],
            "turn_langs": item["turn_langs"],
        }
        for item in items
    ]
    (folder / "rows.json").write_text(json.dumps(wanted))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
