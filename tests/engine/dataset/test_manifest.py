"""A manifest that is read is whole, of this version, and names nothing outside its folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from glotmill.engine.dataset.manifest import inside, read_manifest
from glotmill.engine.storage.atomic_write import json_bytes
from glotmill.schemas.errors import InputError
from glotmill.schemas.keys import bytes_sha256


@pytest.fixture
def dataset(recipe_file, run) -> Path:
    return run(recipe_file(pack={"shard_rows": 15, "row_group_rows": 6}, splits={"test": 0.3})).dataset


def test_it_reads_back_what_was_written_in_the_order_of_the_recipe(recipe_file, run):
    dataset = run(recipe_file(languages=["swh_Latn", "deu_Latn"], splits={"test": 0.3})).dataset
    manifest = read_manifest(dataset)
    assert list(manifest.shards) == ["swh_Latn", "deu_Latn"]
    assert [shard.split for shard in manifest.shards["deu_Latn"]] == ["train", "test"]
    assert {Path(dataset / shard.path).is_file() for shard in manifest.all_shards()} == {True}
    assert set(manifest.all_shards()[0].fingerprints) == {"ingest", "translate", "score", "verdict", "pack"}


def test_it_holds_no_time_host_path_or_run(dataset: Path, tmp_path: Path):
    texts = [path.read_text() for path in (dataset / "manifest.json", *dataset.glob("manifests/*"))]
    assert not any(str(tmp_path) in text or "run_id" in text for text in texts)
    lock = json.loads(texts[0])["recipe"]
    assert lock == {"path": "recipe.lock.yaml", "sha256": bytes_sha256((dataset / "recipe.lock.yaml").read_bytes())}


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "data/../../x", "a\\..\\b", ""])
def test_a_place_outside_the_folder_is_refused(name: str, tmp_path: Path):
    with pytest.raises(InputError, match="not inside its folder"):
        inside(name, tmp_path)


def test_a_shard_that_escapes_the_folder_is_refused(dataset: Path):
    path = dataset / "manifests/deu_Latn.json"
    content = json.loads(path.read_bytes())
    content["splits"]["train"][0]["path"] = "../../evil.parquet"
    path.write_bytes(json_bytes(content))
    root = json.loads((dataset / "manifest.json").read_bytes())
    root["configs"]["deu_Latn"]["sha256"] = bytes_sha256(path.read_bytes())
    (dataset / "manifest.json").write_bytes(json_bytes(root))
    with pytest.raises(InputError, match=r"'\.\./\.\./evil\.parquet', which is not inside its folder"):
        read_manifest(dataset)


@pytest.mark.parametrize(
    ("file", "text", "says"),
    [
        ("manifest.json", "{", "not JSON"),
        ("manifest.json", "[]", "expected a JSON object, found list"),
        ("manifest.json", '{"manifest_version": 1, "schema_version": 1}', "not a manifest of this version"),
        ("manifest.json", '{"manifest_version": 2, "schema_version": 1}', "a newer Glotmill made it"),
        ("manifest.json", '{"manifest_version": 1, "schema_version": 3}', "a newer Glotmill made it"),
        ("manifest.json", '{"manifest_version": 1, "schema_version": 0}', "build it again from its recipe"),
        ("manifests/deu_Latn.json", "{}", "it was edited"),
    ],
)
def test_a_damaged_manifest_is_one_clear_line(dataset: Path, file: str, text: str, says: str):
    (dataset / file).write_text(text)
    with pytest.raises(InputError, match=says) as caught:
        read_manifest(dataset)
    assert "\n" not in str(caught.value)


def test_no_manifest_is_one_clear_line(tmp_path: Path):
    with pytest.raises(InputError, match="expected the manifest of a dataset that Glotmill built"):
        read_manifest(tmp_path)
