"""Each recipe that follows a paper says at its head what differs from the paper."""

from __future__ import annotations

import pytest

from glotmill.recipes.load import built_in_recipes

HEADING = "# Differences from the paper:"
OWN = {"quickstart", "coco_captions", "gqa"}  # recipes that follow no paper

# Words of differences that change what somebody trains on.
NAMED = {
    "mblip": [
        "Pictures are not fetched", "outside train2014", "random negatives", "`decide`", "pools of 20,000",
        "yes and no", "Google Translate", "templates are this project's own",
    ],
    "centurio": ["Scene-text answers are translated", "98 target languages", "SynthDoG"],
    "palo": ["English conversations are there once", "not GPT-3.5", "<image>"],
    "m3it80": ["come from a table", "Instructions are English", "by image"],
    "xvlm2vec": ["two picture markers", "Retrieval subsets", "Negatives", "instead of MADLAD"],
    "crossin": ["`input` is dropped", "one parallel set", "tag"],
}  # fmt: skip


def head(name: str) -> str:
    """The comment at the head of a recipe."""
    lines = built_in_recipes()[name].read_text(encoding="utf-8").splitlines()
    return "\n".join(lines[: next(i for i, line in enumerate(lines) if not line.startswith("#"))])


def test_every_recipe_that_follows_a_paper_is_listed_here():
    assert set(NAMED) == set(built_in_recipes()) - OWN


@pytest.mark.parametrize("name", NAMED)
def test_a_recipe_names_its_paper_and_what_differs_from_it(name: str):
    before, heading, differences = head(name).partition(f"\n{HEADING}\n")
    assert heading
    assert "et al. 20" in before
    listed = differences.splitlines()
    assert all(line.startswith(("# - ", "#   ")) for line in listed)
    assert len([line for line in listed if line.startswith("# - ")]) >= 5
    text = " ".join(line.removeprefix("#").strip(" -") for line in listed)
    assert [words for words in NAMED[name] if words.casefold() not in text.casefold()] == []
