"""Small inputs in the official format of each source that the published recipes read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

THINGS = ("dog", "cat", "train", "boat", "horse")
PLACES = ("on the grass", "near the water", "in the snow", "on a table", "under a tree", "behind a fence")
WNIDS = ("n02084071", "n02121808", "n04468005")


def coco(images: int) -> dict[str, Any]:
    """A COCO captions file: two captions an image."""
    return {
        "info": {"year": 2014},
        "images": [
            {"id": i, "file_name": f"COCO_train2014_{i:012d}.jpg", "width": 640, "height": 480,
             "coco_url": f"http://images.cocodataset.org/train2014/COCO_train2014_{i:012d}.jpg"}
            for i in range(images)
        ],
        "annotations": [
            {"id": 10 * i + j, "image_id": i, "caption": f"{how} {THINGS[i % 5]} stands {PLACES[i % 6]}."}
            for i in range(images) for j, how in enumerate(("A small", "One big"))
        ],
    }  # fmt: skip


def vqa(count: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """VQAv2's question and annotation files."""
    questions = [
        {"image_id": i, "question": f"What is the {THINGS[i % 5]} doing?", "question_id": 1000 + i}
        for i in range(count)
    ]
    answers = ("running", "sleeping", "yes")
    annotations = [
        {
            "question_id": 1000 + i, "image_id": i, "question_type": "what is", "answer_type": "other",
            "multiple_choice_answer": answers[i % 3],
            "answers": [{"answer": answers[i % 3], "answer_confidence": "yes", "answer_id": n + 1} for n in range(10)],
        }
        for i in range(count)
    ]  # fmt: skip
    head = {"data_subtype": "train2014", "data_type": "mscoco", "info": {}, "license": {}}
    return {**head, "task_type": "Open-Ended", "questions": questions}, {**head, "annotations": annotations}


def aokvqa(count: int) -> list[dict[str, Any]]:
    """An A-OKVQA file."""
    return [
        {
            "split": "train", "image_id": i, "question_id": f"q{i}", "question": f"Why does the {THINGS[i % 5]} rest?",
            "choices": ["it is tired", "it is full", "it is cold", "it is old"], "correct_choice_idx": i % 4,
            "direct_answers": ["tired"] * 10, "difficult_direct_answer": False,
            "rationales": [f"The {THINGS[i % 5]} lies down", "Its eyes are closed.", "It has run a long way."],
        }
        for i in range(count)
    ]  # fmt: skip


def llava(count: int, name: str) -> list[dict[str, Any]]:
    """A LLaVA conversations file."""
    return [
        {
            "id": f"{name}{i:012d}", "image": f"{i:012d}.jpg",
            "conversations": [
                {"from": "human", "value": f"<image>\nWhat does the {THINGS[i % 5]} do?"},
                {"from": "gpt", "value": f"The {THINGS[i % 5]} stands {PLACES[i % 6]}. It looks calm."},
                {"from": "human", "value": "Is anyone with it?"},
                {"from": "gpt", "value": "Nobody can be seen. It may wait. Perhaps for food. Or for someone."},
            ],
        }
        for i in range(count)
    ]  # fmt: skip


@pytest.fixture
def official(tmp_path: Path) -> dict[str, Path]:
    """The files by the key of a recipe that names them."""
    folder = tmp_path / "official"
    folder.mkdir()

    def write(name: str, content: Any) -> Path:
        path = folder / name
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return path

    questions, annotations = vqa(36)
    labels = ["label_id\tflores_code\tname\tsource\tautomatic"]
    for wnid, name in zip(WNIDS, THINGS, strict=False):
        labels += [f"{wnid}\teng_Latn\t{name}\tWN\t0", f"{wnid}\tdeu_Latn\tname-{name}\tWIKI\t0"]
        labels += [f"{wnid}\tfra_Latn\tnom-{name}\tWIKI\t0", f"{wnid}\tafr_Latn\tnaam-{name}\tWIKI\t0"]
    pairs = {
        "qry": [f"<|image_1|>\nRepresent the image: what stands {place}?" for place in PLACES],
        "pos_text": [THINGS[i % 5] for i in range(6)], "neg_text": [""] * 6,
        "qry_image_path": [f"images/{i}.jpg" for i in range(6)],
    }  # fmt: skip
    pq.write_table(pa.table(pairs), folder / "mmeb.parquet")
    web = [
        {"url": f"http://example.org/{i}.jpg", "caption": f"{THINGS[i % 5]} {i} {PLACES[i % 6]}"} for i in range(120)
    ]
    platypus = [
        {"instruction": f"Where is number {i}?", "input": "", "output": f"Number {i} is here."} for i in range(40)
    ]
    return {
        "web": write("ccs_synthetic_filtered_large.json", web),
        "coco": write("captions_train2014.json", coco(30)),
        "questions": write("questions.json", questions),
        "annotations": write("annotations.json", annotations),
        "aokvqa": write("aokvqa_v1p0_train.json", aokvqa(12)),
        "llava": write("llava_instruct_150k.json", llava(20, "i")),
        "talks": write("conversation_58k.json", llava(15, "t")),
        "imagenet": write("imagenet.tsv", "".join(f"{w}_{i}.JPEG\t{w}\n" for i in range(10) for w in WNIDS)),
        "labels": write("babel.tsv", "\n".join(labels) + "\n"),
        "mmeb": folder / "mmeb.parquet",
        "platypus": write("platypus.jsonl", "".join(json.dumps(row) + "\n" for row in platypus)),
    }
