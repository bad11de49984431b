"""Which languages a text in some script may be in."""

from __future__ import annotations

import pytest

from glotmill.filters.features.label_scripts import may_be
from glotmill.schemas.languages import language, registry


@pytest.mark.parametrize(
    ("script", "possible", "impossible"),
    [
        ("Hans", "zh yue wuu", "en pt la cbk ko ja ru"),  # Japanese has kana, Korean has hangul
        ("Jpan", "ja zh yue", "en ko"),
        ("Hang", "ko", "zh ja en"),
        ("Cyrl", "ru uk bg os sah mn kk", "en sh zh"),
        ("Hant", "zho_Hani yue_Hant", "eng_Latn jpn_Jpan"),
        ("Arab", "ar fa ur pnb ckb", "en he"),
    ],
)
def test_languages_written_in_the_script_and_in_no_other(script: str, possible: str, impossible: str):
    assert all(may_be(label, script) for label in possible.split())
    assert not any(may_be(label, script) for label in impossible.split())


@pytest.mark.parametrize("code", registry())
def test_every_language_may_be_itself(code: str):
    assert all(may_be(label, language(code).script) for label in {code, *language(code).lid176_own})
