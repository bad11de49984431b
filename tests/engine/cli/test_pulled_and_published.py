"""Every command that looks takes a pulled folder, and a published one, or says in one line what to do instead."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from glotmill.schemas.keys import file_sha256
from tests.engine.cli.conftest import Result

Glotmill = Callable[..., Result]


@pytest.fixture
def published(glotmill: Glotmill, folder: Path) -> Path:
    """The build of the test's folder, published to a folder of versions."""
    assert glotmill("publish", folder, "--to", folder.with_name("published"), "--tag", "v1")[0] == 0
    return folder.with_name("published")


@pytest.fixture
def pulled(glotmill: Glotmill, published: Path) -> Path:
    """The published build, pulled without its shards."""
    assert glotmill("pull", published, published.with_name("pulled"))[0] == 0
    assert not here(published.with_name("pulled"))
    return published.with_name("pulled")


def here(pulled: Path) -> list[str]:
    return sorted(path.relative_to(pulled / "dataset").as_posix() for path in pulled.rglob("train-*.parquet")
                  if "scores" not in path.parts)  # fmt: skip


def answer(glotmill: Glotmill, *args: object, code: int = 0) -> dict:
    found, out, err = glotmill(*args, "--json")
    assert found == code, err
    return json.loads(out)


def test_a_pulled_folder_is_sound_and_says_what_is_not_here(glotmill: Glotmill, pulled: Path, published: Path):
    found = answer(glotmill, "verify", pulled)
    assert (found["sound"], found["rows"], found["bytes"]) == (True, 84, 0)
    assert len(found["elsewhere"]) == found["shards"] == 6
    assert found["origin"] == f"{published}@1"
    code, out, _ = glotmill("verify", pulled, "--deep")
    assert code == 0
    assert f"not here: 6 shards, left at {published}@1" in out
    assert "sound: 84 rows in 6 shards, 0 bytes" in out


def test_what_is_wrong_in_pulled_columns_is_a_problem(glotmill: Glotmill, pulled: Path):
    first, second, *_ = sorted((pulled / "scores").rglob("*.parquet"))
    first.write_bytes(second.read_bytes())
    found = answer(glotmill, "verify", pulled, code=1)
    assert ["not the file that was pulled" in problem["what"] for problem in found["problems"]] == [True]


def test_pulled_columns_that_give_another_verdict_are_found(glotmill: Glotmill, pulled: Path):
    noted = json.loads((pulled / "pulled.json").read_text())
    file = min((pulled / "scores").rglob("*.parquet"))
    pl.read_parquet(file).with_columns(keep=~pl.col("keep")).write_parquet(file)
    noted["columns"][f"data/{file.relative_to(pulled / 'scores').as_posix()}"]["sha256"] = file_sha256(file)
    (pulled / "pulled.json").write_text(json.dumps(noted))
    said = " ".join(problem["what"] for problem in answer(glotmill, "verify", pulled, code=1)["problems"])
    assert "verdicts are not those that the stored scores give" in said


def test_show_fetches_the_shards_of_the_rows_that_it_shows_and_no_other(glotmill: Glotmill, pulled: Path, folder: Path):
    """The rows are those that it shows where the build was made."""
    code, out, err = glotmill("show", pulled, "-n", 1, "--lang", "swh_Latn")
    assert (code, len(here(pulled))) == (0, 1), err
    assert "1 of 42 rows" in out
    assert "1 whole shards from" in err
    for options in ((), ("--source", "small"), ("--verdict", "kept", "--sort", "score_round_trip_chrf")):
        found, expected = (answer(glotmill, "show", place, "-n", 5, *options) for place in (pulled, folder))
        assert found == expected
        assert found["rows"]


def test_report_fetches_the_shards_first(glotmill: Glotmill, pulled: Path):
    code, _, err = glotmill("report", pulled)
    assert (code, len(here(pulled))) == (0, 6), err
    assert "6 whole shards from" in err
    assert (pulled / "report.html").stat().st_size > 50_000


def test_explain_fetches_the_shard_of_its_record(glotmill: Glotmill, pulled: Path, folder: Path):
    record = answer(glotmill, "show", folder, "-n", 1)["rows"][0]["record_id"]
    found, expected = (answer(glotmill, "explain", place, record[:10]) for place in (pulled, folder))
    assert found == expected
    assert here(pulled) == [found["shard"]["path"]]


def test_a_shard_that_is_missing_in_a_build_is_named_in_one_line(glotmill: Glotmill, folder: Path):
    next((folder / "dataset/data/deu_Latn").iterdir()).unlink()
    for verb in ("show", "report"):
        code, _, err = glotmill(verb, folder)
        assert (code, err.count("\n")) == (2, 1)
        assert "the shard is missing; build again" in err


@pytest.mark.parametrize("verb", ["status", "traceback"])
def test_a_pulled_folder_had_no_run_and_says_where_it_came_from(verb: str, glotmill: Glotmill, pulled: Path):
    code, _, err = glotmill(verb, pulled)
    assert code == 2
    assert "it was pulled from" in err


@pytest.mark.parametrize("version", ["", "@1", "@v1"])
def test_verify_diff_and_explain_take_a_published_folder(
    version: str, glotmill: Glotmill, folder: Path, published: Path
):
    place = f"{published}{version}"
    found = answer(glotmill, "verify", place, "--deep")
    assert (found["sound"], found["rows"], found["dataset"]) == (True, 84, f"{published}@1")
    assert answer(glotmill, "diff", folder, place)["same"]
    record = answer(glotmill, "show", folder, "-n", 1)["rows"][0]["record_id"]
    assert answer(glotmill, "explain", place, record) == answer(glotmill, "explain", folder, record)


def test_two_published_versions_are_compared(glotmill: Glotmill, make: Callable[..., Path], published: Path):
    assert glotmill("publish", make("stricter"), "--to", published, "--tag", "v2")[0] == 0
    found = answer(glotmill, "diff", f"{published}@v1", published, "--rows", code=3)
    assert found["flips"]
    assert answer(glotmill, "verify", f"{published}@v1")["sound"]
    assert answer(glotmill, "verify", published)["dataset"] == f"{published}@2"


def test_what_is_wrong_in_a_published_folder_is_named_by_its_name_in_the_dataset(glotmill: Glotmill, published: Path):
    shard, *_ = sorted((published / "data/deu_Latn").iterdir())
    shard.write_bytes(shard.read_bytes()[:-1])
    (card,) = published.glob("README-*.md")
    card.write_text(card.read_text() + "\n")
    (manifest,) = published.glob("manifest-*.json")
    manifest.write_bytes(manifest.read_bytes() + b"\n")
    found = answer(glotmill, "verify", published, code=1)
    files = {problem["file"] for problem in found["problems"]}
    assert files >= {"data/deu_Latn/train-00000.parquet", "README.md", "manifest.json"}
    assert "/tmp/glotmill-" not in json.dumps(found)


def test_no_message_names_the_folder_that_a_version_is_read_in(refuses: Callable[..., str], published: Path):
    (manifest,) = published.glob("manifest-*.json")
    manifest.unlink()
    assert f"error: {published}@1: manifest.json is missing there" in refuses("verify", published)
    assert "no version v9 there; it has 1 to 1" in refuses("verify", f"{published}@v9")


@pytest.mark.parametrize(
    "words",
    [("show",), ("report",), ("refilter",), ("publish", "--to", "x"), ("export", "--format", "llava", "--to", "x")],
)
def test_a_command_that_works_on_a_build_says_how_to_bring_a_published_folder(
    words: tuple[str, ...], refuses: Callable[..., str], published: Path
):
    verb, *options = words
    assert f"glotmill pull {published} DIR brings its dataset" in refuses(verb, published, *options)


@pytest.mark.parametrize("verb", ["verify", "diff", "explain"])
def test_an_address_of_another_machine_is_refused_with_what_brings_it_here(verb: str, refuses: Callable[..., str]):
    other = {"verify": [], "diff": ["x"], "explain": ["r1:0"]}[verb]
    assert "glotmill pull s3://bucket/set DIR brings the dataset" in refuses(verb, "s3://bucket/set", *other)
