"""``publish``, ``rollback``, ``pull`` and ``export``: what they refuse, say and answer in JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("publish", "nowhere", "--to", "x"), "nowhere: no such folder"),
        (("publish", "empty", "--to", "x"), "empty: no dataset there"),
        (("publish", "empty", "--to", "hf://ORG/NAME"), "--to hf://ORG/NAME: expected hf://datasets/ORG/NAME"),
        (("publish", "empty", "--to", "x", "--create-pr"), "--create-pr: a pull request is opened at the Hub"),
        (("publish", "empty"), "Missing option '--to'"),
        (("rollback", "v1", "--to", "x"), "x: no version v1 there"),
        (("rollback", "v1", "--to", "hf://datasets/o/n"), "HF_TOKEN is not set"),
        (("pull", "x", "new"), "x: no version there"),
        (("pull", "ftp://x", "new"), "PLACE ftp://x: expected"),
        (("export", "empty", "--format", "llava", "--to", "x"), "empty: no dataset there"),
    ],
)
def test_what_is_not_usable_is_one_line_and_leaves_nothing(refuses, arguments, words, tmp_path: Path, monkeypatch):
    monkeypatch.delenv("HF_TOKEN", raising=False)
    (tmp_path / "empty").mkdir()
    assert words in refuses(*arguments)


def test_a_dataset_goes_to_a_folder_comes_back_and_is_exported(glotmill, folder: Path, tmp_path: Path):
    code, out, _ = glotmill("publish", folder, "--to", "target", "--tag", "v1", "--json")
    outcome = json.loads(out)
    assert (code, outcome["committed"], outcome["revision"], outcome["tag"]) == (0, True, "1", "v1")
    code, out, err = glotmill("publish", folder, "--to", "target")
    assert (code, out.splitlines()[-1]) == (0, "nothing to do: target holds this dataset")
    assert "0 shards to send" in err
    (tmp_path / "target/README.md").unlink()
    for option, words in (("--dry-run", "dry run: would finish"), ("--tag=v1", "finished")):
        code, out, _ = glotmill("publish", folder, "--to", "target", option)
        assert (code, out.splitlines()[1]) == (0, f"{words}: README.md at target, for version 1")
    code, out, _ = glotmill("pull", "target@v1", "pulled", "--json")
    assert (code, json.loads(out)["whole"]) == (0, 0)
    code, out, err = glotmill("refilter", "pulled", "--set", "filter.user.long.fails=score_lexical_letters >= 30")
    assert code == 0, err
    assert "whole shards from" in err
    code, out, _ = glotmill("publish", "pulled", "--to", "target", "--json")
    assert (code, json.loads(out)["revision"]) == (0, "2")
    code, out, _ = glotmill("rollback", "v1", "--to", "target")
    assert (code, out.splitlines()[1]) == (0, "published: target at 3")
    code, out, _ = glotmill("export", "pulled", "--format", "swift", "--to", "swift", "--lang", "deu_Latn", "--json")
    told = json.loads(out)
    assert (code, told["rows"], told["refused"]) == (0, told["exported"]["train"], {})
    code, out, _ = glotmill("export", "pulled", "--format", "mblip", "--to", "mblip", "--all")
    assert out.splitlines()[0].endswith("exported + 0 refused")


@pytest.mark.parametrize("verb", ["publish", "rollback", "pull", "export"])
def test_help_has_an_example(glotmill, verb: str):
    code, out, _ = glotmill(verb, "--help")
    assert code == 0
    assert f"Example: glotmill {verb}" in " ".join(out.split())
