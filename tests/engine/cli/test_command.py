"""The command as people type it: exit codes, and output for people and machines (bad input: test_bad_input.py)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from typer.main import get_command

from glotmill.engine.cli.app import app


def test_json_is_one_object_on_the_last_line_with_the_promised_keys(glotmill, recipe_file, tmp_path: Path):
    code, out, _ = glotmill("build", recipe_file(), "--json", "--limit", "5")
    result = json.loads(out.splitlines()[-1])
    assert code == 0
    assert result["dataset"] == str(tmp_path / "outputs/small/dataset")
    assert result["sources"] == {"small": {"read": 5, "samples": 5, "rejected": 0, "images": {}}}
    assert set(result["languages"]) == {"deu_Latn", "swh_Latn"}
    assert {"rows", "kept", "dropped", "failed"} <= set(result["languages"]["deu_Latn"])
    assert {"requested", "unique", "translated", "from_memory"} <= set(result["segments"])
    assert {"ingest", "translate", "pack"} <= set(result["seconds"])


def test_a_build_tells_people_the_balance_and_where_the_data_lies(glotmill, recipe_file, tmp_path: Path):
    code, out, err = glotmill("build", recipe_file(), "--out", "mine")
    assert code == 0
    assert str(tmp_path / "mine/dataset") in out.replace("\n", "")
    assert "deu_Latn" in out
    assert "translate: " in err


def test_more_failed_records_than_allowed_exit_with_one_and_say_how_many(glotmill, recipe_file):
    recipe = recipe_file(translate={"engine": "fake", "fault": "empty", "fault_every": 4})
    code, out, err = glotmill("build", recipe, "--json")
    failed = sum(sum(c["failed"].values()) for c in json.loads(out.splitlines()[-1])["languages"].values())
    assert code == 1
    assert f"{failed} of 80 records failed" in err


def test_a_language_without_a_kept_row_is_named(glotmill, recipe_file):
    recipe = recipe_file(
        translate={"engine": "fake", "fault": "empty"}, languages=["eng_Latn", "swh_Latn"], max_failed=1
    )
    code, out, _ = glotmill("build", recipe)
    assert code == 0
    assert "no kept row, and so no config of kept rows: swh_Latn" in out


def test_help_shows_an_example(glotmill):
    code, out, _ = glotmill("build", "--help")
    assert code == 0
    assert "Example: glotmill build" in out


@pytest.mark.parametrize("width", ["40", "60", "80", "200"])
@pytest.mark.parametrize("group", [[], ["memory"]])
def test_help_shows_the_whole_summary_of_every_command(glotmill, monkeypatch, group: list[str], width: str):
    monkeypatch.setenv("COLUMNS", width)
    shown = "".join(glotmill(*group, "--help")[1].split())
    assert "..." not in shown.replace("[ARGS]...", "")
    command = get_command(app)
    for name in group:
        command = command.commands[name]
    summaries = [one.help.split("\n\n")[0].split(". ")[0] for one in command.commands.values()]
    assert [summary for summary in summaries if "".join(summary.split()) not in shown] == []


def test_help_shows_the_whole_text_of_every_option(glotmill, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    command = get_command(app)
    commands = command.commands | {f"memory {name}": one for name, one in command.commands["memory"].commands.items()}
    for name, one in commands.items():
        shown = " ".join(glotmill(*name.split(), "--help")[1].split())
        helps = [parameter.help for parameter in one.params if getattr(parameter, "help", None)]
        assert [text for text in helps if " ".join(text.split()) not in shown] == [], name


@pytest.mark.parametrize("width", ["40", "60"])
def test_a_narrow_terminal_shows_every_reason_code_of_a_build(glotmill, monkeypatch, recipe_file, width: str):
    for name, value in {"FORCE_COLOR": "1", "NO_COLOR": "1", "COLUMNS": width}.items():
        monkeypatch.setenv(name, value)
    rules = {"user": {"an_own_rule_with_a_name": {"fails": "score_nmt_logprob < -0.5"}}}
    faults = {"engine": "fake", "fault": "empty", "fault_every": 4}
    code, out, _ = glotmill(
        "build", recipe_file(translate=faults, filter=rules, score={"scorers": ["nmt"]}, max_failed=1)
    )
    assert code == 0
    assert "user.an_own_rule_with_a_name" in out
    assert "empty_output" in out
    assert "…" not in out


def test_without_a_verb_the_verbs_are_listed(glotmill):
    code, out, _ = glotmill()
    assert code == 0
    assert "build" in out


def test_the_module_runs_as_a_command_and_a_hub_model_without_network_is_one_line(recipe_file, tmp_path: Path):
    command = [
        sys.executable,
        "-m",
        "glotmill",
        "build",
        str(recipe_file()),
        "--set",
        "translate={engine: nllb, model: org/m}",
    ]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=tmp_path, env={**os.environ, "HF_HUB_OFFLINE": "1"}
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "org/m" in done.stderr
    assert not (tmp_path / "outputs").exists()


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["--set", "name=2020/13/45"], "2020/13/45"),
        (["--set", "limit=!!int x"], "limit"),
        (["--set", f"name={'[' * 5000}"], "--set"),
        (["--set", "sources.small.path=~nosuchuser/x"], "nosuchuser"),
        (["--set", 'languages=["deu\\nLatn"]'], "Latn"),
        (["--memory", "recipe.yaml"], "--memory"),
    ],
)
def test_odd_input_is_one_line_and_no_traceback(refuses, recipe_file, options: list[str], word: str):
    assert word in refuses("build", recipe_file(), *options)


@pytest.mark.parametrize(
    "content", [b"eng_Latn\nred\n", b"\neng_Latn\tdeu_Latn\n", b"eng_Latn\tdeu_Latn\nred\tr\xe4t\n",
                b"eng_Latn\tdeu_Latn\tdeu_Latn\nred\trot\trot\n"]
)  # fmt: skip
def test_an_odd_answer_table_is_one_line(refuses, recipe_file, tmp_path: Path, content: bytes):
    (tmp_path / "t.tsv").write_bytes(content)
    assert "t.tsv" in refuses("build", recipe_file(answers={"table": str(tmp_path / "t.tsv")}))


@pytest.mark.parametrize(
    ("images", "reason"),
    [
        ({"images": [{"uri": "a", "width": 3_000_000_000}]}, "out_of_range.width"),
        ({"images": [{"uri": "a", "width": -1}]}, "bad_image_size"),
        ({"images": ["a"], "image": "b"}, "image_and_images"),
        ({"images": ""}, "wrong_type.images"),
    ],
)
def test_odd_images_reject_their_row_and_not_the_build(glotmill, recipe_file, captions, tmp_path, images, reason):
    row = {"id": "odd", "task": "caption", "caption": "A dog.", **images}
    captions.write_text(captions.read_text() + json.dumps(row) + "\n")
    code, out, _ = glotmill("build", recipe_file(), "--json")
    assert code == 0
    assert json.loads(out.splitlines()[-1])["sources"]["small"]["rejected"] == 1
    rejected = pl.read_parquet(tmp_path / "outputs/small/samples/rejected.parquet")
    assert rejected["reason"].to_list() == [reason]
