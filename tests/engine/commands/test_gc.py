"""What nothing refers to is found and, if asked for, deleted; everything else stays, byte for byte."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path

import pytest

from glotmill.engine.commands.gc import collect
from glotmill.engine.dataset.commit import build_lock
from glotmill.engine.storage.folder import Folder
from glotmill.schemas.errors import InputError

TEMPORARY = ".manifest.json.123-0a1b2c3d.tmp"


def files(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def put(path: Path, data: bytes = b"left") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


@pytest.fixture
def outputs(small_build: Path) -> Path:
    return small_build.parent


@pytest.fixture
def litter(small_build: Path, outputs: Path) -> dict[Path, str]:
    """Garbage of every kind by what is said of it."""
    run = next((small_build / "runs").iterdir())
    for number in range(2, 5):
        shutil.copytree(run, small_build / "runs" / f"{number:04}-{run.name[5:]}")
    put(small_build / ".staging/dataset/data/x.parquet")
    put(small_build / "runs/0004-x" / "asked.txt").parent.rename(small_build / "runs/0005-unfinished")
    memory = outputs / ".memory"
    old = put(memory / "translations" / TEMPORARY)
    os.utime(old, (time.time() - 90_000,) * 2)
    put(memory / "translations" / TEMPORARY.replace("123", "124"))  # young: a build may be at work on it
    first = sorted((memory / "translations").glob("0*.parquet"))[0]
    shutil.copyfile(first, memory / "translations/00000001-00000009.parquet")
    return {
        small_build / ".staging": "staged by a command that was killed",
        run: "a finished run before the last 3",
        put(run.parent / f"0004-{run.name[5:]}" / "asked/forward.parquet").parent: "notes of a run that is finished",
        put(small_build / "dataset" / TEMPORARY): "half written by a command that was killed",
        put(small_build / "dataset/data/deu_Latn/train-00007.parquet"): "in the dataset, but no manifest names it",
        put(small_build / "dataset/manifests/fra_Latn.json"): "in the dataset, but no manifest names it",
        old: "half written by a command that was killed",
        put(memory / "translations/unreadable/00000009.parquet"): "unreadable, set aside, and made again since",
        first: "left by a compaction",
    }


def test_there_is_no_garbage_in_a_finished_build(outputs):
    assert collect(outputs, memory=Folder(outputs / ".memory")).garbage == []


def test_a_dry_run_names_all_of_it_with_its_bytes_and_deletes_nothing(outputs, litter):
    before = files(outputs)
    found = collect(outputs, memory=Folder(outputs / ".memory"))
    covered = {item.path for item in found.garbage if item.why == "left by a compaction"}
    assert {Path(item.path): item.why for item in found.garbage if item.path not in covered} == {
        path: why for path, why in litter.items() if why != "left by a compaction"
    }
    assert {str(path) for path, why in litter.items() if why == "left by a compaction"} <= covered
    sizes = {item.path: item.bytes for item in found.garbage}
    for path in litter:
        own = [data for file, data in before.items() if file == path or path in file.parents]
        assert sizes[str(path)] == sum(map(len, own))
    assert found.bytes == sum(sizes.values())
    assert (found.deleted, found.skipped) == (False, {})
    assert files(outputs) == before


def test_what_is_deleted_is_what_was_named(outputs, litter):
    memory = Folder(outputs / ".memory")
    before = files(outputs)
    named = [Path(item.path) for item in collect(outputs, memory=memory).garbage]
    assert collect(outputs, memory=memory, delete=True).deleted
    gone = {file for file in before if any(file == path or path in file.parents for path in named)}
    assert files(outputs) == {file: data for file, data in before.items() if file not in gone}
    assert collect(outputs, memory=memory).garbage == []
    assert (outputs / "small/runs/0005-unfinished").is_dir()


def test_the_runs_that_plan_and_build_go_by_stay(outputs, litter):
    runs = sorted((outputs / "small/runs").glob("*/finished.json"))
    for path in runs[1:]:
        summary = json.loads(path.read_text())
        for way in ("segments", "back_translation"):
            summary[way]["translated"] = 0
        path.write_text(json.dumps(summary))
    collect(outputs, keep_runs=1, delete=True)
    assert [path.exists() for path in runs] == [True, False, False, True]


def test_a_memory_is_looked_at_only_if_it_is_named(outputs, litter):
    collect(outputs, delete=True)
    for path in litter:
        assert path.exists() == (".memory" in path.parts)


def test_a_correction_that_was_set_aside_stays(outputs):
    kept = put(outputs / ".memory/corrections/unreadable/00000001.parquet")
    assert collect(outputs, memory=Folder(outputs / ".memory"), delete=True).garbage == []
    assert kept.exists()


def test_a_build_that_another_command_holds_is_left_alone(outputs, litter):
    before = files(outputs / "small")
    with build_lock(outputs / "small"):
        found = collect(outputs, delete=True)
    assert found.garbage == []
    assert "is being built by another command" in found.skipped[str(outputs / "small")]
    assert files(outputs / "small") == before


def test_a_build_with_a_damaged_manifest_is_left_alone(outputs, litter):
    (outputs / "small/dataset/manifest.json").write_text("{")
    before = files(outputs / "small")
    found = collect(outputs, delete=True)
    assert "manifest.json: not JSON" in found.skipped[str(outputs / "small")]
    assert files(outputs / "small") == before


def test_a_build_is_a_folder_of_builds_of_its_own(outputs, litter):
    own = {path for path in litter if ".memory" not in path.parts}
    assert {Path(item.path) for item in collect(outputs / "small").garbage} == own


def test_folders_that_are_no_builds_and_links_are_not_touched(outputs, tmp_path):
    kept = [put(outputs / "mine/.staging/x"), put(tmp_path / "elsewhere/x")]
    (outputs / "small/.staging").mkdir()
    (outputs / "small/.staging/link").symlink_to(tmp_path / "elsewhere")
    (outputs / "linked").symlink_to(tmp_path / "elsewhere")
    found = collect(outputs, delete=True)
    assert [item.path for item in found.garbage] == [str(outputs / "small/.staging")]
    assert all(path.exists() for path in kept)


def test_where_there_is_no_build_is_refused(tmp_path):
    with pytest.raises(InputError, match="no build there"):
        collect(tmp_path)
