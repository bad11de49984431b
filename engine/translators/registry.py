"""Which engine a recipe's ``translate`` section means."""

from __future__ import annotations

from typing import assert_never

from glotmill.engine.llm.server import ServerModel
from glotmill.engine.translators import fake, llm, madlad, nllb, openai, vllm
from glotmill.engine.translators.contract import Translator, TranslatorSpec
from glotmill.recipes.sections.translate import (
    FakeTranslate,
    MadladTranslate,
    NllbTranslate,
    OpenAiTranslate,
    Translate,
    VllmTranslate,
)
from glotmill.schemas.errors import TranslatorError


def resolve_translator(section: Translate, gpus: int | None = None) -> TranslatorSpec:
    """Describe the engine without loading it.

    Args:
        section: The recipe's section.
        gpus: GPUs for workers; None counts those of this machine.

    Raises:
        InputError: The engine or its model cannot be had as asked.
    """
    match section:
        case NllbTranslate():
            return nllb.describe(section, gpus)
        case MadladTranslate():
            return madlad.describe(section, gpus)
        case VllmTranslate():
            return vllm.describe(section, gpus)
        case OpenAiTranslate():
            return openai.describe(section)
        case FakeTranslate():
            return fake.describe(section)
        case _:
            assert_never(section)


def load_translator(spec: TranslatorSpec) -> Translator:
    """Load the engine, in the process that will use it.

    Raises:
        TranslatorError: It cannot be loaded.
    """
    try:
        match spec.section:
            case NllbTranslate():
                return nllb.NllbTranslator(spec)
            case MadladTranslate():
                return madlad.MadladTranslator(spec)
            case OpenAiTranslate():
                return llm.loaded(spec, ServerModel(spec.section))
            case VllmTranslate():
                return llm.loaded(spec, vllm.load(spec))
            case FakeTranslate():
                return fake.FakeTranslator(spec)
    except (RuntimeError, OSError, ValueError) as error:  # how CTranslate2 and SentencePiece refuse a damaged file
        msg = f"{spec.model} cannot be loaded: {error}"
        raise TranslatorError(msg) from error
