from __future__ import annotations

import pytest

from glotmill.recipes.language_sets import expand, groups, read_weights, weight_table
from glotmill.schemas.errors import InputError
from glotmill.schemas.languages import registry


def test_every_group_holds_known_codes_each_once():
    for name, codes in groups().items():
        assert codes, name
        assert set(codes) <= set(registry()), name
        assert len(set(codes)) == len(codes), name


def test_published_groups_have_their_published_sizes():
    sizes = {name: len(codes) for name, codes in groups().items()}
    assert (sizes["mblip"], sizes["centurio"], sizes["m3it80"], sizes["palo"], sizes["nllb"]) == (96, 99, 80, 10, 202)


def test_centurios_tiers_reproduce_its_language_counts():
    """6, 24, 52, 69 and 99 languages beside English; Latin (T3) is not in FLORES-200."""
    counts = [len(groups()[f"tier:T{tier}"]) for tier in (5, 4, 3, 2, 1)]
    assert counts == [6 + 1, 18, 28 - 1, 17, 30]


def test_mc4_shares_sum_to_a_hundred():
    assert sum(weight_table("mc4").values()) == pytest.approx(100, abs=1e-9)
    assert set(weight_table("mt5")) == set(groups()["mblip"])


@pytest.mark.parametrize(
    ("items", "codes"),
    [
        (["fra_Latn", "deu_Latn"], ["fra_Latn", "deu_Latn"]),
        (["palo & script:Arab"], ["arb_Arab", "urd_Arab"]),
        (["crossin", "-eng_Latn", "-zho_Hans"], ["vie_Latn", "spa_Latn"]),
        (["palo & script:Deva", "crossin"], ["hin_Deva", "eng_Latn", "zho_Hans", "vie_Latn", "spa_Latn"]),
    ],
)
def test_languages_are_added_crossed_and_taken_away(items: list[str], codes: list[str]):
    assert list(expand(items)) == codes


@pytest.mark.parametrize(
    ("items", "message"),
    [
        (["deu"], "unknown language code 'deu'.*deu_Latn"),
        (["tier:T9"], "unknown group of languages 'tier:T9'; did you mean 'tier:T"),
        (["mblipp"], "did you mean 'mblip'"),
        (["deu_Latn", "deu_Latn"], "deu_Latn named twice"),
        (["deu_Latn", "-fra_Latn"], "takes nothing away"),
    ],
)
def test_a_slip_is_named(items: list[str], message: str):
    with pytest.raises(InputError, match=message):
        expand(items)


@pytest.mark.parametrize(
    "content", ["", "a,b\n1,2\n", "flores_code,weight\ndeu_Latn,much\n", "flores_code,weight\ndeu_Latn,1\ndeu_Latn,2\n"]
)
def test_a_table_of_weights_that_is_none_is_refused(tmp_path, content: str):
    path = tmp_path / "w.csv"
    path.write_text(content)
    with pytest.raises(InputError, match=r"mix\.weights|unknown language"):
        read_weights(path)
