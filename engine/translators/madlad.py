"""MADLAD-400 and models of its kind on CTranslate2: T5 with the target language as a token before the source.

Guarantees: those of `glotmill.engine.translators.nllb`, with source tokens ``<2xx> … </s>`` and no prefix of the
target. The model does not need the language of the source: it finds it. Its weights are Apache-2.0.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal

from glotmill.engine.translators import nllb
from glotmill.engine.translators.contract import TranslatorMember, TranslatorSpec
from glotmill.engine.translators.shared.ct2_spec import spec_of
from glotmill.recipes.section import ModelName
from glotmill.recipes.sections.translate import Ct2Translate
from glotmill.schemas.languages import read_table


class MadladTranslate(Ct2Translate):
    """MADLAD-400 and models like it: T5 with the target language as a token before the source."""

    engine: Literal["madlad"]
    model: ModelName = "google/madlad400-3b-mt"


CODES = Path(__file__).parent / "data" / "madlad_codes.csv"


@cache
def madlad_tokens() -> Mapping[str, str]:
    """MADLAD-400's target tokens by FLORES-200 code."""
    return {row["flores_code"]: f"<2{row['madlad_code']}>" for row in read_table(CODES)}


def describe(section: MadladTranslate, gpus: int | None = None) -> TranslatorSpec:
    """What can be known of the model without loading it.

    Args:
        section: The recipe's section.
        gpus: GPUs for workers; None counts those of this machine.

    Raises:
        InputError: The model cannot be found, or not be run as the recipe asks.
    """
    return spec_of("madlad", section, gpus, madlad_tokens())


class MadladTranslator(nllb.NllbTranslator):
    """A loaded model."""

    _prefixed = 0

    def _language_tokens(self) -> Mapping[str, str]:
        return madlad_tokens()

    def _framed(self, _source_lang: str, target_lang: str, pieces: list[str]) -> list[str]:
        return [self._tokens[target_lang], *pieces, nllb.END]

    def _prefix(self, _target_lang: str) -> list[str]:
        return []


def _languages() -> dict[str, frozenset[str]]:
    return {"madlad (MADLAD-400)": frozenset(madlad_tokens())}


MEMBER = TranslatorMember(
    MadladTranslate,
    describe,
    MadladTranslator,
    _languages,
    row=(
        "MADLAD-400, T5, on CTranslate2 (weights Apache-2.0); 179 of FLORES-200's languages",
        "CPU or GPU, in Ray actors",
    ),
)
