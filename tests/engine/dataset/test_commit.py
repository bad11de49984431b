from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from glotmill.engine.dataset import commit as module
from glotmill.engine.dataset.commit import INTENT, STAGING, build_lock, commit, recover, staging
from glotmill.schemas.errors import GlotmillError, InputError

FOLDERS = ("dataset",)


def stage(build: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = build / STAGING / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def content(build: Path) -> dict[str, str]:
    return {p.relative_to(build).as_posix(): p.read_text() for p in build.rglob("*") if p.is_file()}


OLD = {"dataset/a/1": "old", "dataset/b/1": "old"}
NEW = {"dataset/a/1": "new", "dataset/c/1": "new"}


def test_new_files_replace_old_ones_and_what_is_not_staged_goes(tmp_path: Path):
    stage(tmp_path, OLD)
    commit(tmp_path, FOLDERS)
    assert content(tmp_path) == OLD
    stage(tmp_path, NEW)
    commit(tmp_path, FOLDERS)
    assert content(tmp_path) == NEW
    assert not (tmp_path / "dataset/b").exists()


def test_files_outside_the_committed_folders_stay(tmp_path: Path):
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs/plan").write_text("x")
    stage(tmp_path, NEW)
    commit(tmp_path, FOLDERS)
    assert content(tmp_path) == {**NEW, "runs/plan": "x"}


class Killed(BaseException):
    pass


def test_a_kill_at_any_step_leaves_the_old_build_or_after_recovery_the_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Every operation on files is a crash point in turn."""
    outcomes = set()
    step = 0
    while True:
        build = tmp_path / str(step)
        stage(build, OLD)
        commit(build, FOLDERS)
        stage(build, NEW)
        count = -1

        def tick(original, step: int = step):
            def wrapper(*args, **kwargs):
                nonlocal count
                count += 1
                if count == step:
                    raise Killed
                return original(*args, **kwargs)

            return wrapper

        with monkeypatch.context() as patch:
            for owner, name in ((module, "sync"), (module, "write_json"), (Path, "replace"), (Path, "unlink")):
                patch.setattr(owner, name, tick(getattr(owner, name)))
            patch.setattr(shutil, "rmtree", tick(shutil.rmtree))
            try:
                commit(build, FOLDERS)
            except Killed:
                killed = True
            else:
                killed = False
        recover(build)
        shutil.rmtree(build / STAGING, ignore_errors=True)
        assert content(build) in (OLD, NEW)
        outcomes.add(content(build) == NEW)
        if not killed:
            break
        step += 1
    assert step > 8
    assert outcomes == {True, False}


def test_recover_without_an_unfinished_commit_does_nothing(tmp_path: Path):
    assert not recover(tmp_path)


def test_an_intent_whose_file_is_nowhere_is_an_error(tmp_path: Path):
    (tmp_path / INTENT).write_text('{"move": ["dataset/x"], "delete": []}')
    with pytest.raises(InputError, match="dataset/x"):
        recover(tmp_path)
    assert not recover(tmp_path, rewrite=True)
    assert not (tmp_path / INTENT).exists()


def test_staging_is_gone_after_an_error(tmp_path: Path):
    with pytest.raises(FileNotFoundError), staging(tmp_path) as folder:
        (folder / "nowhere" / "x").write_text("x")
    assert not (tmp_path / STAGING).exists()


def test_a_build_in_progress_locks_its_folder(tmp_path: Path):
    with build_lock(tmp_path / "b"), pytest.raises(GlotmillError, match="another command"), build_lock(tmp_path / "b"):
        pass


def test_a_folder_that_stays_empty_is_taken_away(tmp_path: Path):
    with build_lock(tmp_path / "a/b"):
        pass
    assert not (tmp_path / "a").exists()
    (tmp_path / "a").mkdir()
    with build_lock(tmp_path / "a/b"):
        pass
    assert (tmp_path / "a").exists()


def test_the_lock_goes_from_a_folder_that_had_none_unless_a_build_began_in_it(tmp_path: Path):
    (tmp_path / "notes.txt").write_text("mine")
    with build_lock(tmp_path):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
    for _ in range(2):
        with build_lock(tmp_path):
            (tmp_path / "runs").mkdir(exist_ok=True)
    assert {path.name for path in tmp_path.iterdir()} == {"notes.txt", "runs", ".lock"}
