"""Which languages each translation backend and the language-ID model support."""

from __future__ import annotations

import json
from functools import cache

from glotmill.engine.embedded import MODEL_DIR
from glotmill.engine.translators.madlad import madlad_tokens
from glotmill.schemas.languages import registry


@cache
def backends() -> dict[str, frozenset[str]]:
    """FLORES-200 codes by backend and model; a checkpoint of your own may have fewer."""
    vocabulary = set(json.loads((MODEL_DIR / "shared_vocabulary.json").read_text(encoding="utf-8")))
    return {
        "nllb (NLLB-200)": frozenset(code for code, entry in registry().items() if entry.nllb_token),
        "nllb (embedded)": frozenset(code for code in registry() if code in vocabulary),
        "madlad (MADLAD-400)": frozenset(madlad_tokens()),
        "openai, vllm (as far as the model knows them)": frozenset(registry()),
        "fake": frozenset(registry()),
    }
