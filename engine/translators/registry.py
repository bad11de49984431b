"""Which engine a recipe's ``translate`` section means."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from glotmill.engine.llm.contract import ChatModel
from glotmill.engine.translators.contract import Translator, TranslatorMember, TranslatorSpec
from glotmill.recipes.families import Family
from glotmill.recipes.sections.translate import TranslateBase
from glotmill.schemas.errors import InputError, TranslatorError
from glotmill.schemas.members import Members

MEMBERS: Members[TranslatorMember[Any]] = Members(
    "glotmill.engine.translators",
    "glotmill.translators",
    TranslatorMember,
    "engine",
    order=("nllb", "madlad", "openai", "vllm", "fake"),
)
TRANSLATORS = Family(TranslateBase, "engine", MEMBERS)


def resolve_translator(section: TranslateBase, gpus: int | None = None) -> TranslatorSpec:
    """Describe the engine without loading it.

    Args:
        section: The recipe's section.
        gpus: GPUs for workers; None counts those of this machine.

    Raises:
        InputError: The engine or its model cannot be had so.
    """
    name = TRANSLATORS.name_of(section)
    spec = MEMBERS.get(name).describe(section, gpus)
    provider = MEMBERS.provider(name)
    return replace(spec, identity={**spec.identity, "provider": provider.identity()}) if provider else spec


def load_translator(spec: TranslatorSpec) -> Translator:
    """Load the engine, in the process that will use it.

    Raises:
        TranslatorError: It cannot be loaded.
    """
    try:
        return MEMBERS.get(TRANSLATORS.name_of(spec.section)).load(spec)
    except (RuntimeError, OSError, ValueError) as error:  # how CTranslate2 and SentencePiece refuse a damaged file
        msg = f"{spec.model} cannot be loaded: {error}"
        raise TranslatorError(msg) from error


def load_chat_model(spec: TranslatorSpec) -> ChatModel:
    """Load the chat model of an engine that is one.

    Raises:
        InputError: The engine has none.
    """
    name = TRANSLATORS.name_of(spec.section)
    chat = MEMBERS.get(name).chat
    if chat is None:
        msg = f"engine '{name}' has no chat model; expected a language model: openai or vllm"
        raise InputError(msg)
    return chat(spec)
