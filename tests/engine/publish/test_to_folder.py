"""Publishing to a disk and to S3: immutable files, numbered versions, and a pointer that comes last."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from datasets import load_dataset

from engine.progress import ProgressReport
from engine.publish import to_folder
from engine.publish.contents import LocalDataset
from engine.publish.places import FolderPlace, parse_place
from engine.publish.roll_back import roll_back_folder
from engine.publish.to_folder import publish_to_folder
from engine.publish.versions import Versions
from schemas.errors import InputError


@pytest.fixture(params=["disk", "s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> FolderPlace:
    if request.param == "disk":
        return FolderPlace(str(tmp_path / "target"))
    return FolderPlace(f"{request.getfixturevalue('s3_bucket')}/set")


def send(folder: Path, place: FolderPlace, tag: str | None = None, *, dry_run: bool = False):
    quiet = ProgressReport(quiet=True)
    return publish_to_folder(LocalDataset.open(folder), place, quiet, dry_run=dry_run, tag=tag)


def test_a_version_is_a_list_of_files_that_are_never_written_again(place: FolderPlace, make):
    first = send(make(), place, "v1")
    assert (first.committed, first.revision) == (True, "1")
    assert not send(make(), place).committed
    second = send(make("stricter"), place)
    assert second.revision == "2"
    assert 0 < len(second.plan.upload) < len(first.plan.upload)
    versions = Versions(place)
    old, new = versions.files(1), versions.files(2)
    assert versions.pointer()["version"] == versions.latest() == 2
    for files in (old, new):
        for file in files.values():
            versions.check(file, whole=True)
    assert {path for path in old if path.endswith(".parquet") and old[path] != new[path]} == set(second.plan.upload)
    back = roll_back_folder(place, "v1", dry_run=False)
    assert (back.revision, back.plan.bytes_up) == ("3", 0)
    assert versions.files(3) == old


def test_the_card_of_a_folder_names_the_files_of_its_version_only(make, tmp_path: Path):
    place = FolderPlace(str(tmp_path / "target"))
    for variant in ("base", "stricter"):
        send(make(variant), place)
        manifest = json.loads((tmp_path / "out/dataset/manifest.json").read_text())
        for config, count in (("deu_Latn", "kept"), ("deu_Latn_all", "rows")):
            cache = str(tmp_path / f"cache_{variant}")
            loaded = load_dataset(place.url, config, split="train", cache_dir=cache)
            assert len(loaded) == manifest["configs"]["deu_Latn"][count]


def test_the_second_of_two_publications_at_once_plans_again(place: FolderPlace, make, monkeypatch):
    send(make(), place)
    put, others = Versions.put, []

    def late(self: Versions, number: int, files) -> int | None:
        if not others:
            others.append(put(self, number, self.files(1)))
        return put(self, number, files)

    monkeypatch.setattr(Versions, "put", late)
    outcome = send(make("stricter"), place)
    assert (outcome.attempts, outcome.revision, others) == (2, "3", [2])


def test_a_kill_before_the_pointer_is_mended_by_the_next_run(place: FolderPlace, make, monkeypatch):
    send(make(), place)

    def killed(*_) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Versions, "point", killed)
        with pytest.raises(KeyboardInterrupt):
            send(make("stricter"), place)
    assert Versions(place).pointer()["version"] == 1
    again = send(make("stricter"), place)
    assert (again.committed, again.revision) == (False, "2")
    assert Versions(place).pointer()["version"] == 2


def test_a_kill_while_files_are_sent_leaves_the_old_version_and_costs_no_second_sending(
    place: FolderPlace, make, monkeypatch
):
    send(make(), place)
    with monkeypatch.context() as patch:
        patch.setattr(to_folder.Versions, "put", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            send(make("stricter"), place)
    assert Versions(place).latest() == 1
    monkeypatch.setattr("engine.store.folder.Folder.put_file", lambda *_: pytest.fail("sent twice"))
    assert send(make("stricter"), place).revision == "2"


def test_a_dry_run_writes_nothing(make, tmp_path: Path):
    folder = make()
    before = set(tmp_path.rglob("*"))
    assert send(folder, FolderPlace(str(tmp_path / "target")), dry_run=True).plan.upload
    assert set(tmp_path.rglob("*")) == before


def test_a_list_of_files_cannot_name_others(make, tmp_path: Path):
    place = FolderPlace(str(tmp_path / "target"))
    send(make(), place)
    listed = tmp_path / "target/manifests/00000001.json"
    original = json.loads(listed.read_text())
    for key, name in (("README.md", "../secret.md"), ("data/../../x.parquet", "README-000000000000.md")):
        listed.write_text(json.dumps({**original, "files": {key: {"name": name, "sha256": "0", "size": 1}}}))
        with pytest.raises(InputError, match=r"nothing is read there|not inside its folder"):
            Versions(place).files(1)


def test_a_folder_with_other_things_a_taken_tag_and_an_unknown_version_are_refused(make, tmp_path: Path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/note.txt").write_text("x")
    with pytest.raises(InputError, match=r"holds note\.txt and no version"):
        send(make(), FolderPlace(str(tmp_path / "mine")))
    place = FolderPlace(str(tmp_path / "target"))
    send(make(), place, "v1")
    with pytest.raises(InputError, match="version 1 has it already"):
        send(make("stricter"), place, "v1")
    with pytest.raises(InputError, match="no version v7 there; it has 1 to 2"):
        roll_back_folder(place, "v7", dry_run=False)


@pytest.mark.parametrize("text", ["hf://datasets/one", "hf://models/a/b", "ftp://x/y", ""])
def test_an_address_that_is_none_is_refused(text: str):
    with pytest.raises(InputError, match="--to"):
        parse_place(text, "--to")
