"""What can be known of a model on CTranslate2 without loading it, where languages are tokens of its vocabulary.

Guarantees: the identity holds what decides a translation, so the fingerprint does not depend on where the files are.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from glotmill.engine.translators.contract import VOCABULARY, TranslatorSpec
from glotmill.engine.translators.shared.choose import Choice, choice_identity
from glotmill.engine.translators.shared.ct2_weights import token_rows
from glotmill.engine.translators.shared.model_files import find_model
from glotmill.engine.translators.shared.placement import place
from glotmill.engine.translators.shared.retry import TRIGGERS_VERSION
from glotmill.recipes.sections.translate import Ct2Translate
from glotmill.schemas.errors import InputError


def spec_of(engine: str, section: Ct2Translate, gpus: int | None, tokens: Mapping[str, str]) -> TranslatorSpec:
    """The spec of a model on CTranslate2 whose languages are tokens of its vocabulary.

    Args:
        engine: The engine's name.
        section: The recipe's section.
        gpus: GPUs for workers; None counts those of this machine.
        tokens: The engine's language tokens by FLORES-200 code.

    Raises:
        InputError: The model cannot be found, or not be run as the recipe asks.
    """
    import ctranslate2  # half a second, and nothing that only judges or publishes needs it

    if gpus is None:
        gpus = ctranslate2.get_cuda_device_count()
    placement = place(section, gpus, ctranslate2.get_supported_compute_types("cpu"))
    files = find_model(section)
    known = _vocabulary(files.folder)
    choice = Choice.of(section, files.name)
    identity = {
        "engine": engine,
        "checksums": files.checksums,
        "compute_type": placement.compute_type,
        "beam_size": section.beam_size,
        "length_penalty": section.length_penalty,
        "max_source_tokens": section.max_source_tokens,
        "max_decoding_tokens": section.max_decoding_tokens,
        "retry": section.retry.model_dump() if section.retry else None,
        "triggers": TRIGGERS_VERSION,
        "version": 1,
        **choice_identity(choice),
    }
    if section.vocabulary != "full":
        origin = "auto" if section.decides_vocabulary else section.vocabulary
        identity[VOCABULARY] = origin if isinstance(origin, str) else "file"
    return TranslatorSpec(
        engine=engine,
        model=files.name,
        license=files.license,
        languages=frozenset(code for code, token in tokens.items() if token in known),
        identity=identity,
        section=section,
        placement=placement,
        folder=files.folder,
        scores=True,
        choice=choice,
    )


def _vocabulary(folder: Path) -> frozenset[str]:
    """The tokens that a model's file lists.

    Raises:
        InputError: It is no list of tokens, or has more than the model: CTranslate2 would read past the model's end.
    """
    path = folder / "shared_vocabulary.json"
    try:
        listed = json.loads(path.read_text(encoding="utf-8"))
        known = frozenset(listed)
    except (ValueError, TypeError) as error:
        msg = f"translate.model: {path} is not a JSON list of tokens: {error}"
        raise InputError(msg) from None
    rows = token_rows(folder)
    if rows is not None and len(listed) > rows:
        msg = (
            f"translate.model: {path} lists {len(listed):,} tokens, but model.bin beside it has {rows:,}; "
            f"expected the files of one conversion: convert the model again"
        )
        raise InputError(msg)
    return known
