"""Going back to an older version of a dataset at the Hub."""

from __future__ import annotations

import pytest

from glotmill.engine.publish.addresses import HubPlace
from glotmill.engine.publish.hub_repository import HubRepository
from glotmill.engine.publish.rollback import roll_back_hub
from glotmill.engine.runs.progress import ProgressReport
from glotmill.schemas.errors import InputError, PublishError
from tests.hub import Fault


def back(tag: str, *, dry_run: bool = False):
    repository = HubRepository(HubPlace("org/set", None), write=True)
    return roll_back_hub(repository, tag, ProgressReport(), dry_run=dry_run)


def test_an_older_version_comes_back_as_a_new_commit_without_a_byte_of_a_shard(hub, make, publish):
    publish(make("german"), tag="v1")
    old = dict(hub.repository("org/set").head.files)
    publish(make("base"), tag="v2")
    sent = len(hub.asked("PUT", "/lfs/"))
    plan = back("v1", dry_run=True).plan
    assert any(path.startswith("data/swh_Latn/") for path in plan.delete)
    assert hub.repository("org/set").head.files != old
    outcome = back("v1")
    repository = hub.repository("org/set")
    assert repository.head.files == old
    assert (outcome.revision, len(repository.history())) == (repository.head.oid, 3)
    assert len(hub.asked("PUT", "/lfs/")) == sent
    assert not back("v1").committed


def test_no_such_tag_and_a_branch_that_moved_are_one_line(hub, make, publish):
    publish(make("german"), tag="v1")
    publish(make("base"))
    with pytest.raises(InputError, match="no tag v9 there"):
        back("v9")
    repository = hub.repository("org/set")
    lines = [{"key": "header", "value": {"summary": "x"}}]
    lines.append({"key": "file", "value": {"path": "notes.txt", "content": "aGk="}})

    def other() -> None:
        repository.commit("main", lines, {}, xet=False, pull=False)

    hub.faults = [Fault("POST", "/commit/", status=200, run=other)]
    with pytest.raises(PublishError, match="look whether v1 is current"):
        back("v1")
