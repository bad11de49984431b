"""Publishing to the Hub: one commit or none, whatever goes wrong on the way."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from glotmill.engine.dataset.contents import LocalDataset
from glotmill.engine.publish import to_hub
from glotmill.engine.publish.addresses import HubPlace
from glotmill.engine.publish.hub_repository import HubRepository
from glotmill.engine.publish.journal import JOURNAL
from glotmill.schemas.errors import InputError, PublishError
from glotmill.schemas.keys import bytes_sha256
from tests.hub import Fault, File, StandInHub

COMMIT = r"/commit/"


def shards(folder: Path) -> dict[str, str]:
    return {path: shard.sha256 for path, shard in LocalDataset.open(folder).contents.shards.items()}


def change_a_page(folder: Path) -> None:
    """Make the dataset differ from the published one in a small file, as another recipe would."""
    path = folder / "dataset/manifest.json"
    manifest = json.loads(path.read_text())
    (folder / "dataset/LICENSES.md").write_text("Others.\n")
    manifest["files"]["LICENSES.md"] = bytes_sha256(b"Others.\n")
    path.write_text(json.dumps(manifest))


def held(hub: StandInHub, revision: str = "main") -> dict[str, str]:
    files = hub.repository("org/set").at(revision).files
    return {path: file.sha256 for path, file in files.items() if path != ".gitattributes"}


def expected(folder: Path) -> dict[str, str]:
    root = folder / "dataset"
    return {p.relative_to(root).as_posix(): File.of(p.read_bytes()).sha256 for p in root.rglob("*") if p.is_file()}


def test_a_first_publication_is_one_commit_into_a_private_repository_and_the_next_is_none(hub, folder, publish):
    first = publish(folder, tag="v1.0.0")
    repository = hub.repository("org/set")
    assert repository.private
    assert held(hub) == expected(folder)
    assert [commit.oid for commit in repository.history()] == [first.revision]
    assert repository.tags == {"v1.0.0": first.revision}
    assert not (folder / JOURNAL).exists()
    again = publish(folder)
    assert (again.committed, again.revision) == (False, first.revision)
    assert again.plan.empty
    assert len(hub.asked("POST", COMMIT)) == 1


def test_a_new_verdict_sends_the_changed_shards_pages_and_nothing_else(hub, make, publish):
    folder = make()
    publish(folder)
    before = shards(folder)
    make("stricter")
    changed = {path for path, sha256 in shards(folder).items() if before[path] != sha256}
    assert 0 < len(changed) < len(before)
    outcome = publish(folder)
    assert set(outcome.plan.upload) == changed
    operations = hub.repository("org/set").head.operations
    assert {path for kind, path in operations if kind == "lfsFile"} == changed
    assert {kind for kind, _ in operations} == {"lfsFile", "file"}
    assert held(hub) == expected(folder)
    assert outcome.plan.bytes_up < sum(shard.size for shard in LocalDataset.open(folder).contents.shards.values())


def test_a_language_that_is_gone_takes_its_shards_and_manifest_along_and_leaves_other_peoples_files(hub, make, publish):
    publish(make())
    repository = hub.repository("org/set")
    note = [{"key": "header", "value": {"summary": "A note"}}]
    note += [{"key": "file", "value": {"path": "notes/mine.txt", "content": "aGk="}}]
    repository.commit("main", note, {}, xet=False, pull=False)
    folder = make("german")
    outcome = publish(folder)
    assert outcome.plan.delete == [f"data/swh_Latn/train-0000{n}.parquet" for n in range(3)] + [
        "manifests/swh_Latn.json"
    ]
    assert set(held(hub)) == {*expected(folder), "notes/mine.txt"}


def test_a_writer_who_came_in_between_makes_it_plan_again(hub, folder, publish):
    publish(folder)
    repository = hub.repository("org/set")
    change_a_page(folder)

    def other() -> None:
        lines = [{"key": "header", "value": {"summary": "Other"}}]
        lines += [{"key": "file", "value": {"path": "notes.txt", "content": "aGk="}}]
        repository.commit("main", lines, {}, xet=False, pull=False)

    hub.faults = [Fault("POST", COMMIT, status=200, run=other)]
    outcome = publish(folder)
    assert outcome.attempts == 2
    assert [c.message.partition("\n")[0] for c in repository.history()][1] == "Other"
    assert "notes.txt" in held(hub)


def test_another_publication_in_between_is_not_overwritten_unseen(hub, folder, publish, make):
    publish(folder)
    repository = hub.repository("org/set")
    make("german")

    def other() -> None:
        lines = [{"key": "header", "value": {"summary": "Other"}}]
        lines += [{"key": "file", "value": {"path": "manifest.json", "content": "e30="}}]
        repository.commit("main", lines, {}, xet=False, pull=False)

    hub.faults = [Fault("POST", COMMIT, status=200, run=other)]
    with pytest.raises(PublishError, match="another dataset was published there meanwhile"):
        publish(folder)
    assert repository.head.message == "Other"


@pytest.mark.parametrize("status", [500, 504, None])
def test_a_failure_before_the_commit_is_tried_again_and_one_after_it_is_recognised(hub, folder, publish, status):
    hub.faults = [Fault("POST", COMMIT, status=status)]
    first = publish(folder)
    assert first.attempts == 2
    assert len(hub.repository("org/set").history()) == 1
    change_a_page(folder)
    hub.faults = [Fault("POST", COMMIT, status=status, after=True)]
    second = publish(folder)
    assert second.attempts == 1
    assert second.revision == hub.repository("org/set").head.oid
    assert len(hub.repository("org/set").history()) == 2


def test_a_commit_that_somebody_built_upon_before_its_answer_was_lost_is_found_too(hub, folder, publish):
    def late() -> None:
        body = next(body for method, path, body in reversed(hub.requests) if "/commit/" in path)
        repository = hub.repository("org/set")
        repository.commit("main", map(json.loads, body.splitlines()), hub.stored, xet=False, pull=False)
        lines = [{"key": "header", "value": {"summary": "On top"}}]
        lines += [{"key": "file", "value": {"path": "notes.txt", "content": "aGk="}}]
        repository.commit("main", lines, {}, xet=False, pull=False)

    hub.faults = [Fault("POST", COMMIT, status=502, run=late)]
    outcome = publish(folder)
    head = hub.repository("org/set").head
    assert (head.message, head.parent) == ("On top", outcome.revision)


def test_too_many_requests_are_waited_for_as_long_as_the_hub_says(hub, folder, publish):
    hub.faults = [Fault("POST", COMMIT, status=429, headers=(("RateLimit", '"api";r=0;t=7'),))]
    sleeps: list[float] = []
    assert publish(folder, sleeps=sleeps).attempts == 2
    assert sleeps == [8]


def test_a_hub_that_never_takes_the_commit_ends_it_with_one_line(hub, folder, publish):
    hub.faults = [Fault("POST", COMMIT, status=503, times=99)]
    with pytest.raises(PublishError, match=f"in {to_hub.ATTEMPTS} attempts: .*503") as caught:
        publish(folder)
    assert "\n" not in str(caught.value)


def test_a_kill_between_upload_and_commit_is_gone_on_with(hub, folder, publish, monkeypatch):
    def killed(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(to_hub.HubRepository, "commit", killed)
        with pytest.raises(KeyboardInterrupt):
            publish(folder)
    sent = len(hub.asked("PUT", "/lfs/"))
    journal = json.loads((folder / JOURNAL).read_text())
    assert journal["uploaded"] == shards(folder)
    outcome = publish(folder)
    assert outcome.resumed == len(shards(folder))
    assert len(hub.asked("PUT", "/lfs/")) == sent
    assert journal["publish_id"] in hub.repository("org/set").head.message


def test_a_dry_run_sends_and_makes_nothing(hub, folder, publish):
    outcome = publish(folder, dry_run=True)
    assert (outcome.committed, outcome.revision) == (False, None)
    assert len(outcome.plan.upload) == len(shards(folder))
    assert hub.repositories == {}
    assert [method for method, _, _ in hub.requests if method != "GET"] == []


def test_a_pull_request_leaves_the_branch_alone_also_when_its_answer_is_lost(hub, folder, publish):
    publish(folder)
    repository = hub.repository("org/set")
    head = repository.head.oid
    change_a_page(folder)
    hub.faults = [Fault("POST", COMMIT, status=500, after=True)]
    outcome = publish(folder, create_pr=True)
    assert repository.head.oid == head
    assert repository.pulls == {"refs/pr/1": outcome.revision}


def test_a_branch_is_made_and_published_to(hub, folder, publish):
    publish(folder)
    change_a_page(folder)
    outcome = publish(folder, revision="next")
    repository = hub.repository("org/set")
    assert repository.branches["next"] == outcome.revision != repository.head.oid
    assert held(hub, "next") == expected(folder)


def test_listings_of_many_pages_are_read_whole(hub, folder, publish):
    hub.page = 3
    publish(folder)
    assert publish(folder).plan.empty


def test_a_tag_that_is_taken_is_refused_before_anything_is_sent(hub, folder, publish):
    publish(folder, tag="v1")
    change_a_page(folder)
    with pytest.raises(PublishError, match="a tag v1 already"):
        publish(folder, tag="v1")
    assert len(hub.asked("POST", COMMIT)) == 1


def test_a_repository_that_glotmill_did_not_publish_is_left_alone(hub, folder, publish):
    publish(folder)
    repository = hub.repository("org/set")
    lines = [{"key": "header", "value": {"summary": "x"}}, {"key": "deletedFile", "value": {"path": "manifest.json"}}]
    repository.commit("main", lines, {}, xet=False, pull=False)
    with pytest.raises(InputError, match="Glotmill did not publish it"):
        publish(folder)


def test_an_edited_shard_is_refused_before_anything_is_sent(hub, folder, publish):
    path = next(iter(shards(folder)))
    data = bytearray((folder / "dataset" / path).read_bytes())
    data[100] ^= 1
    (folder / "dataset" / path).write_bytes(data)
    with pytest.raises(InputError, match="not the bytes whose checksum the manifest names"):
        publish(folder)
    assert hub.repositories == {}


def test_without_a_token_or_with_a_wrong_one_or_offline_nothing_is_sent(hub, folder, publish, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    with pytest.raises(InputError, match="does not accept the token in HF_TOKEN"):
        publish(folder)
    monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(InputError, match="HF_TOKEN is not set"):
        publish(folder)
    monkeypatch.setenv("HF_TOKEN", hub.token)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(InputError, match="HF_HUB_OFFLINE is set"):
        publish(folder)
    assert hub.repositories == {}


def test_the_token_is_cut_out_of_whatever_a_library_says(hub):
    repository = HubRepository(HubPlace("org/set", None), write=True)
    with pytest.raises(PublishError) as caught, repository.refusing("asking"):
        raise ValueError(f"header Bearer {hub.token}\nrefused") from OSError(f"with {hub.token}")
    assert str(caught.value) == "hf://datasets/org/set: asking: header Bearer *** refused (with ***)"
    assert caught.value.__suppress_context__
