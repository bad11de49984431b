"""Publishing to a disk and to S3: immutable files, numbered versions, and a pointer that comes last."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import pytest
from datasets import load_dataset

from glotmill.engine.api.terminal import TerminalDisplay
from glotmill.engine.dataset.contents import LocalDataset
from glotmill.engine.publish.addresses import FolderPlace, parse_place
from glotmill.engine.publish.rollback import roll_back_folder
from glotmill.engine.publish.to_folder import publish_to_folder
from glotmill.engine.publish.versions import Versions
from glotmill.engine.runs.progress import ProgressReport
from glotmill.engine.storage.folder import Folder
from glotmill.schemas.errors import InputError, StoreError
from tests.conftest import ROOT
from tests.faults.trials import content
from tests.faults.writes import before_storing

QUIET = ProgressReport()


@pytest.fixture(params=["disk", "s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> FolderPlace:
    if request.param == "disk":
        return FolderPlace(str(tmp_path / "target"))
    return FolderPlace(f"{request.getfixturevalue('s3_bucket')}/set")


def send(folder: Path, place: FolderPlace, tag: str | None = None, *, dry_run: bool = False):
    return publish_to_folder(LocalDataset.open(folder), place, QUIET, dry_run=dry_run, tag=tag)


def said(place: FolderPlace) -> int:
    """The version that ``LATEST`` names."""
    return int(json.loads(Folder(place.url).read("LATEST"))["version"])


def test_a_version_is_a_list_of_files_that_are_never_written_again(place: FolderPlace, make):
    first = send(make(), place, "v1")
    assert (first.committed, first.revision) == (True, "1")
    assert not send(make(), place).committed
    second = send(make("stricter"), place)
    assert second.revision == "2"
    assert 0 < len(second.plan.upload) < len(first.plan.upload)
    versions = Versions(place)
    old, new = versions.files(1), versions.files(2)
    assert said(place) == versions.latest() == 2
    for files in (old, new):
        assert all(versions.holds(file) for file in files.values())
    assert {path for path in old if path.endswith(".parquet") and old[path] != new[path]} == set(second.plan.upload)
    back = roll_back_folder(place, "v1", QUIET, dry_run=False)
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


def shown(place: FolderPlace) -> set[str]:
    """The shards that the card at the top names."""
    card = Folder(place.url).read("README.md").decode()
    return set(re.findall(r"data/[\w./-]+\.parquet", card))


def listed(place: FolderPlace, number: int) -> set[str]:
    """The shards of a version."""
    return {file.name for path, file in Versions(place).files(number).items() if path.endswith(".parquet")}


def test_the_second_of_two_publications_at_once_plans_again(make, monkeypatch, tmp_path: Path):
    place = FolderPlace(str(tmp_path / "target"))
    send(make(), place)
    put, others = Versions.put, []

    def late(self: Versions, number: int, files) -> bool:
        if not others:
            others.append(put(self, number, self.files(1)))
        return put(self, number, files)

    monkeypatch.setattr(Versions, "put", late)
    outcome = send(make("stricter"), place)
    assert (outcome.attempts, outcome.revision, others) == (2, "3", [True])


@pytest.mark.parametrize("write", range(1, 13))
def test_of_two_publications_at_once_the_newer_one_stays_at_the_top(
    write: int, variants, make, monkeypatch, tmp_path: Path
):
    """The other one happens whole before the n-th write of the first."""
    monkeypatch.setattr(os, "fsync", lambda _: None)
    place = FolderPlace(str(tmp_path / "target"))
    send(make(), place)
    seen: list[int] = []
    writes = 0

    def intrude() -> None:
        nonlocal writes
        writes += 1
        seen.append(said(place))
        if writes == write:  # those of the other one come here, too
            send(variants["german"], place)

    with before_storing(intrude):
        send(make("stricter"), place)
    newest = Versions(place).latest()
    assert newest == 3
    assert said(place) == newest
    assert shown(place) == listed(place, newest)
    assert seen == sorted(seen)


def test_a_card_or_pointer_that_a_kill_left_behind_is_written_by_the_next_run(place: FolderPlace, make):
    folder = Folder(place.url)
    send(make(), place)
    first = folder.read("README.md")
    folder.delete("README.md")
    assert send(make(), place, dry_run=True).unfinished == ["README.md"]
    outcome = send(make(), place)
    assert (outcome.committed, outcome.unfinished) == (False, ["README.md"])
    assert folder.read("README.md") == first
    send(make("stricter"), place)
    second = folder.read("README.md")
    folder.overwrite("README.md", first)
    folder.overwrite("LATEST", b'{"version"')
    assert send(make("stricter"), place).unfinished == ["LATEST", "README.md"]
    assert (said(place), folder.read("README.md")) == (2, second)
    assert shown(place) == listed(place, 2)
    assert not [name for name in folder.names() if "edited" in name]
    assert send(make("stricter"), place).unfinished == []


def test_going_back_to_a_version_is_finished_by_the_next_run(make, tmp_path: Path):
    place = FolderPlace(str(tmp_path / "target"))
    folder = Folder(place.url)
    send(make(), place, "v1")
    first = folder.read("README.md")
    send(make("stricter"), place)
    second = folder.read("README.md")
    assert roll_back_folder(place, "v1", QUIET, dry_run=False).revision == "3"
    assert folder.read("README.md") == first
    folder.overwrite("README.md", second)
    again = roll_back_folder(place, "v1", QUIET, dry_run=False)
    assert (again.committed, again.revision, again.unfinished) == (False, "3", ["README.md"])
    assert folder.read("README.md") == first


def test_a_folder_that_older_code_published_is_held_and_gets_the_next_version(make, tmp_path: Path):
    kept = ROOT / "tests/fixtures/round_two"
    place = FolderPlace(str(shutil.copytree(kept / "published_embedded", tmp_path / "target")))
    before = content(tmp_path / "target")
    shutil.copytree(kept / "builds/embedded/dataset", tmp_path / "old/dataset")
    held = send(tmp_path / "old", place, "v1")
    assert (held.committed, held.revision, held.unfinished) == (False, "1", [])
    assert content(tmp_path / "target") == before
    assert send(make(), place).revision == "2"
    assert roll_back_folder(place, "v1", QUIET, dry_run=False).revision == "3"
    assert Folder(place.url).read("README.md") == (kept / "published_embedded/README.md").read_bytes()


def test_a_card_that_somebody_edited_in_the_place_is_replaced_and_the_edit_is_kept(make, tmp_path: Path, capsys):
    place = FolderPlace(str(tmp_path / "target"))
    folder = Folder(place.url)
    send(make(), place)
    card = folder.read("README.md")
    folder.overwrite("README.md", b"# My own words\n")
    publish_to_folder(LocalDataset.open(make()), place, ProgressReport(TerminalDisplay()), dry_run=False, tag=None)
    assert folder.read("README.md") == card
    (kept,) = [name for name in folder.names() if "edited" in name]
    assert folder.read(kept) == b"# My own words\n"
    assert f"README.md was edited; the card of version 1 replaces it, the edit is in {kept}" in capsys.readouterr().err
    folder.overwrite("README.md", b"# My own words\n")
    assert send(make("stricter"), place).revision == "2"
    assert shown(place) == listed(place, 2)


@pytest.mark.parametrize("old", [True, False])
def test_an_edited_card_of_the_build_is_refused_before_anything_is_written(old: bool, make, tmp_path: Path):
    folder = make()
    if old:  # a dataset of schema version 1, whose manifest has no checksum of the card
        path = folder / "dataset/manifest.json"
        manifest = json.loads(path.read_text())
        del manifest["files"]
        path.write_text(json.dumps(manifest | {"schema_version": 1}))
    (folder / "dataset/README.md").write_text("# My own words\n")
    before = set(tmp_path.rglob("*"))
    with pytest.raises(InputError, match=r"README\.md: (its checksum is not the one|expected a card with configs)"):
        send(folder, FolderPlace(str(tmp_path / "target")))
    assert set(tmp_path.rglob("*")) == before


def test_a_file_that_the_storage_lost_or_changed_is_sent_again_under_the_same_version(place: FolderPlace, make):
    folder = Folder(place.url)
    send(make(), place)
    files = Versions(place).files(1)
    shard = next(file for path, file in files.items() if path.endswith(".parquet"))
    folder.delete(shard.name)
    folder.overwrite(files["LICENSES.md"].name, b"None at all.\n")
    folder.overwrite(files["README.md"].name, b"x" * files["README.md"].size)
    outcome = send(make(), place)
    assert (outcome.committed, outcome.revision) == (True, "1")
    assert all(Versions(place).holds(file) for file in files.values())


def test_a_version_exists_only_once_its_files_were_found_whole(make, monkeypatch, tmp_path: Path):
    place = FolderPlace(str(tmp_path / "target"))
    put_file = Folder.put_file

    def cut_off(self: Folder, name: str, source: Path) -> None:
        put_file(self, name, source)
        self.overwrite(name, self.read(name)[:-1])

    with monkeypatch.context() as patch:
        patch.setattr(Folder, "put_file", cut_off)
        with pytest.raises(StoreError, match="is missing or not what was sent; publish again"):
            send(make(), place)
    assert Versions(place).latest() == 0
    assert send(make(), place).revision == "1"


def test_a_kill_after_the_files_were_sent_leaves_the_old_version_and_costs_no_second_sending(
    place: FolderPlace, make, monkeypatch
):
    def killed(*_) -> None:
        raise KeyboardInterrupt

    for version, variant in ((1, "base"), (2, "stricter")):
        with monkeypatch.context() as patch:
            patch.setattr(Versions, "put", killed)
            with pytest.raises(KeyboardInterrupt):
                send(make(variant), place)
        assert Versions(place).latest() == version - 1
        with monkeypatch.context() as patch:
            patch.setattr(Folder, "put_file", lambda *_: pytest.fail("sent twice"))
            assert send(make(variant), place).revision == str(version)


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
        listed.write_text(json.dumps({**original, "files": {key: {"name": name, "sha256": "0" * 64, "size": 1}}}))
        with pytest.raises(InputError, match=r"no file of a dataset|not inside its folder"):
            Versions(place).files(1)


@pytest.mark.parametrize("way", ["folder", "link", "dead link"])
def test_whatever_has_the_name_of_a_tag_is_found_before_anything_is_sent(make, tmp_path: Path, way: str):
    place = FolderPlace(str(tmp_path / "place"))
    send(make(), place)
    tag = tmp_path / "place/tags/v1.json"
    tag.parent.mkdir(exist_ok=True)
    if way == "folder":
        tag.mkdir()
    else:
        tag.symlink_to("/dev/null" if way == "link" else "nowhere")
    before = sorted((tmp_path / "place").rglob("*"))
    with pytest.raises(InputError, match="the tag v1"):
        send(make("stricter"), place, "v1")
    assert sorted((tmp_path / "place").rglob("*")) == before


@pytest.mark.parametrize("pattern", ["recipe.lock-*", "manifests/deu_Latn-*"])
def test_a_folder_with_the_name_of_a_stored_file_is_found_before_anything_is_sent(make, tmp_path: Path, pattern: str):
    place = FolderPlace(str(tmp_path / "place"))
    folder = make()
    send(folder, place)
    stored = next((tmp_path / "place").glob(pattern))
    stored.unlink()
    stored.mkdir()
    next((tmp_path / "place/data/deu_Latn").iterdir()).write_bytes(b"cut")
    before = sorted((tmp_path / "place").rglob("*"))
    with pytest.raises(InputError, match=f"{stored.name}: expected a file of a version, found a folder"):
        send(folder, place)
    assert sorted((tmp_path / "place").rglob("*")) == before


def test_a_folder_in_the_place_of_the_next_versions_list_is_found_before_anything_is_sent(make, tmp_path: Path):
    place = FolderPlace(str(tmp_path / "place"))
    send(make(), place)
    (tmp_path / "place/manifests/00000002.json").mkdir()
    before = sorted((tmp_path / "place").rglob("*"))
    with pytest.raises(InputError, match=r"00000002\.json: expected no file or the list of a version"):
        send(make("stricter"), place)
    assert sorted((tmp_path / "place").rglob("*")) == before


def test_a_folder_with_other_things_a_taken_tag_and_an_unknown_version_are_refused(make, tmp_path: Path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/note.txt").write_text("x")
    with pytest.raises(InputError, match=r"holds note\.txt and no version"):
        send(make(), FolderPlace(str(tmp_path / "mine")))
    place = FolderPlace(str(tmp_path / "target"))
    send(make(), place, "v1")
    with pytest.raises(InputError, match="version 1 has it already"):
        send(make("stricter"), place, "v1")
    assert Versions(place).latest() == 1  # the tag was looked at before anything was sent
    send(make("stricter"), place)
    with pytest.raises(InputError, match="no version v7 there; it has 1 to 2"):
        roll_back_folder(place, "v7", QUIET, dry_run=False)


@pytest.mark.parametrize("text", ["hf://datasets/one", "hf://models/a/b", "ftp://x/y", ""])
def test_an_address_that_is_none_is_refused(text: str):
    with pytest.raises(InputError, match="--to"):
        parse_place(text, "--to")
