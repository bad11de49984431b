"""The ``openai`` engine: any server that speaks OpenAI's protocol.

The fingerprint holds the model's name as asked for and as the server reports it, the decode policy, and what else
goes into the body. Not in it: the address and the key (the same model behind another host gives the same
translations), the number of requests in flight, time-outs, prices.
"""

from __future__ import annotations

from glotmill.engine.llm.server import key_of, served_model
from glotmill.engine.translators.contract import SERVER_DEVICE, Placement, TranslatorSpec
from glotmill.engine.translators.llm import decode_policy
from glotmill.recipes.sections.translate import OpenAiTranslate
from glotmill.schemas.languages import registry


def describe(section: OpenAiTranslate) -> TranslatorSpec:
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
