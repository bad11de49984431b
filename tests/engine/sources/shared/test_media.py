"""A row about a video, about sound, or with another model's marker is refused by every reader, with its reason."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from glotmill.engine.sources.shared.media import is_there

VIDEO, AUDIO = "video_not_supported", "audio_not_supported"
TURNS = [{"from": "human", "value": "What happens?"}, {"from": "gpt", "value": "A dog runs."}]
MESSAGES = [{"role": "user", "content": "What happens?"}, {"role": "assistant", "content": "A dog runs."}]
MAPPED = {"fields": {"messages": "messages", "images": "images"}}


@pytest.fixture
def reasons(outcomes):
    """The reason of each row, None for a sound one."""
    return lambda reader: [None if not isinstance(outcome, tuple) else outcome[0] for _, outcome in outcomes(reader)]


def lines(*rows: dict[str, Any]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def turns(text: str) -> list[dict[str, str]]:
    return [{"from": "human", "value": text}, TURNS[1]]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"video": "a.mp4"}, VIDEO),
        ({"videos": ["a.mp4"]}, VIDEO),
        ({"video": "a.mp4", "image": "a.jpg"}, VIDEO),
        ({"audio": "a.wav"}, AUDIO),
        ({"speech": "a.wav"}, AUDIO),
        ({"conversations": turns("<video>\nWhat happens?")}, VIDEO),
        ({"conversations": turns("<video>\nWhat happens?"), "video": "a.mp4"}, VIDEO),
        ({"conversations": turns("<image>\nWhat happens?"), "video": "a.mp4"}, VIDEO),
        ({"conversations": turns("<audio>\nWhat is said?")}, AUDIO),
        ({"conversations": turns("<image>\nWhat happens?")}, "image_marker_count"),
        ({"conversations": turns("<|image_1|>\nWhat is it?"), "image": "a.jpg"}, "unknown_image_marker"),
        ({"conversations": [{**TURNS[0], "image": "a.jpg"}, TURNS[1]]}, "image_in_turn"),
        ({"conversations": [{**TURNS[0], "video": "a.mp4"}, TURNS[1]]}, VIDEO),
        ({"image": "a.mp4"}, VIDEO),
        ({"image": "https://x.y/a.MP4?size=1#t"}, VIDEO),
        ({"image": ["a.jpg", "b.wav"]}, AUDIO),
        ({"image": "a.jpg", "images": ["b.jpg"]}, "image_and_images"),
        ({"video": None, "videos": [], "audio": "", "audios": [None, ""]}, None),
    ],
)
def test_llava_rows(opened, reasons, changes: dict[str, Any], reason: str | None):
    row = {"id": "1", "conversations": TURNS, **changes}
    assert reasons(opened([row], format="llava")) == [reason]
    assert reasons(opened(lines(row), format="llava")) == [reason]


def test_pictures_of_a_llava_row_are_not_left_out_under_another_name(opened, samples):
    (sample,) = samples(opened([{"id": "1", "conversations": TURNS, "images": ["a.jpg", "b.jpg"]}], format="llava"))
    assert [image.uri for image in sample.images] == ["a.jpg", "b.jpg"]
    assert sample.messages[0][1] == "<image>\n<image>\nWhat happens?"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"videos": ["a.mp4"]}, VIDEO),
        ({"images": ["a.jpg"], "videos": ["a.mp4"]}, VIDEO),
        ({"images": [], "videos": []}, None),
        ({"messages": [{"role": "user", "content": "<video>What?"}, MESSAGES[1]]}, VIDEO),
        ({"messages": [{**MESSAGES[0], "images": ["a.jpg"]}, MESSAGES[1]]}, "image_in_turn"),
        ({"audios": ["a.wav"]}, AUDIO),
    ],
)
def test_mapped_conversations_as_swift_and_sharegpt_write_them(opened, reasons, changes, reason):
    row = {"messages": MESSAGES, **changes}
    assert reasons(opened(lines(row), format="jsonl", **MAPPED)) == [reason]


def test_mapped_questions_are_refused_where_the_video_is_all_that_they_show(opened, reasons):
    fields = {"fields": {"question": "q", "answers": "a", "image": "frame"}}
    rows = [
        {"q": "What?", "a": "dog", "video": "a.mp4"},
        {"q": "What?", "a": "dog", "video": "a.mp4", "frame": "a.jpg"},
        {"q": "What?", "a": "dog", "video": None},
    ]
    assert reasons(opened(lines(*rows), format="jsonl", **fields)) == [VIDEO, None, None]
    named = {"fields": {"question": "q", "answers": "a", "image": "video.frame"}}
    row = {"q": "What?", "a": "dog", "video": {"frame": "a.jpg"}}
    assert reasons(opened(lines(row), format="jsonl", **named)) == [None]


@pytest.mark.parametrize("key", ["video", "videos", "audio"])
def test_rows_of_the_own_format(opened, reasons, key: str):
    row = {"id": "1", "task": "conversation", "messages": MESSAGES}
    found = reasons(opened(lines({**row, key: ["a.mp4"]}), format="jsonl"))
    assert found == [AUDIO if key == "audio" else VIDEO]


@pytest.mark.parametrize("place", ["choices", "answers"])
@pytest.mark.parametrize(
    ("marker", "reason"),
    [("<image>", "image_marker_outside_user_turn"), ("<image 2>", "unknown_image_marker"), ("<video>", VIDEO)],
)
def test_a_marker_in_a_choice_or_answer_that_no_turn_gives(opened, reasons, place: str, marker: str, reason: str):
    row: dict[str, Any] = {"id": "1", "task": "vqa_open", "question": "Which?", "image": "a.jpg", "answers": ["dog"]}
    more = {"choices": ["dog", marker], "answer_index": 0} if place == "choices" else {"answers": ["dog", marker]}
    assert reasons(opened(lines({**row, **more}), format="jsonl")) == [reason]


STRUCT = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


@pytest.mark.parametrize(
    ("name", "column", "reason"),
    [
        ("video", pa.array(["a.mp4", "", None]), VIDEO),
        ("video", pa.array([b"x", b"", None], pa.binary()), VIDEO),
        ("videos", pa.array([["a.mp4"], [], None]), VIDEO),
        ("video", pa.array([{"bytes": b"x", "path": None}, None, None], STRUCT), VIDEO),
        ("videos", pa.array([[{"bytes": b"x", "path": "a"}], [], None], pa.list_(STRUCT)), VIDEO),
        ("audio", pa.array([{"bytes": None, "path": "a.wav"}, None, None], STRUCT), AUDIO),
        ("audio", pa.array([True, False, None]), AUDIO),
    ],
)
@pytest.mark.parametrize("format_", ["parquet", "hub"])
def test_columns_that_the_map_does_not_name(tmp_path: Path, opened, reasons, format_: str, name, column, reason):
    table = pa.table({"q": ["What?"] * 3, "a": ["a dog", "a cat", "a cow"], name: column})
    fields = {"fields": {"question": "q", "answers": "a"}}
    (tmp_path / "d").mkdir()
    file = tmp_path / "d" / "train.parquet"
    pq.write_table(table, file)
    if format_ == "parquet":
        reader = opened(file.read_bytes(), file="t.parquet", format="parquet", **fields)
    else:
        reader = opened("", format="hub", **{"path": tmp_path / "d", **fields})
    assert reasons(reader) == [reason, None, None]


def test_a_table_of_the_own_format(tmp_path: Path, opened, reasons):
    table = pa.table(
        {"id": ["1", "2"], "task": ["vqa_open"] * 2, "question": ["What?"] * 2, "answers": [["dog"]] * 2,
         "video": pa.array([{"bytes": b"x", "path": "a.mp4"}, None], STRUCT)}
    )  # fmt: skip
    pq.write_table(table, tmp_path / "t.parquet")
    reader = opened((tmp_path / "t.parquet").read_bytes(), file="v.parquet", format="parquet")
    assert reasons(reader) == [VIDEO, None]


def test_the_bytes_of_a_video_are_not_read(tmp_path: Path, opened, reasons):
    table = pa.table({"q": ["What?"], "a": ["dog"], "video": pa.array([{"bytes": b"x" * 100, "path": "a"}], STRUCT)})
    pq.write_table(table, tmp_path / "t.parquet")
    fields = {"question": "q", "answers": "a"}
    reader = opened((tmp_path / "t.parquet").read_bytes(), file="v.parquet", format="parquet", fields=fields)
    assert reader._columns == ["q", "a", "video.path"]
    assert reasons(reader) == [VIDEO]


@pytest.mark.parametrize("layout", ["csv", "jsonl", "json"])
def test_captions_of_videos(opened, reasons, layout: str):
    rows = [
        {"caption": "A dog.", "video": "a.mp4"},
        {"caption": "A dog.", "image": "b.mp4"},
        {"caption": "<video>", "image": "a.jpg"},
    ]
    table = "caption,image,video\nA dog.,,a.mp4\nA dog.,b.mp4,\n<video>,a.jpg,\n"
    content = {"csv": table, "jsonl": lines(*rows), "json": json.dumps(rows)}[layout]
    assert reasons(opened(content, file=f"c.{layout}", format="image_text")) == [VIDEO] * 3


def test_lines_and_official_files(tmp_path: Path, opened, reasons):
    (tmp_path / "images.txt").write_text("a.mp4\na.jpg\na.jpg\n")
    text = gzip.compress(b"A dog.\n<video> A dog.\nA dog.\n")
    reader = opened(text, format="lines", image_list=tmp_path / "images.txt")
    assert reasons(reader) == [VIDEO, VIDEO, None]
    question = {"imageId": "1", "question": "<video> Is it red?", "answer": "yes"}
    assert reasons(opened({"1": question}, format="gqa")) == [VIDEO]
    annotation = {"id": 1, "image_id": 1, "caption": "<|image|> A dog."}
    coco = {"images": [{"id": 1, "coco_url": "http://x.y/1.jpg"}], "annotations": [annotation]}
    assert reasons(opened(coco, format="coco_captions")) == ["unknown_image_marker"]


def test_however_deep_a_field_goes_it_is_looked_through():
    deep: Any = []
    for _ in range(5_000):
        deep = [deep, {"a": None}]
    assert not is_there(deep)
    assert is_there([deep, "x"])
