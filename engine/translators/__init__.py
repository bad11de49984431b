"""Translation engines behind one contract, one module an engine."""

from engine.translators.contract import Request, Translation, Translator, TranslatorSpec
from engine.translators.registry import load_translator, resolve_translator

__all__ = ["Request", "Translation", "Translator", "TranslatorSpec", "load_translator", "resolve_translator"]
