"""What each source and task keeps: counted with the shards, balanced, and loud where it is almost nothing."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pytest
from rich.console import Console

from glotmill.engine.cli.build_page import print_summary
from glotmill.engine.commands.refilter import refilter
from glotmill.engine.commands.summary import BuildSummary
from glotmill.engine.commands.verify.verify_dataset import verify
from glotmill.engine.dataset.keep_rates import KeepRates
from glotmill.engine.dataset.manifest import read_manifest
from glotmill.engine.dataset.row_counts import GroupCount, count_rows, read_countable
from glotmill.engine.dataset.shards import Shard
from glotmill.engine.publish.addresses import parse_place
from glotmill.engine.publish.origin import open_origin
from glotmill.engine.publish.pull import pull
from glotmill.engine.report import report_data
from glotmill.engine.report.finished_build import open_build
from glotmill.engine.runs.progress import ProgressReport
from glotmill.schemas.keys import bytes_sha256

HELD = Path(__file__).parent.parent.parent / "fixtures" / "round_two"
QUIET = ProgressReport()
SOURCES = [
    {"name": "talks", "dataset": "org/talks", "config": "default", "split": "train"},
    {"name": "odd", "dataset": "org/odd", "config": "en", "split": "val"},
]


def shard(*groups: GroupCount) -> Shard:
    rows, kept = sum(group.rows for group in groups), sum(group.kept for group in groups)
    return Shard("data/x/train-00000.parquet", "", 0, rows, kept, {}, {}, {}, {}, [], "", "", {}, {}, list(groups), {})


def group(source: str, task: str, kept: int, dropped: int = 0, **reasons: int) -> GroupCount:
    lost = {**({"a.rule": dropped} if dropped else {}), **reasons}
    return GroupCount(source, task, kept + sum(lost.values()), kept, lost, {})


def test_balances_are_added_up_over_languages_by_source_and_by_task():
    german = shard(group("org/talks", "vqg", 3, 1), group("org/odd:en:val", "vqg", 0, 9))
    french = shard(group("org/talks", "caption", 5), group("org/talks", "vqg", 2, 2))
    rates = KeepRates.of({"deu_Latn": [german], "fra_Latn": [french]}, SOURCES)
    assert {key: (kept.rows, kept.kept) for key, kept in rates.by("source", "task").items()} == {
        ("odd", "vqg"): (9, 0),
        ("talks", "caption"): (5, 5),
        ("talks", "vqg"): (8, 5),
    }
    assert rates.by("source")["talks",].dropped == {"a.rule": 3}
    assert rates.by("task")["vqg",].rows == 17


def test_a_source_that_keeps_almost_nothing_in_a_language_has_one_loud_line():
    found = {
        "deu_Latn": [shard(group("org/talks", "vqg", 1, 30), group("org/odd:en:val", "vqg", 99, 1))],
        "fra_Latn": [shard(group("org/talks", "vqg", 30, 1))],
        "swh_Latn": [shard(group("org/talks", "vqg", 0, 2))],
    }
    assert KeepRates.of(found, SOURCES).warnings() == [
        "almost nothing kept: source talks keeps under 5% in swh_Latn (0 of 2), deu_Latn (1 of 31); "
        "most lost to a.rule (32)"
    ]


def test_the_line_names_some_languages_and_counts_the_others():
    langs = {f"l{number:02}": [shard(group("org/talks", "vqg", 0, 2))] for number in range(30)}
    (line,) = KeepRates.of(langs, SOURCES).warnings()
    assert "l07 (0 of 2) and 22 more languages" in line
    assert "l08" not in line


def test_withdrawn_records_are_in_no_rate():
    (kept,) = KeepRates.of({"l": [shard(group("org/talks", "vqg", 1, withdrawn=99))]}, SOURCES).by("source").values()
    assert (kept.rows, kept.rate, kept.low) == (100, 1.0, False)
    gone = KeepRates.of({"l": [shard(group("org/talks", "vqg", 0, withdrawn=9))]}, SOURCES)
    assert gone.by("source")["talks",].rate is None
    assert gone.warnings() == []


def test_sources_that_rows_cannot_tell_apart_keep_their_datasets_name():
    twice = [*SOURCES, {**SOURCES[0], "name": "again"}]
    assert list(KeepRates.of({"l": [shard(group("org/talks", "vqg", 1))]}, twice).by("source")) == [("org/talks",)]


def test_rows_that_nobody_counted_are_named():
    old = replace(shard(group("org/talks", "vqg", 7)), groups=None)
    rates = KeepRates.of({"l": [old]}, SOURCES)
    assert (rates.cells, rates.not_counted) == ({}, 7)


RULE = {"fails": "score_lexical_letters < 5", "action": "reject"}  # the answer "dog" has three


def good(number: int) -> dict[str, Any]:
    return {"id": str(number), "task": "caption", "image": f"{number}.jpg", "caption": f"Dog {number} runs."}


def bad(number: int) -> dict[str, Any]:
    question = f"What is number {number}?"
    return {"id": str(number), "task": "vqa_open", "image": f"{number}.jpg", "question": question, "answers": ["dog"]}


@pytest.fixture
def two(recipe_file, tmp_path: Path) -> Callable[..., Path]:
    """The recipe of two sources, one of which a rule rejects whole."""
    for name, row in (("good", good), ("bad", bad)):
        lines = [json.dumps(row(number)) for number in range(12)]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(lines) + "\n")
    form = {"format": "jsonl", "license": "cc0-1.0"}
    return lambda **changes: recipe_file(
        **{
            "sources": {
                "good": {**form, "path": str(tmp_path / "good.jsonl")},
                "bad": {**form, "path": str(tmp_path / "bad.jsonl"), "dataset": "org/bad", "split": "val"},
            },
            "translate": {"engine": "fake", "fault": "empty", "fault_every": 5},
            "score": {"scorers": ["integrity", "lexical"]},
            "filter": {"user": {"short": RULE}},
            "max_failed": 1,
            **changes,
        }
    )


def balanced(summary: BuildSummary) -> bool:
    """Whether rows = kept + dropped + failed for each source, task and language, and all of them are the languages'."""
    cells = summary.rates.cells
    for kept in (*cells.values(), *summary.rates.by("source").values(), *summary.rates.by("task").values()):
        assert kept.rows == kept.kept + sum(kept.dropped.values()) + sum(kept.failed.values())
    for lang, count in summary.languages.items():
        own = [kept for (*_, other), kept in cells.items() if other == lang]
        assert sum(kept.rows for kept in own) == count.rows
        assert sum(kept.kept for kept in own) == count.kept
        assert sum((Counter(kept.dropped) for kept in own), Counter()) == count.dropped
        assert sum((Counter(kept.failed) for kept in own), Counter()) == count.failed
    return True


def test_a_build_says_it_in_summary_json_report_and_card(two, run):
    summary = run(two())
    assert balanced(summary)
    rows = pl.read_parquet(summary.dataset / "data/*/*.parquet")
    kept = dict(rows.group_by(pl.col("source").struct.field("dataset")).agg(pl.col("keep").sum()).iter_rows())
    assert {name: found.kept for (name,), found in summary.rates.by("source").items()} == {
        "good": kept["good"],
        "bad": 0,
    }
    console = Console(width=500, record=True, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123
    print_summary(summary, console)
    told = console.export_text()
    assert re.search(rf"^good +caption +24 +{kept['good']} ", told, re.MULTILINE)
    warning = "almost nothing kept: source bad keeps under 5% in deu_Latn (0 of 12), swh_Latn (0 of 12)"
    assert warning in told
    found = json.loads(orjson.dumps(summary.as_json()))["keep_rates"]
    assert [(row["source"], row["rate"], row["low"]) for row in found["by_source"]] == [
        ("bad", 0.0, True), ("good", kept["good"] / 24, False)]  # fmt: skip
    assert {row["task"]: row["rows"] for row in found["by_task"]} == {"caption": 24, "vqa_open": 24}
    assert len(found["by_source_and_language"]) == 4
    data = report_data(open_build(summary.dataset.parent, "report"))["rates"]
    assert [(row["source"], row["task"], row["kept"]) for row in data["rows"]] == [
        ("bad", "vqa_open", 0), ("good", "caption", kept["good"])]  # fmt: skip
    assert data["warnings"][0].startswith(warning)
    card = (summary.dataset / "README.md").read_text()
    assert "| bad | vqa_open | 24 | 0 | **0.0000** |" in card
    assert "**Almost nothing kept: source bad keeps under 5% in deu_Latn" in card


def test_a_refilter_counts_as_a_build_would_and_back(two, run):
    summary = run(two())
    folder = summary.dataset.parent
    before = {path: path.read_bytes() for path in summary.dataset.rglob("*.*") if path.is_file()}
    off = refilter(folder, overrides=("filter.user.short.action=off",))
    other = run(two(filter={"user": {"short": {**RULE, "action": "off"}}}), out="b")
    assert off.rates == other.rates
    assert off.rates.by("source")["bad",].kept > 0
    for name in ("manifest.json", "manifests/deu_Latn.json", "README.md"):
        assert (summary.dataset / name).read_bytes() == (other.dataset / name).read_bytes()
    refilter(folder, overrides=("filter.user.short.action=reject",))
    assert [path.name for path, data in before.items() if path.read_bytes() != data] == []


def test_verify_counts_them_anew(two, run):
    dataset = run(two()).dataset
    assert verify(dataset, QUIET).problems == []
    for each in read_manifest(dataset).all_shards():
        counted = count_rows(read_countable(dataset / each.path))
        assert (counted.groups, counted.models) == (each.groups, each.models)
    path = dataset / "manifests/deu_Latn.json"
    path.write_bytes(path.read_bytes().replace(b'"source": "org/bad:val"', b'"source": "org/fine:val"'))
    config = json.loads((dataset / "manifest.json").read_bytes())
    config["configs"]["deu_Latn"]["sha256"] = bytes_sha256(path.read_bytes())
    (dataset / "manifest.json").write_text(json.dumps(config))
    told = " ".join(str(problem) for problem in verify(dataset, QUIET).problems)
    assert "its counts of org/bad:val vqa_open, org/fine:val vqa_open are not those in the manifest" in told


@pytest.mark.parametrize("name", ["embedded", "fake"])
def test_a_dataset_made_before_is_counted_from_its_rows_and_keeps_its_manifest(name: str, tmp_path: Path):
    folder = Path(shutil.copytree(HELD / "builds" / name, tmp_path / name))
    entries = (folder / "dataset/manifests/deu_Latn.json").read_bytes()
    rates = open_build(folder, "report").rates
    rows = pl.read_parquet(folder / "dataset/data/*/*.parquet")
    assert rates.not_counted == 0
    assert sum(kept.rows for kept in rates.cells.values()) == rows.height
    assert sum(kept.kept for kept in rates.cells.values()) == rows["keep"].sum()
    assert refilter(folder).rates == rates
    assert (folder / "dataset/manifests/deu_Latn.json").read_bytes() == entries
    assert "Not counted" not in (folder / "dataset/README.md").read_text()


def test_one_that_was_pulled_without_its_rows_says_that_nobody_counted(tmp_path: Path):
    shutil.copytree(HELD / "published_embedded", tmp_path / "published")
    origin = open_origin(parse_place(str(tmp_path / "published"), "PLACE", versions=True))
    pull(origin, tmp_path / "pulled", QUIET, everything=False)
    summary = refilter(tmp_path / "pulled")
    assert summary.rates.not_counted == sum(count.rows for count in summary.languages.values())
    assert "Not counted in" in (tmp_path / "pulled/dataset/README.md").read_text()
