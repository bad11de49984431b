from __future__ import annotations

import pytest

from glotmill.engine.commands.job import prepare
from glotmill.engine.commands.load_recipe import load_recipe
from glotmill.engine.dataset.licenses import check_licenses, classes, dataset_license, on_the_hub
from glotmill.schemas.errors import InputError


@pytest.mark.parametrize(
    ("licenses", "claimed"),
    [
        (["mit", "mit"], "mit"),
        (["apache-2.0", "cc-by-nc-sa-4.0"], "cc-by-nc-sa-4.0"),
        (["cc-by-nc-4.0", "cc-by-sa-4.0", "mit"], "other"),
        (["mit", "apache-2.0"], "other"),
        (["something-new", "mit"], "something-new"),
        (["cc-by-nc-4.0", "cc-by-nc-sa-4.0", "cc-by-4.0"], "cc-by-nc-sa-4.0"),
        (["cc-by-sa-4.0", "cc-by-nc-sa-4.0"], "other"),
        (["cc-by-sa-3.0", "cc-by-sa-4.0"], "other"),
        (["something-new", "cc-by-nc-4.0"], "other"),
        (["cc-by-nc-4.0", "cc-by-nc-3.0"], "other"),
    ],
)
def test_the_license_is_never_looser_than_sources_and_models_together(licenses: list[str], claimed: str):
    assert dataset_license(licenses) == claimed


def test_a_license_of_two_kinds_is_of_both_classes_and_an_unknown_one_of_none_that_is_known():
    assert classes("cc-by-nc-sa-4.0") == {"non_commercial", "share_alike"}
    assert classes("cc-by-nd-4.0") == {"no_derivatives"}
    assert classes("mit") == {"permissive"}
    assert classes("something-new") == classes("gpl-3.0") == {"other"}
    assert on_the_hub("gpl-3.0")
    assert not on_the_hub("something-new")


def test_a_part_needs_all_of_its_classes_allowed():
    parts = [("sources.a", "mit"), ("the model m", "cc-by-nc-sa-4.0")]
    check_licenses(parts, None)
    check_licenses(parts, ["permissive", "non_commercial", "share_alike"])
    with pytest.raises(
        InputError, match=r"the model m is under cc-by-nc-sa-4\.0 \(share_alike\), and the recipe allows"
    ):
        check_licenses(parts, ["permissive", "non_commercial"])


def test_a_recipe_refuses_classes_before_any_work(recipe_file, tmp_path):
    source = {"format": "jsonl", "path": "samples.jsonl", "license": "cc-by-nc-4.0"}
    recipe = recipe_file(sources={"small": source}, allow_licenses=["permissive"])
    with pytest.raises(InputError, match=r"allow_licenses: sources\.small is under cc-by-nc-4\.0"):
        prepare(load_recipe(str(recipe)), out=tmp_path / "out")
    with pytest.raises(InputError, match="allow_licenses"):
        load_recipe(str(recipe_file(allow_licenses=["free"])))
