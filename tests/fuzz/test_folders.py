"""Whatever lies in a build's folder or a published one, a command does its work or ends in one good line."""

from __future__ import annotations

from tests.fuzz import folders


def test_damaged_builds_and_published_folders_end_in_one_line():
    assert folders.run(30, 0) == []
