"""The command as people type it: exit codes, one-line errors, output for machines."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.cli import main


@pytest.fixture
def glotmill(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path):
    """Runs the command in this process: (exit code, standard output, standard error)."""
    monkeypatch.chdir(tmp_path)

    def go(*args: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["glotmill", *map(str, args)])
        with pytest.raises(SystemExit) as stop:
            main()
        out, err = capsys.readouterr()
        code = stop.value.code
        return code if isinstance(code, int) else 0 if code is None else 1, out, err

    return go


def refused(result: tuple[int, str, str], word: str, folder: Path) -> None:
    code, out, err = result
    assert code == 2, err
    assert out == ""
    assert err.startswith("error: ")
    assert err.count("\n") == 1, err
    assert word in err
    assert not (folder / "outputs").exists()
    assert not (folder / "memory").exists()


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["--set", "languages=[deu_Latin]"], "deu_Latin"),
        (["--set", "langauges=[deu_Latn]"], "langauges"),
        (["--set", "sources.small.path=nowhere.jsonl"], "nowhere.jsonl"),
        (["--set", "sources.small.path=."], "is a folder"),
        (["--set", "sources.small.format=gqa"], "samples.jsonl"),
        (["--set", "sources.small.format=coco_captions"], "samples.jsonl"),
        (["--set", "filter.round_trp.min_chrf=3"], "round_trp"),
        (["--set", "filter.round_trip.min_chrff=3"], "min_chrff"),
        (["--set", "filter.round_trip.min_chrf=300"], "300"),
        (["--set", "score.scorers=[lid]"], "lid"),
        (["--set", "answers.table=nowhere.tsv"], "nowhere.tsv"),
        (["--set", "translate={engine: nllb, device: cuda}"], "cuda"),
        (["--set", "translate={engine: nllb, compute_type: float16}"], "float16"),
        (["--set", "translate={engine: nllb, model: ./nowhere}"], "nowhere"),
        (["--set", "translate={engine: nllb}"], "swh_Latn"),
        (["--set", "limit=0"], "0"),
        (["--limit", "0"], "0"),
        (["--limit", "many"], "many"),
        (["--limt", "3"], "--limt"),
        (["--set", "nonsense"], "nonsense"),
    ],
)
def test_bad_input_is_one_line_that_names_the_word_and_nothing_is_written(
    glotmill, recipe_file, tmp_path: Path, options: list[str], word: str
):
    refused(glotmill("build", recipe_file(), *options), word, tmp_path)


def test_a_file_without_a_usable_row_leaves_nothing_behind(glotmill, recipe_file, tmp_path: Path, captions: Path):
    captions.write_text("[1, 2, 3]\nnot json\n")
    refused(glotmill("build", recipe_file()), "no usable row", tmp_path)


@pytest.mark.parametrize(
    ("args", "word"),
    [
        (["build", "nowhere.yaml"], "nowhere.yaml"),
        (["build"], "recipe"),
        (["buid", "x"], "buid"),
        (["--nope"], "--nope"),
    ],
)
def test_unknown_recipes_verbs_and_options_are_one_line(glotmill, tmp_path: Path, args: list[str], word: str):
    code, _, err = glotmill(*args)
    assert code == 2
    assert err.count("\n") == 1
    assert word in err


def test_a_recipe_that_asks_for_python_objects_runs_nothing(glotmill, tmp_path: Path):
    (tmp_path / "evil.yaml").write_text("name: !!python/object/apply:os.system ['touch pwned']\n")
    refused(glotmill("build", "evil.yaml"), "Python objects are refused", tmp_path)
    assert not (tmp_path / "pwned").exists()


def test_json_is_one_object_on_the_last_line_with_the_promised_keys(glotmill, recipe_file, tmp_path: Path):
    code, out, _ = glotmill("build", recipe_file(), "--json", "--limit", "5")
    result = json.loads(out.splitlines()[-1])
    assert code == 0
    assert result["dataset"] == str(tmp_path / "outputs/small/dataset")
    assert result["sources"] == {"small": {"read": 5, "samples": 5, "rejected": 0}}
    assert set(result["languages"]) == {"deu_Latn", "swh_Latn"}
    assert {"rows", "kept", "dropped", "failed"} <= set(result["languages"]["deu_Latn"])
    assert {"asked", "unique", "translated", "from_memory"} <= set(result["segments"])
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


def test_without_a_verb_the_verbs_are_listed(glotmill):
    code, out, _ = glotmill()
    assert code == 0
    assert "build" in out


def test_the_module_runs_as_a_command_and_a_hub_model_without_network_is_one_line(recipe_file, tmp_path: Path):
    command = [
        sys.executable,
        "-m",
        "engine.cli",
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
