"""The public texts that comparisons translate: COCO captions, xGQA questions, Multi30k. None is part of the project."""

from __future__ import annotations

import gzip
import json
from pathlib import Path


def coco_captions(data: Path, count: int | None) -> list[str]:
    """The first captions of COCO 2017 val, or all, in the file's order."""
    rows = json.loads((data / "coco/captions_val2017.json").read_text(encoding="utf-8"))["annotations"]
    return [row["caption"].strip() for row in rows[:count]]


def question_files(data: Path, lang: str = "en") -> list[Path]:
    """xGQA's few-shot question files of a language: 1,490 and 1,422 questions."""
    return [data / "xgqa" / lang / f"{name}.json" for name in ("train_48", "dev")]


def xgqa_questions(data: Path, count: int) -> list[str]:
    """The English questions, in the files' order."""
    files = [json.loads(path.read_text(encoding="utf-8")) for path in question_files(data)]
    return [item["question"] for file in files for item in file.values()][:count]


def xgqa_records(data: Path, count: int) -> list[str]:
    """The English questions with their answers, a question and its answer after the other."""
    files = [json.loads(path.read_text(encoding="utf-8")) for path in question_files(data)]
    items = [item for file in files for item in file.values()][:count]
    return [text for item in items for text in (item["question"], item["answer"])]


def multi30k(data: Path, lang: str, count: int) -> list[str]:
    """Captions of Multi30k's test_2016_flickr."""
    content = gzip.decompress((data / f"multi30k/test_2016_flickr.{lang}.gz").read_bytes()).decode()
    return content.splitlines()[:count]
