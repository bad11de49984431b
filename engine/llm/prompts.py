"""The instructions of a model: a text for each task, and notes by language; package data, or a file of the recipe's.

Guarantees: texts of the data stand between two tags and are never part of a template, so nothing in them is taken
for a variable; the whole file counts in the fingerprint.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Template

from pydantic import Field, ValidationError

from glotmill.recipes.section import Section
from glotmill.schemas.errors import InputError, one_line
from glotmill.schemas.given_files import given_yaml
from glotmill.schemas.keys import digest
from glotmill.schemas.languages import language, registry

BUILTIN = Path(__file__).parent / "data" / "prompts.yaml"
OPEN, CLOSE = "<text>", "</text>"


class _PromptFile(Section):
    """The file: instructions with ``$source``, ``$target``, ``$script`` and ``$notes`` in them, and the notes."""

    version: int = Field(ge=1)
    segment: str = Field(min_length=1)
    record: str = Field(min_length=1)
    judge: str = Field(min_length=1)
    notes: dict[str, str] = Field({})


@dataclass(frozen=True, slots=True)
class Prompts:
    """The prompts of one file.

    Attributes:
        version: The file's own number.
        fingerprint: Identifies everything in it.
    """

    version: int
    fingerprint: str
    _tasks: dict[str, str]
    _notes: dict[str, str]

    def system(self, task: str, source_lang: str, target_lang: str) -> str:
        """What the model is instructed to do for a task (``segment``, ``record`` or ``judge``) in one direction."""
        target = language(target_lang)
        return (
            Template(self._tasks[task])
            .substitute(
                source=language(source_lang).name,
                target=target.name,
                script=target.script,
                notes=self._notes.get(target_lang, ""),
            )
            .strip()
        )


def tagged(text: str) -> str:
    """A text as the model is shown it."""
    return f"{OPEN}\n{text}\n{CLOSE}"


@cache
def load_prompts(path: Path | str) -> Prompts:
    """The prompts of a file; ``builtin`` is the one that ships.

    Raises:
        InputError: It is missing, or not such a file.
    """
    path = BUILTIN if path == "builtin" else Path(path)
    try:
        content = given_yaml("translate.prompts", path, "a file of prompts")
        file = _PromptFile.model_validate(content)
        for task in (file.segment, file.record, file.judge):
            Template(task).substitute(source="", target="", script="", notes="")
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        msg = f"translate.prompts: {path}: {where}: {first['msg']}"
        raise InputError(msg) from None
    except (ValueError, KeyError) as error:
        msg = f"translate.prompts: {path} is not a file of prompts: {one_line(error)}"
        raise InputError(msg) from None
    unknown = sorted(set(file.notes) - set(registry()))
    if unknown:
        msg = f"translate.prompts: {path}: notes for {', '.join(unknown)}: expected FLORES-200 codes"
        raise InputError(msg)
    tasks = {"segment": file.segment, "record": file.record, "judge": file.judge}
    return Prompts(file.version, digest(file.model_dump()), tasks, file.notes)
