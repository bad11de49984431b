"""Pulling a published dataset: little comes down, nothing leads out of the folder, a new decision gives the same."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.diff import diff
from engine.export.export import ExportOptions, export
from engine.progress import ProgressReport
from engine.publish.contents import LocalDataset
from engine.publish.places import parse_place
from engine.publish.pull import fetch_shards, open_origin, pull
from engine.publish.pulled import PULLED
from engine.publish.to_folder import publish_to_folder
from engine.refilter import refilter
from schemas.errors import InputError, PublishError
from schemas.keys import bytes_sha256
from tests.faults.trials import content

RULE = "filter.user.long.fails=score_lexical_letters >= 30"
QUIET = ProgressReport(quiet=True)


def bring(to: Path, place: str = "hf://datasets/org/set", *, everything: bool = False):
    return pull(open_origin(parse_place(place, "PLACE", versions=True)), to, QUIET, everything=everything)


@pytest.mark.parametrize("target", ["hub", "folder"])
def test_pull_refilter_publish_gives_the_bytes_of_doing_it_where_the_build_was_made(
    target: str, hub, make, publish, tmp_path: Path
):
    """The folder starts empty: no memory, no samples, no model; of the shards only the changed ones are fetched."""
    folder, pulled = make(), tmp_path / "pulled"
    place = "hf://datasets/org/set" if target == "hub" else str(tmp_path / "target")

    def send(which: Path):
        if target == "hub":
            return publish(which)
        return publish_to_folder(LocalDataset.open(which), parse_place(place, "--to"), QUIET, dry_run=False, tag=None)

    send(folder)
    outcome = bring(pulled, place)
    assert outcome.whole == 0
    assert list((pulled / "dataset").rglob("*.parquet")) == []
    there = refilter(pulled, overrides=(RULE,))
    here = refilter(folder, overrides=(RULE,))
    assert there.flipped == here.flipped > 0
    whole = {path.relative_to(pulled / "dataset").as_posix() for path in (pulled / "dataset").rglob("*.parquet")}
    assert len(whole) == there.rewritten < there.shards
    made = content(folder / "dataset")
    assert {name: made[name] for name in content(pulled / "dataset")} == content(pulled / "dataset")
    assert set(send(pulled).plan.upload) == whole
    again = bring(tmp_path / "all", place, everything=True)
    assert again.whole == again.shards
    assert content(tmp_path / "all/dataset") == made
    assert not send(folder).committed


def test_the_bytes_that_come_down_are_stated_before_and_are_those_that_come(hub, folder, publish, tmp_path, capsys):
    publish(folder)
    hub.served.clear()
    origin = open_origin(parse_place("hf://datasets/org/set", "PLACE"))
    outcome = pull(origin, tmp_path / "pulled", ProgressReport(), everything=False)
    assert f"down: {outcome.bytes_down:,} bytes" in capsys.readouterr().err
    assert sum(size for _, size in hub.served) == pytest.approx(
        outcome.bytes_down, rel=0.15
    )  # in shards of kilobytes gaps are read, too


def test_the_records_that_flipped_are_told_from_what_was_pulled_without_its_shards(
    hub, folder, publish, tmp_path: Path
):
    publish(folder)
    bring(tmp_path / "pulled")
    before = shutil.copytree(folder, tmp_path / "before")
    refilter(folder, overrides=(RULE,))
    found = diff(tmp_path / "pulled", folder, rows=True)
    assert found.flips
    assert found == diff(before, folder, rows=True)


def test_columns_of_what_a_shard_was_before_are_not_taken_for_the_shard(hub, folder, publish, tmp_path: Path):
    publish(folder)
    bring(tmp_path / "pulled")
    refilter(tmp_path / "pulled", overrides=(RULE,))
    for path in (tmp_path / "pulled/dataset").rglob("*.parquet"):
        path.unlink()
    with pytest.raises(InputError, match="the manifest names it, but it is not there"):
        diff(folder, tmp_path / "pulled", rows=True)


def test_the_newest_of_what_was_pulled_is_brought_again_and_whole_shards_stay(hub, make, publish, tmp_path: Path):
    publish(make())
    bring(tmp_path / "pulled", everything=True)
    publish(make("stricter"))
    hub.requests.clear()
    outcome = bring(tmp_path / "pulled")
    assert 0 < outcome.whole < outcome.shards
    assert json.loads((tmp_path / "pulled" / PULLED).read_text())["revision"] == hub.repository("org/set").head.oid


def test_a_version_that_came_after_the_pull_is_not_published_over(hub, make, publish, tmp_path: Path):
    publish(make())
    bring(tmp_path / "pulled")
    publish(make("stricter"))
    refilter(tmp_path / "pulled", overrides=("filter.user.short.fails=score_lexical_letters < 6",))
    with pytest.raises(InputError, match="another version was published since"):
        publish(tmp_path / "pulled")
    plan = publish(tmp_path / "pulled", replace=True, dry_run=True).plan
    assert [path for path in plan.upload if not (tmp_path / "pulled/dataset" / path).exists()]
    assert publish(tmp_path / "pulled", replace=True).committed


def test_an_export_of_a_pulled_dataset_fetches_its_shards(hub, folder, publish, tmp_path: Path):
    publish(folder)
    bring(tmp_path / "pulled")
    outcome = export(tmp_path / "pulled", tmp_path / "llava", ExportOptions("llava"), QUIET)
    assert outcome.exported["train"] > 0


@pytest.mark.parametrize("path", ["../../outside.parquet", "/etc/x.parquet", "data/../../x.parquet", "README.md"])
def test_a_path_in_a_manifest_cannot_leave_the_folder(path: str, hub, folder: Path, publish, tmp_path: Path):
    """The manifests are changed so that every checksum is right, as one who means harm would."""
    publish(folder)
    root = folder / "dataset"
    language = json.loads((root / "manifests/deu_Latn.json").read_text())
    language["splits"]["train"][0]["path"] = path
    data = json.dumps(language).encode()
    manifest = json.loads((root / "manifest.json").read_text())
    manifest["configs"]["deu_Latn"]["sha256"] = bytes_sha256(data)
    (root / "manifests/deu_Latn.json").write_bytes(data)
    (root / "manifest.json").write_text(json.dumps(manifest))
    (folder / ".lock").touch()  # every command holds it
    before = set(tmp_path.rglob("*"))
    for use in (lambda: publish(folder), lambda: export(folder, tmp_path / "x", ExportOptions("llava"), QUIET)):
        with pytest.raises(InputError, match="not inside its folder"):
            use()
    repository = hub.repository("org/set")
    lines = [{"key": "header", "value": {"summary": "harm"}}]
    for name in ("manifest.json", "manifests/deu_Latn.json"):
        encoded = base64.b64encode((root / name).read_bytes())
        lines.append({"key": "file", "value": {"path": name, "content": encoded}})
    repository.commit("main", lines, {}, xet=False, pull=False)
    with pytest.raises(InputError, match="not inside its folder"):
        bring(tmp_path / "pulled")
    assert set(tmp_path.rglob("*")) == before


def test_other_bytes_than_the_manifest_says_are_not_taken(hub, folder: Path, publish, tmp_path: Path):
    publish(folder)
    files = hub.repository("org/set").head.files
    first, second = (f"data/deu_Latn/train-0000{n}.parquet" for n in (0, 1))
    right, files[first] = files[first], files[second]
    with pytest.raises(PublishError, match="does not hold the rows that the manifest describes"):
        bring(tmp_path / "pulled")
    assert not (tmp_path / "pulled").exists()
    files[first] = right
    bring(tmp_path / "pulled")
    files[first] = files[second]
    with pytest.raises(PublishError, match="is not the file whose checksum the manifest names"):
        fetch_shards(tmp_path / "pulled", [first], QUIET)
    assert not (tmp_path / "pulled/dataset" / first).exists()


def test_edited_columns_are_refused(hub, folder: Path, publish, tmp_path: Path):
    publish(folder)
    bring(tmp_path / "pulled")
    file = next((tmp_path / "pulled/scores").rglob("*.parquet"))
    shutil.copyfile(folder / "dataset/data/deu_Latn/train-00000.parquet", file)
    with pytest.raises(InputError, match="not the file that was pulled"):
        refilter(tmp_path / "pulled", overrides=(RULE,))


@pytest.fixture
def refused(tmp_path: Path) -> Callable[..., str]:
    def go(place: str, to: str = "new") -> str:
        before = set(tmp_path.rglob("*"))
        with pytest.raises(InputError) as caught:
            bring(tmp_path / to, place)
        assert set(tmp_path.rglob("*")) == before
        return str(caught.value)

    return go


def test_what_cannot_be_pulled_is_one_line_and_leaves_nothing(hub, folder, publish, refused, tmp_path, monkeypatch):
    publish(folder)
    assert "no such dataset or revision" in refused("hf://datasets/org/none")
    assert "no such dataset or revision" in refused("hf://datasets/org/set@v9")
    assert "expected hf://datasets/ORG/NAME" in refused("hf://org/set")
    assert "no pull made it" in refused("hf://datasets/org/set", "out")
    monkeypatch.delenv("HF_TOKEN")
    assert "a private one needs a token in HF_TOKEN" in refused("hf://datasets/org/set")
