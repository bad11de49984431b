"""A short run of the fuzz of source files; ``python -m tests.fuzz`` runs as many cases as it is given."""

from __future__ import annotations

from tests.fuzz import sources


def test_no_source_file_ends_in_a_traceback_or_leaves_anything_behind():
    assert sources.run(12, 1) == []
