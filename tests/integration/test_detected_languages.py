"""The language detected: a column by record and by turn, counted beside the language asked for wherever people look."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import polars as pl
import pytest
import yaml

from glotmill.engine.cli.explain_page import print_explanation
from glotmill.engine.commands.build import build
from glotmill.engine.commands.diff import diff
from glotmill.engine.commands.explain.explain_record import explain
from glotmill.engine.commands.export import ExportOptions, export
from glotmill.engine.commands.job import prepare
from glotmill.engine.commands.load_recipe import load_recipe
from glotmill.engine.commands.refilter import refilter
from glotmill.engine.commands.summary import BuildSummary
from glotmill.engine.commands.verify.verify_dataset import verify
from glotmill.engine.dataset.contents import LocalDataset
from glotmill.engine.dataset.manifest import read_manifest
from glotmill.engine.dataset.statistics import label_matrix
from glotmill.engine.publish.addresses import parse_place
from glotmill.engine.publish.origin import open_origin
from glotmill.engine.publish.pull import pull
from glotmill.engine.publish.to_folder import publish_to_folder
from glotmill.engine.report.finished_build import open_build
from glotmill.engine.report.page import report_data
from glotmill.engine.runs.progress import ProgressReport
from glotmill.filters.scorers.language_id import LanguageIdScorer

QUIET = ProgressReport()
LABEL, TURNS = "label_language_id_detected", "turn_language_id_detected"
RULE = "filter.user.long.fails=score_lexical_letters >= 30"


def make(root: Path, name: str = "out") -> BuildSummary:
    """Build a small dataset of captions and questions with short answers."""
    rows = [
        {
            "id": f"c{n}",
            "task": "caption",
            "image": f"{n}.jpg",
            "caption": f"Dog {n} runs over the green grass at noon.",
        }
        for n in range(6)
    ]
    rows += [
        {"id": f"q{n}", "task": "vqa_open", "image": f"q{n}.jpg", "question": "What animal runs over the grass?",
         "answers": ["a dog"]}
        for n in range(4)
    ]  # fmt: skip
    (root / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    recipe = {
        "name": "detected",
        "sources": {"rows": {"format": "jsonl", "path": "rows.jsonl", "license": "cc0-1.0"}},
        "languages": ["deu_Latn", "swh_Latn"],
        "translate": {"engine": "fake"},
        "score": {"scorers": ["lexical", "language_id"]},
        "workers": 0,
    }
    (root / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    return build(prepare(load_recipe(str(root / "recipe.yaml")), out=root / name, memory=root / "memory"), QUIET)


def records(folder: Path) -> pl.DataFrame:
    return pl.read_parquet(sorted((folder / "dataset/data").rglob("*.parquet")), hive_partitioning=False)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, BuildSummary]:
    root = tmp_path_factory.mktemp("detected")
    return root / "out", make(root)


def test_the_column_is_by_record_and_by_turn_and_null_where_nothing_was_judged(made):
    rows = records(made[0])
    assert rows[TURNS].list.len().to_list() == rows["source_messages"].list.len().to_list()
    answer = rows.filter(task="vqa_open").select(pl.col(TURNS).list.last(), pl.col(LABEL))
    assert answer[TURNS].null_count() == answer.height  # too short
    assert answer[LABEL].null_count() == 0  # the question's


def test_manifest_json_report_and_card_count_what_the_column_says(made):
    folder, summary = made
    rows = records(folder).select("lang", pl.col(TURNS)).explode(TURNS).drop_nulls()
    counted = {
        lang: dict(part[TURNS].value_counts().sort(TURNS).iter_rows()) for (lang,), part in rows.group_by("lang")
    }
    assert counted.keys() == {"deu_Latn", "swh_Latn"}
    assert read_manifest(folder / "dataset").facts["score_labels"] == {LABEL: counted}
    assert summary.as_json()["score_labels"] == {LABEL: counted}
    (shown,) = report_data(open_build(folder, "report"))["labels"]
    assert {row["code"]: dict(zip(shown["found"], row["counts"], strict=True)) for row in shown["rows"]} == {
        lang: {found: counts.get(found, 0) for found in shown["found"]} for lang, counts in counted.items()
    }
    card = (folder / "dataset/README.md").read_text()
    assert f"| requested | `{shown['found'][0]}`" in card
    assert verify(folder, QUIET, deep=True).problems == []


def test_a_table_of_many_languages_counts_the_rest_together():
    table = {"deu_Latn": {"deu_Latn": 5, "la": 1, "nds": 2}, "fra_Latn": {"eng_Latn": 3}}
    assert label_matrix(table, 9) == (["deu_Latn", "eng_Latn", "nds", "la"], [[5, 0, 2, 1], [0, 3, 0, 0]])
    assert label_matrix(table, 2) == (["deu_Latn", "eng_Latn"], [[5, 0, 3], [0, 3, 0]])
    assert label_matrix({}, 2) == ([], [])


def test_explain_shows_it(made, capsys: pytest.CaptureFixture[str]):
    row = records(made[0]).filter(task="vqa_open").row(0, named=True)
    found = explain(made[0], row["record_id"], QUIET)
    assert [(label.column, label.value, label.turns) for label in found.labels] == [(LABEL, row[LABEL], row[TURNS])]
    print_explanation(found)
    assert f"language_id_detected  {row[LABEL]}  turns {row[LABEL]} -" in capsys.readouterr().out


def test_a_new_decision_a_pull_and_an_export_keep_it(made, tmp_path: Path):
    folder = tmp_path / "out"
    shutil.copytree(made[0], folder)
    before = records(folder).select("record_id", LABEL, TURNS)
    publish_to_folder(
        LocalDataset.open(folder), parse_place(str(tmp_path / "to"), "--to"), QUIET, dry_run=False, tag=None
    )
    for everything in (False, True):
        pulled = tmp_path / f"pulled{everything}"
        pull(open_origin(parse_place(str(tmp_path / "to"), "P", versions=True)), pulled, QUIET, everything=everything)
        assert verify(pulled, QUIET).problems == []
        assert refilter(pulled, overrides=(RULE,)).flipped > 0
        assert records(pulled).select("record_id", LABEL, TURNS).equals(before)
    refilter(folder, overrides=(RULE,))
    assert records(folder).select("record_id", LABEL, TURNS).equals(before)
    assert verify(folder, QUIET, deep=True).problems == []
    assert diff(folder, pulled, rows=True).same
    export(folder, tmp_path / "llava", ExportOptions("llava", everything=True), QUIET)


def test_a_dataset_without_the_column_is_used_as_it_is_and_a_build_adds_it(tmp_path: Path, monkeypatch):
    with monkeypatch.context() as earlier:
        earlier.setattr(LanguageIdScorer, "labels", ())
        earlier.setattr(LanguageIdScorer, "version", 3)
        make(tmp_path)
    folder = tmp_path / "out"
    assert LABEL not in records(folder).columns
    assert "score_labels" not in read_manifest(folder / "dataset").facts
    assert verify(folder, QUIET, deep=True).problems == []
    (row,) = records(folder).filter(task="caption", lang="deu_Latn").head(1).iter_rows(named=True)
    assert explain(folder, row["record_id"], QUIET).labels == []
    assert refilter(folder, overrides=(RULE,)).flipped > 0
    assert report_data(open_build(folder, "report"))["labels"] == []
    make(tmp_path)
    assert records(folder)[LABEL].null_count() == 0
    assert verify(folder, QUIET, deep=True).problems == []
