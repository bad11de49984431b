"""A short run of the fuzz of recipes; ``python -m tests.fuzz`` runs as many cases as it is given."""

from __future__ import annotations

from tests.fuzz import recipes


def test_no_recipe_or_option_ends_in_a_traceback_or_leaves_anything_behind():
    assert recipes.run(15, 1) == []
