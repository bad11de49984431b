"""Whatever is broken in a dataset is named with its file; a sound one is sound, and stays as it is."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from glotmill.engine.commands.verify.verify_dataset import Verification, verify
from glotmill.engine.dataset.shards import WRITER
from glotmill.engine.runs.progress import ProgressReport
from glotmill.schemas.errors import GlotmillError, InputError
from tests.conftest import ROOT

SHARD = "data/deu_Latn/train-00001.parquet"
GERMAN = "manifests/deu_Latn.json"


def check(build: Path, *, deep: bool = False) -> Verification:
    return verify(build, ProgressReport(), deep=deep)


def problems(build: Path, *, deep: bool = False) -> list[str]:
    return [str(problem) for problem in check(build, deep=deep).problems]


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def edit_root(dataset: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    content = json.loads((dataset / "manifest.json").read_text())
    change(content)
    (dataset / "manifest.json").write_text(json.dumps(content))


def edit_entry(dataset: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    """Change what the manifest says of `SHARD`, with checksums that fit, as someone who forges a dataset would."""
    manifest = json.loads((dataset / GERMAN).read_text())
    change(manifest["splits"]["train"][1])
    (dataset / GERMAN).write_text(json.dumps(manifest))
    edit_root(dataset, lambda root: root["configs"]["deu_Latn"].update(sha256=sha256(dataset / GERMAN)))


def edit_shard(dataset: Path, change: Callable[[pa.Table], pa.Table], *, group: int = 6) -> None:
    """Rewrite `SHARD` with the pinned writer, and give the manifest its new size and checksum."""
    path = dataset / SHARD
    table = change(pq.read_table(path))
    with pq.ParquetWriter(path, table.schema, **WRITER) as writer:
        for start in range(0, table.num_rows, group):
            writer.write_table(table.slice(start, group))
    edit_entry(dataset, lambda entry: entry.update(size=path.stat().st_size, sha256=sha256(path)))


def set_value(table: pa.Table, column: str, row: int, value: Any) -> pa.Table:
    values = table[column].to_pylist()
    values[row] = value
    place = table.schema.get_field_index(column)
    return table.set_column(place, table.schema.field(column), pa.array(values, table.schema.field(column).type))


def edit_card(dataset: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    _, head, page = (dataset / "README.md").read_text().split("---\n", 2)
    content = yaml.safe_load(head)
    change(content)
    (dataset / "README.md").write_text(f"---\n{yaml.safe_dump(content, sort_keys=False)}---\n{page}")


def test_a_sound_dataset_is_sound_and_not_touched(small_build):
    dataset = small_build / "dataset"
    before = {path: sha256(path) for path in small_build.rglob("*") if path.is_file()}
    for folder in (small_build, dataset):
        found = check(folder, deep=True)
        assert found.problems == []
        assert (found.shards, found.rows) == (6, 80)
        assert found.bytes == sum(path.stat().st_size for path in dataset.glob("data/*/*"))
    assert {path: sha256(path) for path in small_build.rglob("*") if path.is_file()} == before


def test_the_build_that_is_broken_here_has_records_of_every_kind(small_build):
    manifest = json.loads((small_build / "dataset" / GERMAN).read_text())
    shards = manifest["splits"]["train"]
    assert all(any(shard[what] for shard in shards) for what in ("kept", "dropped", "failed", "warned"))


def test_an_edited_shard(small_build):
    path = small_build / "dataset" / SHARD
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    assert f"{SHARD}: its checksum is not the one in the manifest" in problems(small_build)


def test_a_shard_that_is_cut_off(small_build):
    path = small_build / "dataset" / SHARD
    path.write_bytes(path.read_bytes()[:-9])
    size, unreadable = problems(small_build)
    assert size.startswith(f"{SHARD}: ")
    assert "bytes, but" in size
    assert unreadable.startswith(f"{SHARD}: cannot be read: ")


def test_a_missing_shard(small_build):
    (small_build / "dataset" / SHARD).unlink()
    assert problems(small_build) == [f"{SHARD}: the manifest names it, but it is not there"]


def test_an_edited_manifest_of_a_language_which_is_then_all_that_is_not_checked(small_build):
    path = small_build / "dataset" / GERMAN
    path.write_text(path.read_text() + "\n")
    (found,) = problems(small_build)
    assert found.startswith(f"{GERMAN}: {GERMAN}: its checksum is not the one in manifest.json")
    assert found.endswith("deu_Latn is not checked")
    assert check(small_build).rows == 40


def test_an_edited_lock(small_build):
    path = small_build / "dataset/recipe.lock.yaml"
    path.write_text(path.read_text() + "# mine\n")
    found = problems(small_build)
    assert found[0] == "recipe.lock.yaml: its checksum is not the one in manifest.json: it was edited"
    assert found[1].endswith("schema and verdicts are not checked")


@pytest.mark.parametrize("name", ["README.md", "LICENSES.md"])
def test_an_edited_or_missing_page(small_build, name: str):
    path = small_build / "dataset" / name
    path.write_text(path.read_text() + "I changed it.\n")
    assert problems(small_build) == [f"{name}: its checksum is not the one in manifest.json: it was edited"]
    path.unlink()
    assert f"{name}: it is missing" in problems(small_build)


def test_a_calibration_that_the_manifest_does_not_name(small_build):
    (small_build / "dataset/calibration.yaml").write_text("calibration: 1\n")
    assert problems(small_build) == ["calibration.yaml: no manifest names it"]


def test_a_manifest_that_names_a_page_which_no_dataset_has_or_none_at_all(small_build):
    edit_root(small_build / "dataset", lambda root: root["files"].update({"../secret": "0" * 64}))
    with pytest.raises(InputError, match=r"names the file '\.\./secret', which no dataset has"):
        check(small_build)
    edit_root(small_build / "dataset", lambda root: root.pop("files"))
    with pytest.raises(InputError, match="not a manifest of this version: files: this key is missing"):
        check(small_build)


def test_pages_of_a_dataset_of_schema_version_1_are_said_to_be_unchecked(tmp_path):
    shutil.copytree(ROOT / "tests/fixtures/round_two/builds/fake/dataset", tmp_path / "old")
    found = check(tmp_path / "old")
    assert (found.problems, found.unchecked) == ([], ["README.md", "LICENSES.md"])


def test_a_shard_that_a_manifest_names_twice_or_under_another_language(small_build):
    dataset = small_build / "dataset"
    original = (dataset / GERMAN).read_text()
    for path, words in ((SHARD, "more than once"), ("data/swh_Latn/train-00001.parquet", "which is not of deu_Latn")):
        manifest = json.loads(original)
        manifest["splits"]["train"].append({**manifest["splits"]["train"][1], "path": path})
        (dataset / GERMAN).write_text(json.dumps(manifest))
        edit_root(dataset, lambda root: root["configs"]["deu_Latn"].update(sha256=sha256(dataset / GERMAN)))
        (found,) = problems(small_build)
        assert found.startswith(f"{GERMAN}: ")
        assert words in found


def test_a_lock_with_other_thresholds_and_the_verdicts_that_it_does_not_give(small_build):
    dataset = small_build / "dataset"
    path = dataset / "recipe.lock.yaml"
    path.write_text(path.read_text().replace("-0.95", "-0.1"))
    edit_root(dataset, lambda root: root["recipe"].update(sha256=sha256(path)))
    found = problems(small_build)
    assert found[0] == "recipe.lock.yaml: its thresholds are not those of the filter in the manifest"
    assert sum("verdicts are not those that the stored scores give" in line for line in found) == 6


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.drop_columns(["mt"]), "missing or of another type ['mt']"),
        (lambda t: t.append_column("more", t["lang"]), "unknown ['more']"),
        (lambda t: t.replace_schema_metadata({**t.schema.metadata, b"schema_version": b"0"}),
         "its footer says something else under 'schema_version'"),
        (lambda t: set_value(t, "record_id", 3, t["record_id"][4].as_py()), "1 record ids occur more than once"),
        (lambda t: t.take([1, 0, *range(2, t.num_rows)]), "its record ids, or their order"),
        (lambda t: t.take([1, 0, *range(2, t.num_rows)]), "its first record is r1:"),
        (lambda t: t.slice(0, 14), "14 rows, but 15 in the manifest"),
        (lambda t: t.slice(0, 14), "row groups of 6, 6, 2 rows, but of 6, 6, 3 in the manifest"),
    ],
)  # fmt: skip
def test_a_shard_that_was_replaced_with_checksums_that_fit(small_build, change, words):
    edit_shard(small_build / "dataset", change)
    found = [line for line in problems(small_build) if words in line]
    assert found
    assert found[0].startswith(f"{SHARD}: ")


def test_a_record_id_that_another_shard_has(small_build):
    other = pq.read_table(small_build / "dataset/data/swh_Latn/train-00000.parquet")["record_id"][0].as_py()
    edit_shard(small_build / "dataset", lambda t: set_value(t, "record_id", 0, other))
    assert any(f"such as {other} in {SHARD}" in line for line in problems(small_build))


def test_other_row_groups(small_build):
    edit_shard(small_build / "dataset", lambda t: t, group=5)
    assert f"{SHARD}: row groups of 5, 5, 5 rows, but of 6, 6, 3 in the manifest" in problems(small_build)


def test_a_verdict_that_was_changed_by_hand(small_build):
    kept = pq.read_table(small_build / "dataset" / SHARD)["keep"].to_pylist()
    edit_shard(small_build / "dataset", lambda t: set_value(t, "keep", kept.index(True), value=False))
    found = problems(small_build)
    assert f"{SHARD}: {sum(kept) - 1} rows kept, but {sum(kept)} in the manifest" in found
    assert any(line.startswith(f"{SHARD}: 1 verdicts are not those that the stored scores give") for line in found)
    assert any("README.md: deu_Latn, train: " in line and "examples, but" in line for line in found)


def test_a_score_that_was_changed_by_hand(small_build):
    kept = pq.read_table(small_build / "dataset" / SHARD)["keep"].to_pylist().index(True)
    edit_shard(small_build / "dataset", lambda t: set_value(t, "score_nmt_logprob", kept, -50.0))
    assert any("1 verdicts are not those that the stored scores give" in line for line in problems(small_build))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda e: e.update(kept=e["kept"] + 1), "the manifest does not come out: 15 rows, but 16 kept"),
        (lambda e: e.update(dropped={"user.other": sum(e["dropped"].values())}), "rows dropped for user.other, but"),
        (lambda e: e.update(failed={"other": sum(e["failed"].values())}), "0 rows failed for other, but"),
        (lambda e: e["score_stats"]["score_nmt_logprob"].update(p50=-1), "its statistics of score_nmt_logprob are not"),
        (lambda e: e.update(warned={}), "warnings counted {'user.doubtful': "),
        (lambda e: e.update(ids_sha256="0" * 64), "(ids_sha256)"),
        (lambda e: e.update(first_id="r1:0"), "but r1:0 in the manifest"),
        (lambda e: e.update(row_groups=[15]), "but of 15 in the manifest"),
        (lambda e: e.update(size=1), "bytes, but 1 in the manifest"),
    ],
)
def test_what_a_manifest_claims_is_counted_anew(small_build, change, words):
    edit_entry(small_build / "dataset", change)
    assert any(line.startswith(f"{SHARD}: ") and words in line for line in problems(small_build))


def test_the_sums_of_the_root_manifest(small_build):
    edit_root(small_build / "dataset", lambda root: root["configs"]["deu_Latn"].update(rows=41))
    assert problems(small_build) == ["manifest.json: rows of deu_Latn: 41, but 40 in its shards' entries"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: c["dataset_info"][0]["splits"][0].update(num_examples=7), "default, train: 7 examples, but "),
        (lambda c: c["dataset_info"][1]["splits"][0].update(num_bytes=7), "deu_Latn, train: 7 bytes, but "),
        (lambda c: c["configs"].pop(1), "there is no config deu_Latn"),
        (lambda c: c["configs"].pop(1), "the config deu_Latn stands under dataset_info only"),
        (lambda c: c.pop("configs"), "has no head with configs and dataset_info"),
    ],
)
def test_the_numbers_of_the_card(small_build, change, words):
    edit_card(small_build / "dataset", change)
    assert any(line.startswith("README.md: ") and words in line for line in problems(small_build))


@pytest.mark.parametrize("name", ["data/deu_Latn/train-00009.parquet", "data/x.txt", "manifests/fra_Latn.json"])
def test_a_file_that_no_manifest_names(small_build, name):
    (small_build / "dataset" / name).write_bytes(b"mine")
    assert problems(small_build) == [f"{name}: no manifest names it"]


def test_a_broken_rule_of_records_is_seen_by_the_deep_check_only(small_build):
    def change(table: pa.Table) -> pa.Table:
        row = table["row_status"].to_pylist().index("ok")
        turns = [{**turn, "role": "system"} for turn in table["messages"][row].as_py()]
        return set_value(table, "messages", row, turns)

    edit_shard(small_build / "dataset", change)
    assert not any("roles" in line for line in problems(small_build))
    (found,) = [line for line in problems(small_build, deep=True) if "roles" in line]
    assert found.startswith(f"{SHARD}: row group 0: column messages, row ")


def test_an_unfinished_commit_is_finished_first(small_build):
    staged = small_build / ".staging/dataset" / SHARD
    staged.parent.mkdir(parents=True)
    (small_build / "dataset" / SHARD).rename(staged)
    (small_build / ".commit.json").write_text(json.dumps({"move": [f"dataset/{SHARD}"], "delete": []}))
    assert problems(small_build) == []


def test_a_commit_of_another_command_in_between_is_not_taken_for_damage(small_build, monkeypatch):
    def meanwhile(dataset: Path, *_: Any) -> list[str]:
        edit_root(dataset, lambda root: root.update(name="other"))
        return ["data/new.parquet"]

    monkeypatch.setattr("glotmill.engine.commands.verify.verify_dataset.unnamed_files", meanwhile)
    with pytest.raises(GlotmillError, match="another command changed it while it was verified"):
        check(small_build)


def test_a_newer_format_and_no_dataset_are_refused(small_build, tmp_path):
    edit_root(small_build / "dataset", lambda root: root.update(manifest_version=99))
    with pytest.raises(InputError, match="a newer Glotmill made it"):
        check(small_build)
    with pytest.raises(InputError, match="no dataset there"):
        check(tmp_path)
