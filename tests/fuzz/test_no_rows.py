"""A dataset without a single row is a dataset: every command on it works, or says in one line that there is no row."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import yaml

from tests.fuzz.command import BAD_INPUT, complaint, run_command
from tests.fuzz.folders import BUILD, OF_DATASET, RECORD

# There is nothing to explain, calibrate or choose from, and no image or memory.
REFUSED = ("explain", "calibrate", "memory")


def test_every_command_takes_a_dataset_without_a_row(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    row = {"id": "a", "task": "caption", "image": "a.jpg", "caption": "A dog runs."}
    Path("rows.jsonl").write_text(json.dumps(row) + "\n")
    recipe = {
        "name": "small",
        "sources": {"small": {"format": "jsonl", "path": "rows.jsonl", "license": "cc-by-4.0"}},
        "languages": ["deu_Latn"],
        "mix": {"skip": ["small"]},  # no language takes a row
        "translate": {"engine": "fake"},
        "score": {"scorers": ["lexical", "round_trip"]},
    }
    Path("recipe.yaml").write_text(yaml.safe_dump(recipe))
    after = (
        ("pull", "elsewhere", "new"), ("pull", "elsewhere", "new", "--all"), ("verify", "elsewhere"), ("show", "new"),
        ("refilter", "new"), ("report", "new"), ("publish", "new", "--to", "elsewhere", "--tag", "v1"),
        ("rollback", "1", "--to", "elsewhere"),
    )  # fmt: skip
    problems = {}
    for command in (BUILD, BUILD, (*BUILD, "--compact"), *OF_DATASET, *after):
        arguments = ["out" if word == "whole/out" else word for word in command]
        ended = run_command(arguments)
        shutil.rmtree("exported", ignore_errors=True)
        chosen = {RECORD, "--lang", "--task", "webdataset", "--memory"} & set(arguments)
        refused = ended.code == BAD_INPUT and not chosen and command[0] not in REFUSED
        if (problem := complaint(ended)) or refused:
            problems[" ".join(arguments)] = problem or ended.err
    assert problems == {}
