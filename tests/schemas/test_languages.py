from __future__ import annotations

import re
from typing import get_args

import pytest

from glotmill.schemas.errors import InputError
from glotmill.schemas.languages import Identifiability, language, nearest, registry


def test_all_204_flores_200_codes_are_known():
    assert len(registry()) == 204


def test_every_bcp47_tag_is_unique_and_well_formed():
    tags = [entry.bcp47 for entry in registry().values()]
    assert len(set(tags)) == len(tags)
    assert all(re.fullmatch(r"[a-z]{2,3}(-[A-Z][a-z]{3})?", tag) for tag in tags)


@pytest.mark.parametrize(
    ("code", "tag"),
    [("swh_Latn", "sw"), ("zho_Hant", "zh-Hant"), ("zho_Hans", "zh-Hans"), ("arb_Arab", "ar"), ("als_Latn", "sq"),
     ("nob_Latn", "nb"), ("eng_Latn", "en"), ("npi_Deva", "ne"), ("ace_Arab", "ace-Arab"), ("srp_Cyrl", "sr")],
)  # fmt: skip
def test_bcp47_tags_are_canonical(code: str, tag: str):
    assert language(code).bcp47 == tag


def test_hub_codes_are_iso_639_1_or_3():
    assert all(re.fullmatch(r"[a-z]{2,3}", entry.hub_language) for entry in registry().values())
    assert language("zho_Hant").hub_language == "zh"


def test_three_languages_have_another_nllb_token_or_none():
    other = {code: e.nllb_token for code, e in registry().items() if e.nllb_token != code}
    assert other == {"arb_Latn": None, "min_Arab": None, "sat_Olck": "sat_Beng"}


def test_identifiability_is_one_of_the_declared_values_and_labels_agree_with_it():
    allowed = set(get_args(Identifiability))
    for entry in registry().values():
        assert entry.lid176_identifiability in allowed
        if entry.lid176_identifiability in ("direct", "macro"):
            assert entry.lid176_labels


def test_an_unknown_code_is_an_error_that_names_it_and_the_nearest_codes():
    with pytest.raises(InputError, match=r"unknown language code 'deu_Latin'.*deu_Latn"):
        language("deu_Latin")


def test_a_language_by_its_english_name_is_an_error_that_names_its_code():
    with pytest.raises(InputError, match="deu_Latn"):
        language("German")


def test_nearest_finds_nothing_where_nothing_is_alike():
    assert nearest("qqqq", ["path", "name"]) == []


@pytest.mark.parametrize(
    ("word", "first"),
    [("German", "deu_Latn"), ("german", "deu_Latn"), ("Swahili", "swh_Latn"), ("deu_Latin", "deu_Latn")],
)
def test_a_language_given_by_its_name_is_the_first_that_the_message_offers(word: str, first: str):
    with pytest.raises(InputError, match=rf"did you mean {first}\b"):
        language(word)
