"""Reads exports with the trainers' own code, in an environment that has them: ``python check.py FOLDER``.

Needs trl, llamafactory, ms-swift and axolotl (`make test-trainers`); imports nothing of Glotmill.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any


def plain(content: str) -> str:
    return content.replace("<image>\n", "").replace("<image>", "")


def texts(messages: list[dict[str, Any]]) -> list[str]:
    """The text of messages of typed parts."""
    return ["".join(p["text"] for p in m["content"] if p["type"] == "text" and p["text"]) for m in messages]


def trl(folder: Path, wanted: list[dict[str, Any]]) -> int:
    from datasets import Image, List, load_dataset
    from trl.data_utils import is_conversational, prepare_multimodal_messages

    rows = load_dataset("parquet", data_files=str(folder / "trl/train.parquet"), split="train")
    rows = rows.cast_column("images", List(Image(decode=False)))
    for row, right in zip(rows, wanted, strict=True):
        assert is_conversational(row)
        assert "image" not in row
        messages = prepare_multimodal_messages(row["messages"], row["images"])
        filled = [p["image"]["path"] for m in messages for p in m["content"] if p["type"] == "image"]
        assert filled == right["images"]
        assert texts(messages) == [plain(text) for text in right["texts"]]
        assert row["turn_langs"] == right["turn_langs"]
    return len(rows)


def sharegpt(folder: Path, wanted: list[dict[str, Any]]) -> int:
    from datasets import load_dataset
    from llamafactory.data.converter import get_dataset_converter
    from llamafactory.data.parser import get_dataset_list

    (described,) = get_dataset_list(["train"], str(folder / "sharegpt"))
    convert = get_dataset_converter(described.formatting, described, SimpleNamespace(media_dir=""))
    rows = load_dataset("json", data_files=str(folder / "sharegpt" / described.dataset_name), split="train")
    for row, right in zip(rows, wanted, strict=True):
        found = convert(row)
        said = [turn["content"] for turn in [*found["_prompt"], *found["_response"]]]
        assert said == right["texts"]
        assert found["_images"] == right["images"]
        assert sum(text.count("<image>") for text in said) == len(found["_images"])
    return len(rows)


def swift(folder: Path, wanted: list[dict[str, Any]]) -> int:
    from swift.dataset import load_dataset

    rows, _ = load_dataset([str(folder / "swift/train.jsonl")], load_from_cache_file=False)
    for row, right in zip(rows, wanted, strict=True):
        assert [turn["content"] for turn in row["messages"]] == right["texts"]
        assert [image["path"] if isinstance(image, dict) else image for image in row["images"]] == right["images"]
    return len(rows)


def axolotl(folder: Path, wanted: list[dict[str, Any]]) -> int:
    from axolotl.processing_strategies import ProcessingStrategy

    rows = [json.loads(line) for line in (folder / "axolotl/train.jsonl").read_text().splitlines()]
    tokenizer = SimpleNamespace(convert_tokens_to_ids=lambda _: 0, encode=lambda *_, **__: [0])
    process = ProcessingStrategy(SimpleNamespace(tokenizer=tokenizer))
    for row, right in zip(process(rows), wanted, strict=True):
        images = [part["path"] for message in row["messages"] for part in message["content"] if part["type"] == "image"]
        assert images == right["images"]
        assert texts(row["messages"]) == [plain(text) for text in right["texts"]]
        assert row["turn_langs"] == right["turn_langs"]
    return len(rows)


def main(folder: Path) -> None:
    """Check each format and print how many rows its trainer read."""
    wanted = json.loads((folder / "rows.json").read_text())
    assert len(wanted) == 52
    print(json.dumps({check.__name__: check(folder, wanted) for check in (trl, sharegpt, swift, axolotl)}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
