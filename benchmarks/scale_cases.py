"""The recipes that `benchmarks.scale` builds: engine `fake`, one process."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from glotmill.schemas.languages import ENGLISH, registry

LANGUAGES = ["deu_Latn", "fra_Latn", "rus_Cyrl", "swh_Latn"]
MANY = sorted(code for code in registry() if code != ENGLISH)
LOOSER = "filter.round_trip.min_chrf=10"  # what a dataset is judged again with
Recipe = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a case is made from.

    Attributes:
        data: Folder with coco/, xgqa/ and llava/.
        rows: Samples of each source; None is all, or as many as take a minute.
        languages: How many the cases of many shards go into.
        folder: Where the sources are written.
    """

    data: Path
    rows: int | None
    languages: int
    folder: Path


def _recipe(sources: Recipe, languages: list[str] | None = None, **more: Any) -> Recipe:
    return {
        "name": "scale",
        "sources": sources,
        "languages": languages or LANGUAGES,
        "translate": {"engine": "fake"},
        "workers": 0,
        "max_failed": 1,
        **more,
    }


def _captions(wanted: Wanted) -> Recipe:
    """COCO's captions, the first ones or all."""
    content = json.loads((wanted.data / "coco/captions_val2017.json").read_text())
    content["annotations"] = content["annotations"][: wanted.rows]
    path = wanted.folder / "captions.json"
    path.write_text(json.dumps(content))
    return {"captions": {"format": "coco_captions", "path": str(path), "dataset": "coco_captions"}}


def captions(wanted: Wanted) -> Recipe:
    """Captions into four languages: one segment a record."""
    return _recipe(_captions(wanted))


def llava(wanted: Wanted) -> Recipe:
    """LLaVA's replies, long and of many segments, as conversations of three questions about a picture."""
    lines = (wanted.data / "llava/coco2014_val_gpt4_qa_30x3.jsonl").read_text().splitlines()
    talks = []
    by_image = itertools.groupby(map(json.loads, lines), key=lambda line: line["image"])
    for image, replies in by_image:
        turns = [
            turn
            for reply in replies
            for turn in ({"from": "human", "value": reply["instruction"]}, {"from": "gpt", "value": reply["output"]})
        ]
        turns[0]["value"] = "<image>\n" + turns[0]["value"]
        talks.append({"id": image, "image": image, "conversations": turns})
    count = wanted.rows or 300
    # The file has 30 pictures; a number in each question makes the others new to the memory.
    more = [
        {
            **talk,
            "id": f"{number}-{talk['id']}",
            "conversations": [
                {**turn, "value": turn["value"].replace("?", f", at number {number}?")}
                for turn in talk["conversations"]
            ],
        }
        for number in range(count // len(talks) + 1)
        for talk in talks
    ]
    path = wanted.folder / "talks.json"
    path.write_text(json.dumps(more[:count]))
    return _recipe({"talks": {"format": "llava", "path": str(path), "dataset": "llava"}})


def _questions(wanted: Wanted) -> Recipe:
    found: dict[str, Any] = {}
    for name in ("train_48", "dev"):
        rows = json.loads((wanted.data / f"xgqa/en/{name}.json").read_text())
        found |= {f"{name}-{key}": row for key, row in rows.items()}
    path = wanted.folder / "questions.json"
    path.write_text(json.dumps(dict(itertools.islice(found.items(), wanted.rows))))
    return {"questions": {"format": "gqa", "path": str(path), "dataset": "gqa"}}


def questions(wanted: Wanted) -> Recipe:
    """xGQA's questions, their answers put into their context."""
    return _recipe(_questions(wanted), answers={"policy": "target", "context": True})


def templates(wanted: Wanted) -> Recipe:
    """Captions and questions in templates that go into the target language, or stay English."""
    sources = {**_captions(wanted), **_questions(wanted)}
    return _recipe(sources, templates={"instruction": "mixed"}, answers={"policy": "target"})


def dictionary(wanted: Wanted) -> Recipe:
    """xGQA's questions, their frequent answers by a dictionary."""
    answers = {"policy": "target", "dictionary": {"min_count": 5}}
    return _recipe(_questions(wanted), answers=answers)


def shards(wanted: Wanted) -> Recipe:
    """Captions into many languages in three splits, a record a shard."""
    return _recipe(
        _captions(replace(wanted, rows=wanted.rows or 4)),
        languages=MANY[: wanted.languages],
        splits={"validation": 0.34, "test": 0.34, "by": "source_id"},
        pack={"shard_rows": 1},
    )


def whole_shards(wanted: Wanted) -> Recipe:
    """The same records in one shard for each language."""
    return shards(wanted) | {"pack": {}, "splits": {}}


CASES: dict[str, Callable[[Wanted], Recipe]] = {
    made.__name__: made for made in (captions, llava, questions, templates, dictionary, shards, whole_shards)
}
