"""A file of a dataset that is damaged, or that a stranger wrote, is one line that names it and the place in it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from glotmill.engine.dataset.commit import INTENT, STAGING, recover
from glotmill.engine.dataset.contents import open_dataset
from glotmill.engine.dataset.lock import read_lock
from glotmill.engine.dataset.manifest import read_manifest
from glotmill.engine.dataset.recorded_rules import check_shards
from glotmill.engine.publish.pull_record import PULLED, Pulled
from glotmill.engine.runs.events import events
from glotmill.engine.runs.finished_runs import run_summary
from glotmill.engine.storage.readable import reading
from glotmill.engine.storage.thrift import read_struct, write_struct
from glotmill.schemas.errors import InputError

SHARD = "data/deu_Latn/train-00000.parquet"


def edit(path: Path, change: Callable[[Any], object]) -> str:
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda root: root["sources"][0].update(read="many"), "sources.0.read: input should be a valid integer"),
        (lambda root: root["filter"]["actions"].update({"lexical.tng4": "explode"}), "filter.actions.lexical.tng4"),
        (lambda root: root["filter"].update(parameters=[]), "filter.parameters: .* found list"),
        (lambda root: root.update(tasks=["juggling"]), "tasks.0"),
        (lambda root: root.pop("translators"), "translators: this key is missing"),
        (lambda root: root["configs"]["deu_Latn"].update(kept=-1), "configs.deu_Latn.kept"),
        (lambda root: root["scores"].update(score_x={"n": 1, "null": 0, "bins": []}), "scores.score_x.bins"),
    ],
)  # fmt: skip
def test_a_manifest_with_a_wrong_type_anywhere_is_refused(folder: Path, change: Callable[[Any], object], words: str):
    edit(folder / "dataset/manifest.json", change)
    with pytest.raises(InputError, match=rf"manifest\.json: not a manifest of this version: .*{words}"):
        read_manifest(folder / "dataset")


def test_an_entry_of_a_shard_with_a_wrong_type_is_refused(folder: Path):
    dataset = folder / "dataset"
    entries = dataset / "manifests/deu_Latn.json"
    sha256 = edit(entries, lambda content: content["splits"]["train"][0].update(dropped=True))
    edit(dataset / "manifest.json", lambda root: root["configs"]["deu_Latn"].update(sha256=sha256))
    with pytest.raises(InputError, match=r"manifests/deu_Latn\.json: .*splits\.train\.0\.dropped"):
        read_manifest(dataset)


def test_a_lock_of_another_dataset_is_refused(folder: Path):
    dataset = folder / "dataset"
    lock = dataset / "recipe.lock.yaml"
    for text in ("[]", "name: x", "a: [", "&a [*a]", lock.read_text().replace("- lexical\n", "- numbers\n")):
        lock.write_text(text)
        sha256 = hashlib.sha256(lock.read_bytes()).hexdigest()
        edit(dataset / "manifest.json", lambda root, sha256=sha256: root["recipe"].update(sha256=sha256))
        with pytest.raises(InputError, match=r"recipe\.lock\.yaml: "):
            read_lock(dataset, read_manifest(dataset).facts)


@pytest.mark.parametrize("column", ["messages", "keep", "score_lexical_tng4", "mt"])
def test_a_shard_with_a_column_of_another_type_or_without_it_is_refused(folder: Path, column: str):
    dataset = folder / "dataset"
    table = pq.read_table(dataset / SHARD)
    at = table.column_names.index(column)
    pq.write_table(table.set_column(at, column, pa.array([1] * len(table), pa.int64())), dataset / SHARD)
    with pytest.raises(InputError, match=rf"{SHARD}: .*column {column}: expected .*, found int64"):
        check_shards(dataset, read_manifest(dataset))
    pq.write_table(table.drop_columns([column]), dataset / SHARD)
    with pytest.raises(InputError, match=rf"column {column}: .*no such column"):
        check_shards(dataset, read_manifest(dataset))


def test_a_shard_that_is_no_parquet_is_named_though_its_checksum_is_the_one_in_the_manifest(folder: Path):
    dataset = folder / "dataset"
    (dataset / SHARD).write_bytes(b"no Parquet")
    signed = {"size": 10, "sha256": hashlib.sha256(b"no Parquet").hexdigest()}
    entries = dataset / "manifests/deu_Latn.json"
    sha256 = edit(entries, lambda content: content["splits"]["train"][0].update(signed))
    edit(dataset / "manifest.json", lambda root: root["configs"]["deu_Latn"].update(sha256=sha256))
    with (
        open_dataset(folder) as opened,
        pytest.raises(InputError, match=rf"{SHARD}: .*expected a shard of the dataset; build again"),
    ):
        opened.check(SHARD, None)


def test_an_intent_cannot_lead_out_of_the_build(folder: Path):
    (folder.parent / "precious").write_text("x")
    for name in ("../precious", str(folder.parent / "precious"), "", 7):
        (folder / INTENT).write_text(json.dumps({"move": [], "delete": [name]}))
        with pytest.raises(InputError, match=r"\.commit\.json: .*delete\.0"):
            recover(folder)
    assert (folder.parent / "precious").exists()


def test_a_folder_in_the_way_of_a_commit_is_named_before_anything_moves(folder: Path):
    (folder / STAGING / "samples").mkdir(parents=True)
    (folder / STAGING / "samples/a.parquet").write_text("x")
    (folder / "samples/a.parquet").mkdir(parents=True)
    (folder / INTENT).write_text(json.dumps({"move": ["samples/a.parquet"], "delete": []}))
    with pytest.raises(InputError, match=r"samples/a\.parquet: a folder, where a build has a file"):
        recover(folder)


def test_what_runs_and_pulls_noted_is_checked(tmp_path: Path):
    (tmp_path / PULLED).write_text('{"place": "x", "revision": 1, "manifest": "", "columns": {}}')
    with pytest.raises(InputError, match=r"pulled\.json: .*revision"):
        Pulled.of(tmp_path)
    (tmp_path / "finished.json").write_text('{"seconds": []}')
    with pytest.raises(InputError, match=r"finished\.json: not the summary of a finished run: seconds"):
        run_summary(tmp_path)
    for line in ("[]", "{", '{"time": 1}', '{"time": 1, "event": "stage_at", "stage": "x", "done": 1, "total": 2}'):
        (tmp_path / "events.jsonl").write_text(line + "\n")
        with pytest.raises(InputError, match=r"events\.jsonl, line 1: "):
            list(events(tmp_path))


@pytest.mark.parametrize("kind", [0, 1, 77])
def test_a_footer_whose_column_has_two_types_is_one_line_and_no_abort(folder: Path, kind: int):
    path = folder / "dataset" / SHARD
    data = path.read_bytes()
    start = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    footer = read_struct(data[start:-8])
    for chunk in footer[4][1][1][0][1][1][1]:  # of the first row group
        if chunk[3][1][3][1][1] == [b"task"]:
            chunk[3][1][1] = (chunk[3][1][1][0], kind)
    written = write_struct(footer)
    path.write_bytes(data[:start] + written + len(written).to_bytes(4, "little") + b"PAR1")
    with pytest.raises(InputError, match=r"train-00000\.parquet: .*column task: its footer contradicts itself"):
        check_shards(folder / "dataset", read_manifest(folder / "dataset"))


@pytest.mark.parametrize("inner", [False, True], ids=["column", "item"])
@pytest.mark.parametrize("metadata", [{b"k": b"\xff"}, {b"\xff": b"v"}], ids=["value", "key"])
def test_a_column_whose_metadata_is_not_text_is_one_line_and_no_panic(
    folder: Path, capfd: pytest.CaptureFixture[str], metadata: dict[bytes, bytes], inner: bool
):
    path = folder / "dataset" / SHARD
    table = pq.read_table(path)
    place = table.schema.get_field_index("turn_langs")
    field = table.schema.field(place)
    if inner:
        field = field.with_type(pa.list_(field.type.value_field.with_metadata(metadata)))
    else:
        field = field.with_metadata(metadata)
    pq.write_table(table.cast(table.schema.set(place, field)), path)
    with pytest.raises(InputError, match=r"train-00000\.parquet: .*turn_langs: its name or metadata is not UTF-8"):
        check_shards(folder / "dataset", read_manifest(folder / "dataset"))
    with pytest.raises(InputError, match="its name or metadata is not UTF-8"), reading(path, what="a shard"):
        raise OSError
    assert "panicked" not in capfd.readouterr().err
