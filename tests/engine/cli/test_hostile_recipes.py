"""Recipes made to hurt: each ends in one line within seconds, and nothing is written."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
import yaml

BOMB = "a0: &a0 {x: 1}\n" + "".join(
    f"a{n}: &a{n} {{{', '.join(f'k{i}: *a{n - 1}' for i in range(9))}}}\n" for n in range(1, 12)
)

LICENSE = yaml.safe_dump({"name": "a", "sources": {"a": {
    "format": "lines", "path": "x", "license": "a",
    "images": {"check": True, "store": True, "folder": "x", "license": "x" * 9000},
}}})  # fmt: skip


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (BOMB, ["not usable YAML", "more than 100,000 values"]),
        ("sources: &s {a: *s}\n", ["not usable YAML", "an alias inside of what it stands for"]),
        ("limit: 99999999999999999999\n", ["limit", "64 bits"]),
        ("limit: " + "9" * 5000 + "\n", ["given.yaml"]),
        ('description: "a\\0b"\n', ["description", "NUL"]),
        ('description: "a\\ud800b"\n', ["given.yaml"]),
        ("a: " + "[" * 5000 + "\n", ["given.yaml"]),
        (f"description: {'x' * 200_000}\n", ["description", "200,000 characters"]),
        (f"name: {'x' * 300}\n", ["name", "200 characters"]),
        ("description: " + "x" * (1 << 21), ["2,097,165 bytes"]),
        (LICENSE, ["sources.a", "expected one such as cc-by-4.0"]),
        (f"extends: {list(range(5000))}\n", ["extends", "name of a built-in one"]),
        (f"name: a\nsources: {{a: {{format: {list(range(5000))}}}}}\n", ["sources.a", "unknown format"]),
    ],
    ids=[
        "bomb",
        "self",
        "big",
        "digits",
        "nul",
        "surrogate",
        "deep",
        "long text",
        "long name",
        "long file",
        "long license",
        "long list",
        "long tag",
    ],
)
def test_a_hostile_recipe_is_refused_in_one_line_within_seconds(
    refuses, tmp_path: Path, content: str, words: list[str]
):
    (tmp_path / "given.yaml").write_text(content, encoding="utf-8")
    began = time.monotonic()
    line = refuses("build", "given.yaml")
    assert [word for word in words if word not in line] == []
    assert len(line) < 1_000
    assert time.monotonic() - began < 20


def test_a_bomb_in_what_a_recipe_extends_is_refused(refuses, tmp_path: Path):
    (tmp_path / "bomb.yaml").write_text(BOMB)
    (tmp_path / "given.yaml").write_text("extends: bomb.yaml\nname: a\n")
    assert "more than 100,000 values" in refuses("build", "given.yaml")


def test_a_long_chain_of_recipes_is_refused(refuses, tmp_path: Path):
    for number in range(200):
        (tmp_path / f"r{number}.yaml").write_text(f"extends: r{number + 1}.yaml\n")
    assert "a chain of more than 20 recipes" in refuses("build", "r0.yaml")


@pytest.mark.parametrize(
    ("item", "words"),
    [
        (".".join("a" * 3000) + "=1", ["--set", "more than 20 key parts"]),
        ("limit=" + "9" * 40, ["limit", "64 bits"]),
        ("name=" + "x" * 200_000, ["--set", "more than 100,000 characters"]),
        ('name="\\ud800"', ["name", "surrogate"]),
    ],
)
def test_a_hostile_override_is_refused(refuses, recipe_file, item: str, words: list[str]):
    recipe = recipe_file()
    line = refuses("build", recipe, "--set", item)
    assert [word for word in words if word not in line] == []
    assert len(line) < 1_000


def test_several_mistakes_are_reported_together(refuses, recipe_file):
    recipe = recipe_file(max_failed=7, limit=0, name="Two Words")
    line = refuses("build", recipe)
    assert [word for word in ("max_failed", "limit", "name") if word not in line] == []


@pytest.mark.parametrize(
    "key", ["answers.table", "mix.weights", "calibration", "templates.bank", "templates.translations"]
)
def test_a_pipe_or_a_device_as_a_side_file_is_refused_and_never_opened(refuses, recipe_file, tmp_path: Path, key: str):
    os.mkfifo(tmp_path / "pipe")
    recipe = recipe_file()
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        others = ["--set", "mix.mode=one_each", "--set", "score.scorers=[lexical]"]
        line = refuses("build", recipe, "--set", f"{key}={path}", *others)
        assert key.split(".")[0] in line
        assert "no regular file" in line
    (tmp_path / "pipe").unlink()


def test_a_cell_that_no_table_holds_is_refused(refuses, recipe_file, tmp_path: Path):
    (tmp_path / "answers.tsv").write_text(f"eng_Latn\tdeu_Latn\nred\t{'r' * 200_000}\n")
    recipe = recipe_file()
    line = refuses("build", recipe, "--set", "answers.table=answers.tsv")
    assert "131,072 characters" in line
    assert len(line) < 1_000


@pytest.mark.parametrize(
    ("fails", "words"),
    [
        ("CAST(lang AS INT) > 3", "conversion from `str` to `i32` failed"),
        ("NOT lang", "not supported"),
        (" OR ".join(["score_nmt_logprob < -1"] * 3000), "at most 5,000"),
        ("+".join(["1"] * 1000) + " > 0", "nested too deeply"),
    ],
)
def test_a_rule_that_would_fail_on_data_is_refused_before_anything_is_translated(
    refuses, recipe_file, fails: str, words: str
):
    recipe = recipe_file(filter={"user": {"mine": {"fails": fails}}})
    line = refuses("build", recipe)
    assert "filter.user.mine" in line
    assert words in line


def test_anchors_that_repeat_a_little_are_plain_yaml(glotmill, recipe_file):
    recipe = recipe_file()
    content = yaml.safe_load(Path(recipe).read_text())
    shared = yaml.safe_dump(content["sources"]["small"], default_flow_style=True).strip()
    text = yaml.safe_dump({key: value for key, value in content.items() if key != "sources"})
    Path(recipe).write_text(text + f"sources:\n  small: &small {shared}\n  again: *small\n")
    assert glotmill("build", recipe)[0] == 0
