"""Lists of output tokens from a script or a text, written down for people to read, with what they cover."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from glotmill.engine.storage.atomic_write import write_bytes
from glotmill.engine.text.notebook import NotebookResult
from glotmill.engine.translators import resolve_translator
from glotmill.engine.translators.nllb import NllbTranslate
from glotmill.engine.translators.shared.output_vocabulary import of_script, of_text
from glotmill.engine.translators.shared.vocabulary_lists import LANG, list_lines, model_tokens, read_lines
from glotmill.schemas.errors import InputError
from glotmill.schemas.languages import language


@dataclass(frozen=True, slots=True)
class WrittenVocabulary(NotebookResult):
    """A list of output tokens that was written.

    Attributes:
        lang: The target language.
        path: The file.
        tokens: Tokens of the list.
        of: Tokens of the model.
        unseen_mass: Good and Turing's estimate of the share of a further text's tokens that the text of the list does
            not have; None for a list without a text.
        tokens_covered: Share of the check's tokens that the list has; None without a check.
        sentences_covered: Share of its sentences whose tokens the list all has; likewise.
    """

    lang: str
    path: Path
    tokens: int
    of: int
    unseen_mass: float | None
    tokens_covered: float | None
    sentences_covered: float | None

    def as_json(self) -> dict[str, Any]:
        """The object that ``--json`` prints for a list."""
        return {**asdict(self), "path": str(self.path)}


def make_vocabularies(
    model: str, langs: list[str], out: Path, text: Path | None = None, check: Path | None = None
) -> list[WrittenVocabulary]:
    """Write the list of each language.

    Args:
        model: ``embedded``, a converted CTranslate2 folder, or a Hub id.
        langs: Target languages.
        out: The file; for several languages with ``{lang}`` in its name, as ``text`` and ``check``.
        text: Text in the language, one sentence a line; None takes the tokens of the language's script.
        check: Other text in the language, to see what the list covers.

    Raises:
        InputError: A file, language or model is not usable; nothing was written.
    """
    for name, path in (("--out", out), ("--text", text), ("--check", check)):
        if path is not None and len(langs) > 1 and LANG not in str(path):
            msg = f"{name} {path}: expected {LANG} in its name, as there are {len(langs)} languages"
            raise InputError(msg)
    spec = resolve_translator(NllbTranslate(engine="nllb", model=model))
    if spec.folder is None:
        msg = f"{model}: it has no files to read tokens from"
        raise InputError(msg)
    tokens = model_tokens(spec.folder)
    encode = tokens.encoder()
    made = []
    for lang in dict.fromkeys(langs):
        language(lang)
        lines = _lines(text, lang, "--text")
        kept = of_text(tokens.tokens, lang, lines, encode) if lines else of_script(tokens.tokens, lang)
        seen = Counter(number for line in encode(lines) for number in line)
        checked = encode(_lines(check, lang, "--check"))
        inside = [[kept.has(number) for number in line] for line in checked]
        path = Path(str(out).replace(LANG, lang))
        found = WrittenVocabulary(
            lang=lang,
            path=path,
            tokens=kept.tokens,
            of=kept.size,
            unseen_mass=sum(count == 1 for count in seen.values()) / seen.total() if seen else None,
            tokens_covered=sum(map(sum, inside)) / max(1, sum(map(len, inside))) if inside else None,
            sentences_covered=sum(map(all, inside)) / len(inside) if inside else None,
        )
        made.append((found, "\n".join(list_lines(tokens, lang, kept)) + "\n"))
    for found, content in made:
        write_bytes(found.path, content.encode())
    return [found for found, _ in made]


def _lines(path: Path | None, lang: str, option: str) -> list[str]:
    return read_lines(Path(str(path).replace(LANG, lang)), option) if path else []
