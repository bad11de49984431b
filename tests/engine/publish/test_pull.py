"""Pulling a published dataset: little comes down, nothing leads out of the folder, a new decision gives the same."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from glotmill.engine.api.terminal import TerminalDisplay
from glotmill.engine.commands.diff import diff
from glotmill.engine.commands.export import ExportOptions, export
from glotmill.engine.commands.refilter import refilter
from glotmill.engine.commands.verify.verify_dataset import verify
from glotmill.engine.dataset.contents import LocalDataset
from glotmill.engine.publish.addresses import FolderPlace, HubPlace, parse_place
from glotmill.engine.publish.hub_repository import HubRepository
from glotmill.engine.publish.origin import open_origin
from glotmill.engine.publish.pull import pull
from glotmill.engine.publish.pull_record import PULLED
from glotmill.engine.publish.to_folder import publish_to_folder
from glotmill.engine.publish.to_hub import HubOptions, publish_to_hub
from glotmill.engine.publish.whole_shards import fetch_shards
from glotmill.engine.runs.progress import ProgressReport
from glotmill.schemas.errors import InputError
from glotmill.schemas.keys import bytes_sha256
from tests.conftest import ROOT
from tests.faults.trials import content
from tests.hub import File

RULE = "filter.user.long.fails=score_lexical_letters >= 30"
QUIET = ProgressReport()


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
    outcome = pull(origin, tmp_path / "pulled", ProgressReport(TerminalDisplay()), everything=False)
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


def test_a_version_that_came_to_a_folder_after_the_pull_is_not_published_over(make, tmp_path: Path):
    place = str(tmp_path / "target")

    def send(which: Path, *, replace: bool = False):
        where = FolderPlace(place)
        return publish_to_folder(LocalDataset.open(which), where, QUIET, dry_run=False, tag=None, replace=replace)

    send(make())
    bring(tmp_path / "pulled", place)
    send(make("stricter"))
    refilter(tmp_path / "pulled", overrides=("filter.user.short.fails=score_lexical_letters < 6",))
    with pytest.raises(InputError, match="another version was published since"):
        send(tmp_path / "pulled")
    assert send(tmp_path / "pulled", replace=True).revision == "3"
    refilter(tmp_path / "pulled", overrides=(RULE,))
    assert send(tmp_path / "pulled").revision == "4"


def test_an_export_of_a_pulled_dataset_fetches_its_shards(hub, folder, publish, tmp_path: Path):
    publish(folder)
    bring(tmp_path / "pulled")
    outcome = export(tmp_path / "pulled", tmp_path / "llava", ExportOptions("llava"), QUIET)
    assert outcome.exported["train"] > 0


def test_a_shard_that_turns_out_wrong_is_not_kept_and_the_right_ones_before_it_are(folder, tmp_path: Path):
    target = tmp_path / "target"
    local = LocalDataset.open(folder)
    publish_to_folder(local, parse_place(str(target), "--to"), QUIET, dry_run=False, tag=None)
    bring(tmp_path / "pulled", str(target))
    first, second, *_ = sorted(path for path in local.contents.shards if path.startswith("data/deu_Latn/"))
    stored = next((target / second).parent.glob(f"{Path(second).stem}-*.parquet"))
    right = stored.read_bytes()
    stored.write_bytes(right[::-1])
    with pytest.raises(InputError, match=rf"{second} is not the file whose checksum the manifest names"):
        fetch_shards(tmp_path / "pulled", [first, second], QUIET)
    data = tmp_path / "pulled/dataset/data/deu_Latn"
    assert [path.name for path in data.iterdir()] == [Path(first).name]
    stored.write_bytes(right)
    assert verify(tmp_path / "pulled", QUIET).sound
    export(tmp_path / "pulled", tmp_path / "llava", ExportOptions("llava"), QUIET)


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
    with pytest.raises(InputError, match="does not hold the rows that the manifest describes"):
        bring(tmp_path / "pulled")
    assert not (tmp_path / "pulled").exists()
    files[first] = right
    bring(tmp_path / "pulled")
    files[first] = files[second]
    with pytest.raises(InputError, match="is not the file whose checksum the manifest names"):
        fetch_shards(tmp_path / "pulled", [first], QUIET)
    assert not (tmp_path / "pulled/dataset" / first).exists()


def at_the_hub(hub, name: str, data: bytes) -> None:
    """Commit another content of a file, as somebody does by hand."""
    lines = [
        {"key": "header", "value": {"summary": f"Update {name}"}},
        {"key": "file", "value": {"path": name, "content": base64.b64encode(data)}},
    ]
    hub.repository("org/set").commit("main", lines, {}, xet=False, pull=False)


def test_a_card_that_was_edited_at_the_hub_is_said_and_the_published_one_comes(
    hub, folder: Path, publish, tmp_path: Path, capsys
):
    first = publish(folder)
    at_the_hub(hub, "README.md", b"# My own words\n")
    pull(open_origin(parse_place("hf://datasets/org/set", "PLACE")), tmp_path / "pulled",
         ProgressReport(TerminalDisplay()), everything=True)  # fmt: skip
    said = f"README.md was edited there; the one that was published comes ({first.revision})"
    assert said in capsys.readouterr().err
    assert content(tmp_path / "pulled/dataset") == content(folder / "dataset")
    assert verify(tmp_path / "pulled", QUIET).problems == []


def test_an_edited_card_of_which_no_commit_has_the_published_one_is_not_taken(
    hub, folder: Path, publish, tmp_path: Path
):
    publish(folder)
    files = hub.repository("org/set").head.files
    files["README.md"] = File.of(b"# My own words\n")
    with pytest.raises(InputError, match=r"README\.md: its checksum is not the one in manifest\.json: it was edited"):
        bring(tmp_path / "pulled")
    assert not (tmp_path / "pulled").exists()


def test_publishing_over_a_card_that_was_edited_at_the_hub_says_so(hub, folder: Path, publish, capsys):
    publish(folder)
    at_the_hub(hub, "README.md", b"# My own words\n")
    edit = hub.repository("org/set").head.oid
    repository = HubRepository(HubPlace("org/set", None), write=True)
    options = HubOptions(verify_rows=False)
    assert publish_to_hub(LocalDataset.open(folder), repository, options, ProgressReport(TerminalDisplay())).committed
    said = f"README.md was edited there since it was published; the new card replaces it, and the commit {edit} keeps"
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("name", ["LICENSES.md", "recipe.lock.yaml"])
def test_licenses_or_a_recipe_that_were_changed_at_the_hub_are_not_taken(
    name: str, hub, folder: Path, publish, tmp_path: Path
):
    publish(folder)
    at_the_hub(hub, name, (folder / "dataset" / name).read_bytes() + b"\n")
    with pytest.raises(InputError, match=rf"{name}: its checksum is not the one in manifest\.json: it was edited"):
        bring(tmp_path / "pulled")
    assert not (tmp_path / "pulled").exists()


@pytest.mark.parametrize("name", ["README.md", "LICENSES.md", "recipe.lock.yaml", "manifest.json"])
def test_a_file_that_was_changed_in_a_folder_of_versions_is_not_taken(name: str, folder: Path, tmp_path: Path):
    place = tmp_path / "target"
    publish_to_folder(LocalDataset.open(folder), FolderPlace(str(place)), QUIET, dry_run=False, tag=None)
    stem, ending = name.rsplit(".", 1)
    (file,) = place.glob(f"{stem}-*.{ending}")
    file.write_bytes(file.read_bytes() + b"\n")
    with pytest.raises(InputError, match="not the file that was published; publish the dataset again"):
        bring(tmp_path / "pulled", str(place))
    assert not (tmp_path / "pulled").exists()


def forge(root: Path, change: Callable[[list], None]) -> None:
    """Change the shards of a language in its manifest, with checksums that fit."""
    path = root / "manifests/deu_Latn.json"
    language = json.loads(path.read_text())
    change(language["splits"]["train"])
    path.write_text(json.dumps(language))
    manifest = json.loads((root / "manifest.json").read_text())
    for key in ("rows", "kept"):
        manifest["configs"]["deu_Latn"][key] = sum(shard[key] for shard in language["splits"]["train"])
    manifest["configs"]["deu_Latn"]["sha256"] = bytes_sha256(path.read_bytes())
    (root / "manifest.json").write_text(json.dumps(manifest))


def test_a_manifest_that_names_a_shard_twice_is_refused_everywhere(hub, folder: Path, publish, tmp_path: Path):
    publish(folder)
    root = folder / "dataset"
    forge(root, lambda shards: shards.append(shards[0]))
    for name in ("manifests/deu_Latn.json", "manifest.json"):
        at_the_hub(hub, name, (root / name).read_bytes())
    twice = "names data/deu_Latn/train-00000.parquet more than once; do not trust this dataset"
    for use in (
        lambda: bring(tmp_path / "pulled"),
        lambda: publish(folder),
        lambda: refilter(folder),
        lambda: export(folder, tmp_path / "x", ExportOptions("llava"), QUIET),
    ):
        with pytest.raises(InputError, match=twice):
            use()
    assert not (tmp_path / "pulled").exists()
    assert any(twice in str(problem) for problem in verify(folder, QUIET).problems)


def test_two_shards_with_the_same_records_are_not_taken(hub, folder: Path, publish, tmp_path: Path):
    publish(folder)
    root = folder / "dataset"
    copy = "data/deu_Latn/train-00009.parquet"
    forge(root, lambda shards: shards.append({**shards[0], "path": copy}))
    files = hub.repository("org/set").head.files
    files[copy] = files["data/deu_Latn/train-00000.parquet"]
    for name in ("manifests/deu_Latn.json", "manifest.json"):
        at_the_hub(hub, name, (root / name).read_bytes())
    with pytest.raises(InputError, match=rf"{copy}: \d+ record ids occur more than once, such as r1:"):
        bring(tmp_path / "pulled")
    assert not (tmp_path / "pulled/dataset").exists()


def test_a_dataset_of_schema_version_1_is_pulled_and_what_has_no_checksum_is_said(hub, publish, tmp_path, capsys):
    old = tmp_path / "old"
    shutil.copytree(ROOT / "tests/fixtures/round_two/builds/fake/dataset", old / "dataset")
    publish(old)
    pull(open_origin(parse_place("hf://datasets/org/set", "PLACE")), tmp_path / "pulled",
         ProgressReport(TerminalDisplay()), everything=True)  # fmt: skip
    assert "not checked: README.md, LICENSES.md (the manifest" in capsys.readouterr().err
    found = verify(tmp_path / "pulled", QUIET)
    assert (found.problems, found.unchecked) == ([], ["README.md", "LICENSES.md"])
    at_the_hub(hub, "recipe.lock.yaml", b"name: other\n")
    with pytest.raises(InputError, match=r"recipe\.lock\.yaml: its checksum is not"):
        bring(tmp_path / "changed")


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
