"""The verbs that look into datasets: what they print, as JSON and for people, and their exit codes."""

from __future__ import annotations

import json

import polars as pl
import pytest

from glotmill.engine.commands.refilter import refilter


@pytest.fixture
def record(small_build) -> str:
    """The id of a record that a rule rejects."""
    rows = pl.read_parquet(sorted((small_build / "dataset/data/deu_Latn").glob("*.parquet")))
    return rows.filter(pl.col("filter_reasons").list.contains("user.unsure"))["record_id"][0]


def test_diff_of_equal_and_of_different_datasets(glotmill, small_build, built_once):
    first = built_once / "small"
    assert glotmill("diff", first, small_build) == (0, "nothing differs\n", "")
    refilter(small_build, overrides=("filter.nmt.min_logprob=-0.9",))
    code, out, _ = glotmill("diff", first, small_build, "--rows", "-n", 2)
    lines = out.splitlines()
    assert code == 3
    assert lines[0] == "filter: filter.nmt.min_logprob -1000 → -0.9"
    assert any(line.startswith("deu_Latn: kept ") and " → " in line for line in lines)
    assert any(line.startswith("changed    data/deu_Latn/train-0000") for line in lines)
    assert any(line.endswith("records kept → nmt.logprob") for line in lines)
    assert sum(line.startswith("  r1:") for line in lines) >= 2
    code, out, _ = glotmill("diff", first, small_build, "--json")
    found = json.loads(out)
    assert (code, found["same"], found["flips"]) == (3, False, None)


def test_diff_refuses_what_it_cannot_compare(refuses, small_build):
    assert "no dataset there" in refuses("diff", small_build, "nowhere")
    assert "-n 3: expected a number of records to name, together with --rows" in refuses(
        "diff", small_build, small_build, "-n", 3
    )


def test_explain_is_a_page(glotmill, small_build, record):
    code, out, err = glotmill("explain", small_build, record)
    assert (code, err) == (0, "")
    assert out.startswith(f"{record}  deu_Latn  ")
    for part in (
        "source     dataset small, ", "made by    engines fake", "back-translation", "eng_Latn → deu_Latn: ",
        "machine, by fake, attempt 1, log-probability -", "nmt_logprob ", "nmt.logprob: min_logprob -1000, passes",
        "verdict    not kept: user.unsure", "user.doubtful (warns): fails", "shard      data/deu_Latn/train-0000",
        "\n  translate  ",
    ):  # fmt: skip
        assert part in out
    assert out.count("\n") < 60
    code, out, _ = glotmill("explain", small_build, record, "--json")
    assert (code, json.loads(out)["record"]["record_id"]) == (0, record)


def test_explain_prints_nothing_that_a_terminal_obeys(glotmill, small_build):
    path = small_build / "dataset/data/deu_Latn/train-00000.parquet"
    rows = pl.read_parquet(path)
    evil = pl.col("source_messages").list.eval(
        pl.struct(pl.element().struct.field("role"), content=pl.lit("a\x1b[2Jb\rc[bold]"))
    )
    rows.with_columns(source_messages=evil).write_parquet(path)
    code, out, _ = glotmill("explain", small_build, rows["record_id"][0])
    assert code == 0
    assert "\x1b" not in out
    assert "\r" not in out
    assert "a<U+001B>[2Jb<U+000D>c[bold]" in out


def test_explain_takes_the_beginning_of_an_id(glotmill, refuses, small_build, record):
    code, out, _ = glotmill("explain", small_build, record[:14])
    assert code == 0
    assert record in out
    assert "no such record" in refuses("explain", small_build, "r1:zzz")


def test_verify_of_a_sound_and_of_a_broken_dataset(glotmill, small_build):
    code, out, _ = glotmill("verify", small_build, "--deep")
    assert code == 0
    assert out.startswith("sound: 80 rows in 6 shards, ")
    (small_build / "dataset/data/mine.txt").write_text("x")
    code, out, _ = glotmill("verify", small_build)
    assert code == 1
    assert out.startswith("data/mine.txt: no manifest names it\n1 problems: 80 rows")
    code, out, err = glotmill("verify", small_build, "--json")
    found = json.loads(out)
    assert (code, found["sound"], err) == (1, False, "")
    assert found["problems"] == [{"file": "data/mine.txt", "what": "no manifest names it"}]


def test_verify_without_a_dataset_is_one_line(refuses, tmp_path):
    assert "no dataset there" in refuses("verify", tmp_path)


def test_gc_names_first_and_deletes_on_demand(glotmill, small_build):
    (small_build / "dataset/data/mine.txt").write_text("x")
    code, out, _ = glotmill("gc")
    assert code == 0
    assert "1 bytes  outputs/small/dataset/data/mine.txt  (in the dataset, but no manifest names it)" in out
    assert out.endswith("1 bytes in 1 places to delete; nothing was deleted, --yes does it\n")
    code, out, _ = glotmill("gc", "outputs", "--memory", "outputs/.memory", "--json")
    assert (code, json.loads(out)["bytes"], json.loads(out)["deleted"]) == (0, 1, False)
    code, out, _ = glotmill("gc", small_build, "--yes")
    assert (code, out.endswith("1 bytes in 1 places deleted\n")) == (0, True)
    assert not (small_build / "dataset/data/mine.txt").exists()


def test_gc_refuses_what_it_cannot_use(refuses, small_build):
    assert "no build there" in refuses("gc", "nowhere")
    assert "--keep-runs 0: expected 1 or more" in refuses("gc", "outputs", "--keep-runs", 0)
    assert "--memory" in refuses("gc", "outputs", "--memory", "nowhere")


@pytest.mark.parametrize("verb", ["diff", "explain", "verify", "gc"])
def test_help_has_an_example_and_the_exit_codes(glotmill, verb):
    code, out, _ = glotmill(verb, "--help")
    assert code == 0
    assert f"Example: glotmill {verb} " in " ".join(out.split())
    assert "Exit codes: 0 " in " ".join(out.split())
