"""Sound source files of every format, the files that a recipe may name beside them, and recipes that use them."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from PIL import Image

from glotmill.recipes.load import built_in_recipes

ROWS = 5
FREE = "cc-by-4.0"
ENGINE = {"engine": "fake", "batch_tokens": 128, "unit_tokens": 256}
OWN_FIELDS = {"id": "uid", "image": "pic.name", "question": "ask", "answers": "said"}

# A source of each format as a recipe states it; paths are relative to the recipe.
SOURCES: dict[str, dict[str, Any]] = {
    "jsonl": {"format": "jsonl", "path": "rows.jsonl", "license": FREE},
    "own": {"format": "jsonl", "path": "own.jsonl", "license": FREE, "fields": OWN_FIELDS, "image_marker": "<img>"},
    "parquet": {
        "format": "parquet", "path": "rows.parquet", "license": FREE,
        "fields": {"id": "id", "image": "image", "caption": "caption"}, "images": {"check": True, "reject": True},
    },
    "coco": {"format": "coco_captions", "path": "coco.json"},
    "gqa": {"format": "gqa", "path": "gqa.json"},
    "vqa": {"format": "vqav2", "questions": "vqa_questions.json", "annotations": "vqa_annotations.json"},
    "reasons": {"format": "aokvqa", "path": "aokvqa.json", "task": "explanation"},
    "choices": {"format": "aokvqa", "path": "aokvqa.json", "dataset": "choices"},
    "talks": {"format": "llava", "path": "llava.json"},
    "tsv": {"format": "image_text", "path": "captions.tsv", "license": FREE},
    "csv": {
        "format": "image_text", "path": "captions.csv", "license": FREE,
        "images": {"check": True, "folder": "pictures", "store": True, "license": FREE},
    },
    "names": {"format": "image_text", "path": "names.tsv", "columns": ["image", "caption"], "license": FREE},
    "lines": {"format": "lines", "path": "lines.txt", "image_list": "list.txt", "license": FREE},
    "packed": {"format": "jsonl", "path": "rows.jsonl.gz", "license": FREE},
    "folder": {"format": "hub", "path": "hub", "license": FREE, "fields": {"caption": "caption", "image": "image"}},
}  # fmt: skip
FORMATS_OF_SHIPPED = {
    "image_text": "tsv", "coco_captions": "coco", "vqav2": "vqa", "aokvqa": "reasons", "llava": "talks", "gqa": "gqa",
    "parquet": "parquet", "jsonl": "jsonl",
}  # fmt: skip


def write_inputs(folder: Path) -> None:
    """Write the files that `SOURCES` and `recipes` name."""
    import gzip

    rows = _rows()
    texts: dict[str, Any] = {
        "rows.jsonl": rows,
        "own.jsonl": [
            {"uid": n, "pic": {"name": f"{n}.jpg"}, "ask": f"<img>\nWhat is at {n}?", "said": ["a ball"]}
            for n in range(ROWS)
        ],
        "coco.json": {
            "images": [{"id": n, "file_name": f"{n:012}.jpg", "coco_url": f"http://x/{n:012}.jpg"} for n in range(5)],
            "annotations": [{"id": n, "image_id": n, "caption": f"Cat {n} sits on a mat."} for n in range(ROWS)],
        },
        "gqa.json": {
            str(n): {"question": f"Is {n} red?", "imageId": str(n), "answer": "yes", "fullAnswer": f"Yes, {n} is red."}
            for n in range(ROWS)
        },
        "vqa_questions.json": {
            "questions": [{"question_id": n, "image_id": n, "question": f"How many of {n}?"} for n in range(ROWS)],
            "data_subtype": "train2014",
        },
        "vqa_annotations.json": {
            "annotations": [
                {"question_id": n, "image_id": n, "multiple_choice_answer": "red",
                 "question_type": "how many", "answer_type": "other",
                 "answers": [{"answer": "red", "answer_confidence": "yes", "answer_id": 1}]}
                for n in range(ROWS)
            ]
        },
        "aokvqa.json": [
            {
                "question_id": f"q{n}", "image_id": n, "question": "What is it?", "choices": ["a cup", "a car"],
                "correct_choice_idx": 1, "direct_answers": "['a car', 'car']", "rationales": ["It has wheels.", "Big."],
                "split": "train",
            }
            for n in range(ROWS)
        ],
        "llava.json": [
            {
                "id": f"l{n}", "image": f"{n}.jpg",
                "conversations": [
                    {"from": "human", "value": "<image>\nWhat is this?"},
                    {"from": "gpt", "value": f"A dog, number {n}."},
                ],
            }
            for n in range(ROWS)
        ],
    }  # fmt: skip
    for name, value in texts.items():
        lines = name.endswith(".jsonl")
        (folder / name).write_text("".join(json.dumps(row) + "\n" for row in value) if lines else json.dumps(value))
    (folder / "rows.jsonl.gz").write_bytes(gzip.compress((folder / "rows.jsonl").read_bytes()))
    plain = [f"A bird, number {n}, sings." for n in range(ROWS)]
    table = [("image", "caption"), *((f"{n}.jpg", text) for n, text in enumerate(plain))]
    (folder / "captions.tsv").write_text("".join("\t".join(row) + "\n" for row in table))
    (folder / "captions.csv").write_text("".join(f'{image},"{text}"\n' for image, text in table))
    (folder / "names.tsv").write_text("".join(f"{n}.jpg\tn{n % 3}\n" for n in range(ROWS)))
    (folder / "lines.txt").write_text("".join(f"{text}\n" for text in plain))
    (folder / "list.txt").write_text("".join(f"{n}.jpg\n" for n in range(ROWS)))
    _pictures(folder, plain)
    _named_beside(folder)


def _rows() -> list[dict[str, Any]]:
    question = {"question": "What is that?", "choices": ["a ball", "a cup"], "answer_index": 1, "answers": ["a cup"]}
    talk = [("user", "<image>\nWhat is this?"), ("assistant", "A dog."), ("user", "Is it old?"), ("assistant", "No.")]
    rows: list[dict[str, Any]] = [
        {"id": f"c{n}", "task": "caption", "image": f"{n}.jpg", "caption": f"Dog {n} runs on <b>grass</b>."}
        for n in range(ROWS)
    ]
    rows += [
        {"id": f"q{n}", "task": "vqa_open", "image": f"{n}.jpg", "question": f"Which color is {n}?", "answers": ["red"]}
        for n in range(ROWS)
    ]
    rows += [{"id": f"m{n}", "task": "vqa_mc", "image": f"{n}.jpg", **question} for n in range(3)]
    messages = [{"role": role, "content": content} for role, content in talk]
    return [*rows, {"id": "t0", "task": "conversation", "images": ["0.jpg"], "messages": messages}]


def _pictures(folder: Path, captions: list[str]) -> None:
    (folder / "pictures").mkdir()
    (folder / "hub").mkdir()
    data = []
    for n in range(ROWS):
        out = io.BytesIO()
        Image.new("RGB", (4, 4), (n * 20, 0, 0)).save(out, "JPEG")
        data.append(out.getvalue())
        (folder / f"pictures/{n}.jpg").write_bytes(out.getvalue())
        (folder / f"hub/{n}.jpg").write_bytes(out.getvalue())
    metadata = [{"file_name": f"{n}.jpg", "caption": text} for n, text in enumerate(captions)]
    (folder / "hub/metadata.jsonl").write_text("".join(json.dumps(row) + "\n" for row in metadata))
    images = [{"bytes": each, "path": f"{n}.jpg"} for n, each in enumerate(data)]
    pq.write_table(
        pa.table({"id": [str(n) for n in range(ROWS)], "image": images, "caption": captions}), folder / "rows.parquet"
    )


def _named_beside(folder: Path) -> None:
    """The tables, banks and recipes that a recipe may name."""
    (folder / "answers.tsv").write_text("eng_Latn\tdeu_Latn\tswh_Latn\nred\trot\tnyekundu\n")
    (folder / "weights.csv").write_text("flores_code,weight\neng_Latn,3\ndeu_Latn,2\nswh_Latn,1\n")
    labels = [
        (f"n{n}", lang, f"thing {n} {lang[:3]}", "WORDNET", "0")
        for n in range(3)
        for lang in ("eng_Latn", "deu_Latn", "swh_Latn")
    ]
    head = ("label_id", "flores_code", "name", "source", "automatic")
    (folder / "labels.tsv").write_text("".join("\t".join(row) + "\n" for row in (head, *labels)))
    bank = {"caption": {"own.1": "Say in {language} what you see.", "own.2": "What is there?"}}
    (folder / "bank.yaml").write_text(yaml.safe_dump(bank))
    calibration = {
        "calibration": 1,
        "thresholds": {"nmt.min_logprob": {"all": {"caption": {"all": -1.5}}, "deu_Latn": {"caption": {"0-9": -2.0}}}},
    }
    (folder / "calibration.yaml").write_text(yaml.safe_dump(calibration))
    (folder / "parent.yaml").write_text(yaml.safe_dump(small("tsv")))


def small(*names: str) -> dict[str, Any]:
    """A small recipe of some of `SOURCES`."""
    return {
        "name": "small",
        "sources": {name: SOURCES[name] for name in names},
        "languages": ["deu_Latn"],
        "translate": dict(ENGINE),
        "score": {"scorers": ["lexical"]},
        "max_failed": 1,
    }


def recipes() -> dict[str, dict[str, Any]]:
    """Sound recipes by name: one of each format, some that state much, and those that ship, on these sources."""
    found = {name: small(name) for name in SOURCES}
    found["mixed"] = {
        **small("jsonl", "vqa", "reasons", "talks", "names", "tsv"),
        "description": "Much at once.",
        "languages": ["eng_Latn", "deu_Latn", "swh_Latn"],
        "mix": {
            "mode": "one_each", "weights": "weights.csv", "exponent": 0.5, "seed": 3, "skip": ["talks"],
            "by_source": {"tsv": {"quotas": {"deu_Latn": 2}}}, "exclude": {"explanation": ["swh_Latn"]},
        },
        "splits": {"validation": 0.1, "test": 0.1},
        "derive": {
            "vqg": {"kind": "vqg", "sources": ["vqa"]}, "turns": {"kind": "turns", "sources": ["talks"]},
            "cot": {"kind": "cot", "sources": ["reasons"]}, "one": {"kind": "captions", "sources": ["jsonl"]},
            "crossed": {"kind": "cross_lingual", "sources": ["vqa"], "rows": 5},
            "pairs": {"kind": "translation", "sources": ["talks"]},
            "objects": {"kind": "decide", "sources": ["names"]},
        },
        "labels": {"table": "labels.tsv", "avoid": ["WIKIRED"]},
        "templates": {"bank": "bank.yaml", "instruction": "mixed", "seed": 4},
        "answers": {"policy": "coin", "target_share": 0.5, "dictionary": {"min_count": 2}},
    }  # fmt: skip
    found["judged"] = {
        **small("jsonl", "coco"),
        "clean": [
            {"step": "exact", "sources": ["jsonl"]},
            {"step": "contamination", "sources": ["coco"], "against": {"test": SOURCES["tsv"]}},
        ],
        "translate": {**ENGINE, "fault": "empty", "fault_every": 7},
        "routing": {"languages": {"swh_Latn": dict(ENGINE)}, "second": dict(ENGINE)},
        "answers": {"policy": "target", "table": "answers.tsv", "context": True},
        "languages": ["deu_Latn", "swh_Latn"],
        "score": {"scorers": ["integrity", "nmt", "lexical", "numbers", "script"]},
        "filter": {
            "user": {"long": {"fails": "score_lexical_letters >= 30", "action": "warn"}},
            "nmt": {"min_logprob": -1.5}, "lexical": {"copy_frac": {"action": "warn"}},
        },
        "calibration": "calibration.yaml",
        "pack": {"shard_rows": 10, "row_group_rows": 5},
        "limit": 6,
    }  # fmt: skip
    found["child"] = {"extends": "parent.yaml", "name": "child", "languages": ["fra_Latn"]}
    for name, path in built_in_recipes().items():
        content = yaml.safe_load(path.read_text())
        content["sources"] = {
            source: SOURCES["names" if source == "imagenet" else FORMATS_OF_SHIPPED.get(stated["format"], "jsonl")]
            for source, stated in content["sources"].items()
        }
        content |= {"translate": dict(ENGINE), "languages": ["eng_Latn", "deu_Latn"], "clean": [], "max_failed": 1}
        for shares in content.get("mix", {}).get("by_source", {}).values():
            shares["weights"] = "uniform"
        if "labels" in content:
            content["labels"] = {"table": "labels.tsv"}
        found[name] = content
    return found
