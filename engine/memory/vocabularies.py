"""The output vocabularies of a memory: which tokens of a model a target language uses, decided once.

Guarantees: what was decided first for a model, a language and an origin holds for every later build that shares the
memory, whatever its rows: a list that followed from each build's rows would have everything translated again.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from glotmill.engine.storage.atomic_write import json_bytes
from glotmill.engine.storage.checked import Count, FileModel, Lang, Name, Number, parsed
from glotmill.engine.storage.folder import Folder
from glotmill.schemas.errors import InputError

FOLDER = "vocabularies"
Packed = Annotated[str, StringConstraints(max_length=1_000_000)]
WHAT = "an output vocabulary of a memory"
MEND = "delete it to have it decided again, which translates its language again"


class DecidedVocabulary(FileModel):
    """What was decided for one model, target language and origin.

    Attributes:
        model: Digest of the model's files.
        lang: The target language.
        origin: ``script`` or ``auto``.
        size: Tokens of the model.
        tokens: How many are kept.
        members: The tokens that are kept, as `OutputVocabulary.packed` writes them; None where all are.
        why: Why it keeps all of them.
        figures: What was measured on the way.
    """

    model: Name
    lang: Lang
    origin: Literal["script", "auto"]
    size: Count
    tokens: Count
    members: Packed | None
    why: str | None = None
    figures: dict[str, Number] = Field(default_factory=dict)


class Vocabularies:
    """The vocabularies of a memory's folder."""

    def __init__(self, memory: Folder) -> None:
        self._folder = memory.child(FOLDER)

    def find(self, model: str, lang: str, origin: str) -> DecidedVocabulary | None:
        """What was decided; None where nothing was.

        Raises:
            InputError: The file is damaged.
        """
        name = _name(model, lang, origin)
        if self._folder.size_or_none(name) is None:
            return None
        where = self._folder.location(name)
        found = parsed(DecidedVocabulary, self._folder.read(name), where, WHAT, MEND)
        if (found.model, found.lang, found.origin) != (model, lang, origin):
            msg = f"{where}: holds the decision for {found.lang} of another model or origin; {MEND}"
            raise InputError(msg)
        return found

    def decide(self, made: DecidedVocabulary) -> DecidedVocabulary:
        """Keep a decision, unless another build was first; the one that holds."""
        name = _name(made.model, made.lang, made.origin)
        if self._folder.put_if_absent(name, json_bytes(made.model_dump(mode="json"))):
            return made
        found = self.find(made.model, made.lang, made.origin)
        return made if found is None else found


def _name(model: str, lang: str, origin: str) -> str:
    return f"{model}-{lang}-{origin}.json"
