"""A dataset of the embedded model says what it is wherever people decide about it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from glotmill.engine.cli.build_page import print_summary
from glotmill.engine.commands.refilter import refilter
from glotmill.engine.dataset.embedded_notice import NOTICE, notice
from glotmill.engine.dataset.shards import Shard
from glotmill.engine.embedded import MODEL_DIR
from glotmill.engine.publish.addresses import parse_place
from glotmill.engine.publish.origin import open_origin
from glotmill.engine.publish.pull import pull
from glotmill.engine.report import report_data
from glotmill.engine.report.finished_build import open_build
from glotmill.engine.runs.progress import ProgressReport

HELD = Path(__file__).parent.parent.parent / "fixtures" / "round_two"
EMBEDDED = {"engine": "nllb", "model": "embedded", "beam_size": 1}
FAILING = {"engine": "fake", "fault": "empty", "fault_every": 3}


def told(summary: Any) -> dict[str, str | None]:
    """The notice in each place, None where it is not."""
    console = Console(width=500, record=True, quiet=False, stderr=True)
    print_summary(summary, console)
    folder = summary.dataset.parent
    places = {
        "summary": console.export_text(),
        "json": json.dumps(summary.as_json()),
        "report": json.dumps(report_data(open_build(folder, "report"))),
        "page": (folder / "report.html").read_text(),
        "card": (summary.dataset / "README.md").read_text(),
    }
    return {place: NOTICE if NOTICE in text.lower() else None for place, text in places.items()}


@pytest.mark.parametrize(
    ("engines", "speaks"),
    [
        ({"translate": EMBEDDED}, True),
        ({"translate": FAILING, "routing": {"second": EMBEDDED}}, True),
        ({"translate": FAILING, "routing": {"languages": {"deu_Latn": EMBEDDED}}}, True),
        ({"translate": {"engine": "fake"}, "routing": {"second": EMBEDDED}}, False),
        ({"translate": {"engine": "fake"}, "routing": {"back": EMBEDDED}}, False),
        ({"translate": FAILING}, False),
    ],
)
def test_it_is_said_everywhere_where_the_model_translated_a_record_and_nowhere_else(
    recipe_file, run, captions: Path, engines: dict[str, Any], speaks: bool
):
    captions.write_text("".join(captions.read_text().splitlines(keepends=True)[:8]))
    recipe = {"languages": ["deu_Latn"], "score": {"scorers": ["integrity", "round_trip"]}, "max_failed": 1, **engines}
    assert set(told(run(recipe_file(**recipe))).values()) == {NOTICE if speaks else None}


def test_a_pulled_and_a_refiltered_dataset_still_say_it(tmp_path: Path):
    shutil.copytree(HELD / "published_embedded", tmp_path / "published")
    origin = open_origin(parse_place(str(tmp_path / "published"), "PLACE", versions=True))
    pulled = tmp_path / "pulled"
    pull(origin, pulled, ProgressReport(), everything=False)
    assert refilter(pulled).notice == f"{NOTICE}; the embedded model translated records of it"
    assert f"> **{NOTICE}" in (pulled / "dataset/README.md").read_text()
    whole = Path(shutil.copytree(HELD / "builds/embedded", tmp_path / "whole"))
    assert (refilter(whole).notice or "").startswith(f"{NOTICE}; the embedded model translated ")
    assert NOTICE in (whole / "report.html").read_text()


def test_a_copy_of_the_models_files_is_the_same_model(tmp_path: Path, recipe_file, run, captions: Path):
    captions.write_text("".join(captions.read_text().splitlines(keepends=True)[:3]))
    shutil.copytree(MODEL_DIR, tmp_path / "mine")
    summary = run(recipe_file(translate={**EMBEDDED, "model": str(tmp_path / "mine")}, languages=["deu_Latn"]))
    assert summary.notice == f"{NOTICE}; the embedded model translated 3 of 3 records"


def test_a_dataset_without_rows_needs_no_notice():
    assert notice({"f": {"model": "embedded@sha256:0"}}, {"deu_Latn": []}) is None
    assert notice({}, {"deu_Latn": [Shard("", "", 0, 1, 1, {}, {}, {}, {}, [1], "", "", {}, {})]}) is None
