"""The commands that look at a build: report, show, status, traceback."""

from __future__ import annotations

import fcntl
import json
import re
import shutil
from pathlib import Path

import polars as pl
import pytest
import yaml

from glotmill.engine.commands.build import build
from glotmill.engine.commands.job import prepare
from glotmill.engine.commands.load_recipe import load_recipe
from glotmill.engine.runs.progress import ProgressReport

FAULTY = {"engine": "fake", "fault": "empty", "fault_every": 5, "batch_tokens": 128, "unit_tokens": 256}
POISONED = {"engine": "fake", "poison": "umbrella", "batch_tokens": 128, "unit_tokens": 256}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build with kept, dropped and failed rows."""
    folder = tmp_path_factory.mktemp("built")
    rows = [
        {"id": str(n), "task": "caption", "image": f"{n}.jpg", "caption": f"Dog {n} runs on the grass."}
        for n in range(40)
    ]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    recipe = {
        "name": "small",
        "sources": {"small": {"format": "jsonl", "path": "rows.jsonl", "license": "cc0-1.0"}},
        "languages": ["deu_Latn", "swh_Latn"],
        "translate": FAULTY,
        "score": {"scorers": ["integrity", "nmt", "round_trip"]},
        "filter": {"nmt": {"min_logprob": -0.5}},
        "workers": 0,
        "max_failed": 1,
    }
    (folder / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    job = prepare(load_recipe(str(folder / "recipe.yaml")), out=folder / "small", memory=folder / "memory")
    return build(job, ProgressReport()).dataset.parent


@pytest.fixture
def folder(built: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(built, tmp_path / "outputs" / "small"))


def records(folder: Path) -> pl.DataFrame:
    return pl.read_parquet(sorted((folder / "dataset").glob("data/*/*.parquet")), glob=False)


def test_report_writes_the_page_and_says_where(glotmill, folder: Path):
    (folder / "report.html").unlink()
    code, out, _ = glotmill("report", folder, "--json")
    assert code == 0
    assert json.loads(out) == {"report": str(folder / "report.html"), "bytes": (folder / "report.html").stat().st_size}


@pytest.mark.parametrize("verb", ["report", "show", "status", "traceback"])
def test_what_is_no_build_is_refused(refuses, verb: str, tmp_path: Path):
    (tmp_path / "empty").mkdir()
    assert "empty: no" in refuses(verb, "empty")
    assert "nowhere: no" in refuses(verb, "nowhere")


def test_show_gives_the_worst_rows_of_a_language_and_a_reason(glotmill, folder: Path):
    code, out, _ = glotmill(
        "show",
        folder,
        "--lang",
        "swh_Latn",
        "--reason",
        "nmt.logprob",
        "--sort",
        "score_nmt_logprob",
        "-n",
        "3",
        "--json",
    )
    found = json.loads(out)
    own = records(folder).filter(
        (pl.col("lang") == "swh_Latn") & pl.col("filter_reasons").list.contains("nmt.logprob")
    ).sort("score_nmt_logprob")  # fmt: skip
    assert code == 0
    assert found["found"] == own.height > 3
    assert [row["record_id"] for row in found["rows"]] == own["record_id"].head(3).to_list()


def test_show_puts_source_translation_and_way_back_side_by_side(glotmill, folder: Path):
    code, out, _ = glotmill("show", folder, "--lang", "deu_Latn", "--verdict", "kept", "-n", "2")
    kept = int(records(folder).filter(pl.col("lang") == "deu_Latn")["keep"].sum())
    assert code == 0
    assert out.count("translated back") == 2
    assert "ˈdeu" in out
    assert f"2 of {kept} rows" in out
    assert [line for line in out.splitlines() if line != line.rstrip()] == []
    assert re.search(r"^assistant\tDog \d+ runs on the grass\.\t[^\t]*ˈdeu[^\t]*\tDog[^\t]*$", out, re.MULTILINE)


def test_show_prints_failed_rows_without_a_translation(glotmill, folder: Path):
    failed = int((records(folder)["row_status"] == "failed").sum())
    code, out, _ = glotmill("show", folder, "--verdict", "failed", "--reason", "empty_output", "-n", "1")
    assert code == 0
    assert f"1 of {failed} rows" in out


@pytest.mark.parametrize(
    ("option", "word", "hint"),
    [
        ("--sort", "score_nmt_logprop", "did you mean 'score_nmt_logprob'"),
        ("--lang", "deu_Lat", "did you mean 'deu_Latn'"),
        ("--reason", "nmt.logprop", "did you mean 'nmt.logprob'"),
    ],
)
def test_show_names_the_nearest_word(folder: Path, refuses, option: str, word: str, hint: str):
    assert hint in refuses("show", folder, option, word)


def test_text_of_strangers_does_not_command_the_terminal(glotmill, recipe_file, captions: Path):
    rows = [{"id": "x", "task": "caption", "image": "x.jpg", "caption": "A \x1b[31mred\x1b[0m dog \u202e here."}]
    captions.write_text("".join(json.dumps(row) + "\n" for row in rows))
    glotmill("build", recipe_file(max_failed=1), "--out", "mine")
    code, out, _ = glotmill("show", "mine", "-n", "1")
    assert code == 0
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert "<U+001B>[31mred" in out


def test_status_of_a_finished_build_tells_its_stages(glotmill, folder: Path):
    code, out, _ = glotmill("status", folder)
    assert code == 0
    assert out.startswith(f"{folder}: finished\n")
    assert "pack: 80 of 80 records" in out
    found = json.loads(glotmill("status", folder, "--json")[1])
    assert (found["is"], [stage["name"] for stage in found["stages"]]) == (
        "finished", ["segment", "translate", "back", "pack"])  # fmt: skip
    assert found["segments_failed"] > 0


def test_status_tells_a_running_build_from_a_killed_one(glotmill, folder: Path):
    (run,) = (folder / "runs").iterdir()
    (run / "finished.json").unlink()
    assert json.loads(glotmill("status", folder, "--json")[1])["is"] == "killed"
    with (folder / ".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert json.loads(glotmill("status", folder, "--json")[1])["is"] == "running"


def test_a_build_that_failed_says_so_and_traceback_shows_why(glotmill, recipe_file):
    recipe = recipe_file(translate={**POISONED, "poison": "a"})
    code, _, _ = glotmill("build", recipe)
    assert code == 1
    assert glotmill("status", "outputs/small")[1].startswith("outputs/small: failed (WorkerError: ")
    code, out, _ = glotmill("traceback", "outputs/small")
    assert code == 0
    assert "TranslatorError: the fake engine cannot bear 'a'" in out
    assert "    Traceback (most recent call last):" in out
    assert "the run ended: WorkerError" in out


def test_traceback_prints_the_texts_that_were_given_up(glotmill, recipe_file):
    glotmill("build", recipe_file(translate=POISONED, max_failed=1))
    code, out, _ = glotmill("traceback", "outputs/small")
    assert code == 0
    assert "given up, unit" in out
    assert "\n    an umbrella\n" in out
    (run,) = json.loads(glotmill("traceback", "outputs/small", "--json")[1])["runs"]
    assert {text["target_lang"] for text in run["given_up"]} == {"deu_Latn", "swh_Latn"}


def test_show_gives_the_rows_of_a_source_and_a_task(glotmill, refuses, folder: Path):
    everything = records(folder)
    for options, found in (
        (["--source", "small"], everything.height),
        (["--task", "caption"], everything.height),
        (["--source", "small", "--task", "caption", "--lang", "deu_Latn"], everything.height // 2),
    ):
        code, out, _ = glotmill("show", folder, "-n", 1, "--json", *options)
        assert (code, json.loads(out)["found"]) == (0, found)
    assert "did you mean 'small'" in refuses("show", folder, "--source", "smal")
    assert "did you mean 'caption'" in refuses("show", folder, "--task", "captions")


def test_show_tells_sources_of_one_dataset_apart(glotmill, recipe_file, captions: Path, tmp_path: Path):
    (tmp_path / "more.jsonl").write_text("".join(captions.read_text().splitlines(keepends=True)[:3]))
    form = {"format": "jsonl", "license": "cc0-1.0", "dataset": "org/set"}
    sources = {
        "a": {**form, "path": str(captions)},
        "b": {**form, "path": str(tmp_path / "more.jsonl"), "split": "val"},
    }
    glotmill("build", recipe_file(sources=sources, languages=["deu_Latn"]), "--out", "two")
    rows = {
        name: json.loads(glotmill("show", "two", "-n", 1, "--json", "--source", name)[1])["found"]
        for name in ("a", "b", "org/set", "org/set:val")
    }
    assert rows["b"] == rows["org/set:val"] == 3
    assert rows["org/set"] == rows["a"] + 3
