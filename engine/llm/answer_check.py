"""Whether an answer is a translation at all: what language models give instead, each with its name.

Guarantees: an answer that is not one of these is the translation as the model gave it, less outer white space and
the tags or quotation marks that stand around all of it; nothing is cut out of an answer.
"""

from __future__ import annotations

from functools import cache

import regex

from glotmill.engine.llm.prompts import CLOSE, OPEN
from glotmill.filters.scorers.script import script_class
from glotmill.schemas.languages import language

# Raised whenever another answer counts as no translation; part of every language model's fingerprint.
CHECKS_VERSION = 1

ECHO_WORDS = 3  # names and single words may be the same in both languages
LONG_FACTOR, LONG_CHARS = 4, 200  # a translation is not this many times, plus so many characters, longer

_QUOTES = (('"', '"'), ("“", "”"), ("„", "“"), ("«", "»"), ("「", "」"), ("『", "』"), ("'", "'"), ("‘", "’"))
_REASONING = regex.compile(
    r"</?(?:think|thinking|thought|reasoning|analysis)>|<\|channel\|>|<\|(?:start|end)_of_thought\|>"
    r"|^\s*(?:okay|ok|alright|hmm|well),? (?:so |let me|let's|the user|i need)|^\s*let me think"
    r"|^\s*(?:the user (?:wants|asks|is asking)|we (?:need|are asked) to translate)",
    regex.I,
)
_WRAPPER = regex.compile(
    r"^\W*(?:sure|certainly|of course|absolutely)\b[^\n]{0,40}[,!.:]"
    r"|^\W*(?:here(?:'s| is| are)|below is|this is)\b[^\n]{0,60}\btranslat"
    r"|^\W*the (?:[\w ()]{0,30} )?translation\b[^\n]{0,60}(?::|\bis\b)"
    r"|^\W*(?:translation|translated text|translated version|output|answer|result)\s*(?:\([^)\n]{1,30}\))?\s*[:：]"
    r"|^\s*```|\btranslates? (?:to|as|into)\b|\((?:literally|note|translation)\b"
    r"|</?text>|<\|(?:im_start|im_end|assistant|user|system|endoftext)\|>|\[/?INST\]",
    regex.I,
)
_REFUSAL = regex.compile(
    r"\bas an? (?:ai|artificial|language model|assistant)\b|\bi(?:'m| am) (?:just )?an? (?:ai|language model)\b"
    r"|\bi (?:can(?:no|')t|am unable to|am not able to|won't|will not) "
    r"(?:translate|assist|help|comply|fulfil|provide|process|do that|see (?:the |any )?(?:image|picture|text))"
    r"|\bi(?:'m| am) (?:sorry|afraid),? (?:but )?(?:i|this|that|there|as)\b"
    r"|\b(?:please provide|you (?:haven't|have not|did not|didn't) provide)",
    regex.I,
)
_PROMPT = regex.compile(r"translate (?:texts about|one record|each value|it even)|\bfrom english into\b", regex.I)
_WORDS = regex.compile(r"[\p{L}\p{M}\p{N}]+")
_LETTER = regex.compile(r"\p{L}")


def cleaned(source: str, answer: str) -> str:
    """The answer without white space, tags and quotation marks around all of it that the source does not have."""
    text = answer.strip()
    if text.startswith(OPEN) and text.endswith(CLOSE) and OPEN not in source:
        text = text[len(OPEN) : -len(CLOSE)].strip()
    for left, right in _QUOTES:
        inside = text[1:-1]
        if text[:1] == left and text[-1:] == right and len(text) > 2 and source[:1] != left:
            return inside.strip() if left not in inside and right not in inside else text
    return text


def not_a_translation(source: str, answer: str, source_lang: str, target_lang: str) -> str | None:
    """Why a cleaned answer is no translation of the source: a reason code, or None.

    Args:
        source: What was to be translated.
        answer: As `cleaned` gives it.
        source_lang: FLORES-200 code of the source.
        target_lang: FLORES-200 code of the answer.
    """
    if not answer:
        return "empty_output"
    for pattern, reason in (
        (_REASONING, "reasoning_leak"),
        (_WRAPPER, "wrapper_leak"),
        (_PROMPT, "prompt_leak"),
        (_REFUSAL, "refusal"),
    ):
        if pattern.search(answer) and not pattern.search(source):
            return reason
    if _labelled(answer, target_lang) and not _labelled(source, target_lang):
        return "wrapper_leak"
    if "\n" in answer and "\n" not in source:
        return "extra_lines"
    if len(answer) > LONG_FACTOR * len(source) + LONG_CHARS:
        return "overlong"
    if language(source_lang).script != language(target_lang).script and _wrong_script(source, answer, target_lang):
        return "wrong_script"
    return "echo" if _same(source, answer) else None


def _labelled(text: str, lang: str) -> bool:
    """Whether a text begins with the language's name, as in ``German: …``."""
    name = language(lang).name.partition(" (")[0]
    return regex.match(rf"\W*{regex.escape(name)}\W{{0,3}}[:：]", text, regex.I) is not None


def _wrong_script(source: str, answer: str, target_lang: str) -> bool:
    """Whether a text of several words has come back without a letter of the language's script."""
    if len(_WORDS.findall(source)) < ECHO_WORDS or not _LETTER.search(answer):
        return False
    return _letters(language(target_lang).script).search(answer) is None


@cache
def _letters(script: str) -> regex.Pattern[str]:
    return regex.compile(script_class(script), regex.V1)


def _same(source: str, answer: str) -> bool:
    there, here = (_WORDS.findall(text.casefold()) for text in (source, answer))
    return len(there) >= ECHO_WORDS and there == here
