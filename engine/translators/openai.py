"""The ``openai`` engine: any server that speaks OpenAI's protocol.

The fingerprint holds the model's name in the recipe and as the server reports it, the decode policy, and what else
goes into the body. Not in it: the address and the key (the same model behind another host gives the same
translations), the number of requests in flight, time-outs, prices.
"""

from __future__ import annotations

from typing import Literal

from glotmill.engine.llm.contract import ChatModel
from glotmill.engine.llm.server import ServerModel, key_of, served_model
from glotmill.engine.llm.server_section import OpenAiServer
from glotmill.engine.translators.contract import SERVER_DEVICE, Placement, TranslatorMember, TranslatorSpec
from glotmill.engine.translators.shared.llm_translator import LlmTranslator, decode_policy, translator_of
from glotmill.schemas.errors import TranslatorError
from glotmill.schemas.languages import registry


class OpenAiTranslate(OpenAiServer):
    """A model behind such a server as the translator."""

    engine: Literal["openai"]


def describe(section: OpenAiTranslate, _gpus: int | None = None) -> TranslatorSpec:
    """What can be known of a served model; asks the server for its models.

    Raises:
        InputError: No server answers, it refuses the key, or it does not have the model.
    """
    key_of(section)
    name = section.model.rstrip("/").rpartition("/")[2] if section.model.startswith("/") else section.model
    identity = {
        "engine": "openai",
        "model": name,
        "served": served_model(section),
        "structured": section.structured,
        "logprobs": section.logprobs,
        "extra": section.extra,
        **decode_policy(section),
    }
    return TranslatorSpec(
        engine="openai",
        model=name,
        license="other" if section.license == "auto" else section.license,
        languages=frozenset(registry()),
        identity=identity,
        section=section,
        placement=Placement(SERVER_DEVICE, "served", cpus=section.threads, gpus=0.0),
    )


def chat_model(spec: TranslatorSpec) -> ChatModel:
    """The model behind the server.

    Raises:
        TranslatorError: The spec is of another engine.
    """
    if not isinstance(spec.section, OpenAiServer):
        msg = f"not a spec of a server's model: {spec.model}"
        raise TranslatorError(msg)
    return ServerModel(spec.section)


def load(spec: TranslatorSpec) -> LlmTranslator:
    """The translator; nothing is sent yet."""
    return translator_of(spec, chat_model(spec))


def _languages() -> dict[str, frozenset[str]]:
    return {"openai (as far as the model knows them)": frozenset(registry())}


MEMBER = TranslatorMember(
    OpenAiTranslate,
    describe,
    load,
    _languages,
    chat_model,
    row=("any server with OpenAI's protocol: `vllm serve`, llama.cpp, hosted ones", "there; the driver sends"),
)
