"""Translation engines behind one contract, one module an engine."""

from glotmill.engine.translators.contract import Request, Translation, Translator, TranslatorSpec
from glotmill.engine.translators.registry import load_translator, resolve_translator

__all__ = ["Request", "Translation", "Translator", "TranslatorSpec", "load_translator", "resolve_translator"]
