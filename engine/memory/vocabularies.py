"""The output vocabularies of a memory: which tokens of a model a target language uses, decided once.

Guarantees: what was decided first for a model, a language and an origin holds for every later build that shares the
memory, whatever its rows: a list that followed from each build's rows would have everything translated again. Only a
build whose recipe says so decides again; the newest one holds from then on, and those before it stay.
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
        """What was decided last; None where nothing was.

        Raises:
            InputError: The file is damaged.
        """
        number = self._count(model, lang, origin)
        if not number:
            return None
        name = _name(model, lang, origin, number)
        where = self._folder.location(name)
        found = parsed(DecidedVocabulary, self._folder.read(name), where, WHAT, MEND)
        if (found.model, found.lang, found.origin) != (model, lang, origin):
            msg = f"{where}: holds the decision for {found.lang} of another model or origin; {MEND}"
            raise InputError(msg)
        return found

    def decide(self, made: DecidedVocabulary) -> DecidedVocabulary:
        """Keep a decision, unless another build was first; the one that holds."""
        if self._put(made, 1):
            return made
        found = self.find(made.model, made.lang, made.origin)
        return made if found is None else found

    def renew(self, made: DecidedVocabulary) -> DecidedVocabulary:
        """Keep a decision that holds from now on, unless it is the one that holds already."""
        while self.find(made.model, made.lang, made.origin) != made:
            if self._put(made, self._count(made.model, made.lang, made.origin) + 1):
                break
        return made

    def _put(self, made: DecidedVocabulary, number: int) -> bool:
        name = _name(made.model, made.lang, made.origin, number)
        return self._folder.put_if_absent(name, json_bytes(made.model_dump(mode="json")))

    def _count(self, model: str, lang: str, origin: str) -> int:
        """How many decisions there are; their numbers have no gap."""
        number = 0
        while self._folder.size_or_none(_name(model, lang, origin, number + 1)) is not None:
            number += 1
        return number


def _name(model: str, lang: str, origin: str, number: int) -> str:
    return f"{model}-{lang}-{origin}.json" if number == 1 else f"{model}-{lang}-{origin}.{number}.json"
