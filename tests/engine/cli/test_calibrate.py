from __future__ import annotations

import json
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from tests.fuzz.damage import sign_dataset

SCORERS = {"scorers": ["lexical", "nmt", "round_trip"]}


@pytest.fixture
def built(glotmill, recipe_file, tmp_path: Path) -> Path:
    assert glotmill("build", recipe_file(score=SCORERS), "--out", tmp_path / "b")[0] == 0
    return tmp_path / "b"


def test_a_calibration_is_written_and_a_recipe_can_name_it(glotmill, built, recipe_file, tmp_path: Path):
    code, out, _ = glotmill("calibrate", built, "--min-rows", "10", "--out", tmp_path / "c.yaml", "--json")
    assert code == 0
    result = json.loads(out.splitlines()[-1])
    assert set(result["thresholds"]) == {"nmt.min_logprob", "round_trip.min_chrf"}
    assert result["unreliable"] == {}
    content = yaml.safe_load((tmp_path / "c.yaml").read_text())
    assert content["thresholds"] == result["thresholds"]
    recipe = recipe_file(score=SCORERS, calibration=str(tmp_path / "c.yaml"))
    code, out, _ = glotmill("build", recipe, "--out", tmp_path / "b", "--json")
    assert code == 0
    dropped = json.loads(out.splitlines()[-1])["languages"]["deu_Latn"]["dropped"]
    assert set(dropped) <= {"nmt.logprob", "round_trip.chrf"}
    assert dropped
    manifest = json.loads((tmp_path / "b/dataset/manifest.json").read_text())
    assert manifest["filter"]["calibration"]


def test_people_are_told_what_it_costs(glotmill, built):
    code, out, _ = glotmill("calibrate", built, "--mode", "quantile", "--quantile", "0.1", "--min-rows", "10")
    assert code == 0
    assert "nmt.min_logprob: turns below the threshold: deu_Latn" in out
    assert (built / "calibration.yaml").is_file()


@pytest.mark.parametrize(
    ("options", "message"),
    [(["--mode", "otsu"], "expected noise or quantile"), (["--target", "1.5"], "expected a share between 0 and 1"),
     (["--min-rows", "0"], "expected a whole number from 1"),
     (["--mode", "quantile", "--target", "0.2", "--min-rows", "10"], "goes with --mode noise"),
     ([], "the largest group, question turns of deu_Latn, has")],
)  # fmt: skip
def test_an_option_that_cannot_be_is_refused(refuses, built, options: list[str], message: str):
    assert message in refuses("calibrate", built, *options)


def test_a_folder_that_is_no_build_is_refused(refuses, tmp_path: Path):
    assert "name the folder of a finished build" in refuses("calibrate", tmp_path / "nothing")


def test_a_build_without_the_scores_is_refused(glotmill, refuses, recipe_file, tmp_path: Path):
    glotmill("build", recipe_file(score={"scorers": ["integrity"]}), "--out", tmp_path / "b")
    assert "add lexical and round_trip" in refuses("calibrate", tmp_path / "b")


def test_a_calibration_needs_the_sources_letters(refuses, recipe_file, tmp_path: Path):
    (tmp_path / "c.yaml").write_text("calibration: 1\n")
    recipe = recipe_file(calibration=str(tmp_path / "c.yaml"), score={"scorers": ["round_trip"]})
    assert "add lexical to score.scorers" in refuses("build", recipe)


def test_a_recipe_that_names_no_calibration_file_there_is_is_refused(refuses, recipe_file, tmp_path: Path):
    assert "calibration" in refuses("build", recipe_file(score=SCORERS, calibration=str(tmp_path / "none.yaml")))


def test_the_line_that_calibrate_prints_finds_the_file_where_it_wrote_it(glotmill, built):
    code, out, _ = glotmill("calibrate", built, "--mode", "quantile", "--quantile", "0.1", "--min-rows", "10")
    assert code == 0
    command = out.splitlines()[-1].partition("glotmill ")[2].partition(", or")[0].split()
    code, out, _ = glotmill(*command)
    assert code == 0
    manifest = json.loads((built / "dataset/manifest.json").read_text())
    assert manifest["filter"]["calibration"]
    assert sum(dropped_rows(built).values()) > 0


def dropped_rows(built: Path) -> dict[str, int]:
    """Rows that a rule of the calibration dropped, by language."""
    found = {}
    for path in (built / "dataset/manifests").glob("*.json"):
        shards = json.loads(path.read_text())["splits"]["train"]
        found[path.stem] = sum(sum(shard["dropped"].values()) for shard in shards)
    return found


def test_scores_that_are_not_one_for_each_turn_are_one_line(glotmill, built):
    shard = next((built / "dataset/data/deu_Latn").iterdir())
    rows = pq.read_table(shard)
    place = rows.schema.get_field_index("turn_round_trip_chrf")
    field = rows.schema.field(place)
    pq.write_table(rows.set_column(place, field, pa.nulls(len(rows), field.type)), shard)
    sign_dataset(built / "dataset")
    code, _, err = glotmill("calibrate", built, "--min-rows", "1")
    assert code == 2
    assert "column turn_round_trip_chrf: records without one value for each turn" in err
    assert len(err.splitlines()) == 1
    assert not (built / "calibration.yaml").exists()


def test_a_file_where_a_shards_folder_was_is_one_line(refuses, small_build):
    shards = small_build / "dataset/data/deu_Latn"
    shutil.rmtree(shards)
    shards.write_text("x")
    assert "train-00000.parquet: it is not there" in refuses("calibrate", small_build, "--min-rows", "1")
