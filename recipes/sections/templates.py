"""The ``templates:`` section, and the banks of instructions that it chooses from.

Guarantees: a bank is read whole before any work; a template with a slot that its kind of row does not have, or
without one that it must have, is an `InputError` naming it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from glotmill.recipes.section import RecipePath, Section
from glotmill.recipes.sections.mix import as_tuple
from glotmill.schemas.errors import InputError
from glotmill.schemas.given_files import given_table, given_yaml
from glotmill.schemas.languages import language, nearest
from glotmill.schemas.task import KINDS, LANGUAGE, Slots

BANK = Path(__file__).parent.parent / "data" / "templates.yaml"
SLOT = re.compile(r"\{(\w*)\}")


class Accept(Section):
    """What an engine's translation of a template must be like, or no row carries it.

    A template stands in many rows, so these bounds are stricter than those of ``filter``, which never decides a text.
    They hold for the whole template, its slots left out, and for each of its sentences of 15 letters and more. A slot
    or a line that was lost, a sentence that was dropped and a broken character always refuse it. A bound of none
    is not checked.

    Attributes:
        min_chrf: Least chrF (0 to 100) of the back-translation against the template; none saves the back-translation.
        min_language: Least share of the language's probability in its own and its strongest rival's, texts of 20
            letters and more; a language's own threshold may be lower.
        max_english: Greatest probability of English, same texts, for languages that the identifier does not know.
        min_script: Least share of letters in the language's script, texts of 4 letters and more.
        max_copied: Greatest share of words that the English template has too, templates of 4 words and more.
        max_length_ratio: How many times as long or as short as the English template it may be, in characters.
    """

    min_chrf: float | None = Field(60.0, ge=0, le=100)
    min_language: float | None = Field(0.1, ge=0, le=1)
    max_english: float | None = Field(0.8, ge=0, le=1)
    min_script: float | None = Field(0.9, ge=0, le=1)
    max_copied: float | None = Field(0.5, ge=0, le=1)
    max_length_ratio: float | None = Field(4.0, ge=1)


Fallback = Literal["next", "source"]


class Templates(Section):
    """Instructions put around the rows of a source.

    Attributes:
        bank: A bank of your own (YAML, kinds as in the shipped one); its kinds replace the shipped ones.
        instruction: ``source`` leaves instructions English, and takes those that name the language of the reply
            where the kind has any; ``target`` puts them into the target language, and takes those that name none
            where the kind has any; ``mixed`` takes both, each in its own way. A row whose question is in one
            language and whose answer is in another names the language of the reply under each of them.
        translations: A reviewed bank in other languages, as ``glotmill templates`` writes it, accepted as it stands;
            what it lacks is translated and judged before any row carries it.
        accept: What a translated template must be like; none takes every one that kept its slots.
        fallback: What a row carries whose template was refused in its language, the first of these that is possible:
            ``next`` is the next accepted template of its kind, ``source`` an English instruction. A row for which
            nothing is possible fails with ``template_refused``.
        seed: Decides the draws.
    """

    bank: RecipePath | None = None
    instruction: Literal["source", "target", "mixed"] = "source"
    translations: RecipePath | None = None
    accept: Accept | None = Accept()
    fallback: Annotated[tuple[Fallback, ...], BeforeValidator(as_tuple)] = ("next", "source")
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Template:
    """One instruction.

    Attributes:
        name: Recorded in the rows that it is used for.
        kind: Which rows it fits.
        user: Text of the user's turn, with slots.
        assistant: Text of the assistant's turn, with slots; None leaves that turn as the source has it.
    """

    name: str
    kind: str
    user: str
    assistant: str | None = None

    @property
    def names_language(self) -> bool:
        """Whether it tells the language of the reply, by an English name."""
        return LANGUAGE in SLOT.findall(self.user)


@dataclass(frozen=True, slots=True)
class OwnKind:
    """A kind of rows that a plug-in brings.

    Attributes:
        slots: What its templates hold.
        templates: Its templates by name, as a bank has them: a text, or user and assistant to texts. A user's bank
            that has the kind replaces them.
    """

    slots: Slots
    templates: Mapping[str, str | Mapping[str, str]]


Role = Literal["user", "assistant"]  # whose turn a text of a template makes
Bank = dict[str, list[Template]]
# (user's turn, assistant's turn) by language and template.
Translations = dict[str, dict[str, tuple[str, str | None]]]


def load_bank(path: Path | None, own_kinds: Mapping[str, OwnKind] | None = None) -> Bank:
    """The shipped bank, with the kinds of the user's own in place of its own.

    Args:
        path: The user's bank; None for none.
        own_kinds: The kinds that plug-ins bring, by name.

    Raises:
        InputError: A file is missing or not a bank, or a plug-in's templates are not usable.
    """
    own = own_kinds or {}
    kinds = KINDS | {name: kind.slots for name, kind in own.items()}
    bank = _read_bank(BANK, kinds)
    for name, kind in own.items():
        where = f"kind {name} of its plug-in"
        bank[name] = [_template(where, name, key, value, kinds) for key, value in kind.templates.items()]
        _check_names(where, bank)
    if path is None:
        return bank
    bank |= _read_bank(path, kinds)
    _check_names(path, bank)
    return bank


def _read_bank(path: Path, kinds: Mapping[str, Slots]) -> Bank:
    content = given_yaml("templates.bank", path, "a mapping of kinds, each a mapping of names to templates")
    if not isinstance(content, dict) or not all(isinstance(entries, dict) and entries for entries in content.values()):
        msg = f"templates.bank: {path}: expected a mapping of kinds, each a mapping of names to templates"
        raise InputError(msg)
    bank = {
        str(kind): [_template(path, str(kind), name, value, kinds) for name, value in entries.items()]
        for kind, entries in content.items()
    }
    _check_names(path, bank)
    return bank


def _check_names(path: Path | str, bank: Bank) -> None:
    names = [template.name for templates in bank.values() for template in templates]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        msg = f"templates.bank: {path}: {', '.join(twice)} appears twice"
        raise InputError(msg)


def _template(path: Path | str, kind: str, name: Any, value: Any, kinds: Mapping[str, Slots]) -> Template:
    if kind not in kinds:
        close = nearest(kind, kinds)
        hint = f"did you mean '{close[0]}'?" if close else f"known: {', '.join(kinds)}"
        msg = f"templates.bank: {path}: unknown kind '{kind}'; {hint}"
        raise InputError(msg)
    given = {"user": value} if isinstance(value, str) else value
    if (
        not isinstance(given, dict)
        or not set(given) <= {"user", "assistant"}
        or not all(isinstance(text, str) and text.strip() for text in given.values())
    ):
        msg = f"templates.bank: {path}: {name}: expected a text, or a mapping of user and assistant to texts"
        raise InputError(msg)
    template = Template(str(name), kind, given.get("user", ""), given.get("assistant"))
    slots = kinds[kind]
    _check_slots(path, template.name, template.user, slots.must, slots.may)
    if template.assistant is not None:
        _check_slots(path, template.name, template.assistant, slots.reply, slots.reply)
    elif slots.reply:
        msg = f"templates.bank: {path}: {name}: a template of kind {kind} states the assistant's turn too"
        raise InputError(msg)
    return template


def _check_slots(path: Path | str, name: str, text: str, must: frozenset[str], may: frozenset[str]) -> None:
    found = SLOT.findall(text)
    unknown = [slot for slot in found if slot not in may]
    lacking = sorted(must - set(found))
    twice = sorted({slot for slot in found if found.count(slot) > 1})
    if unknown or lacking or twice or SLOT.sub("", text).count("{"):
        wrong = f"unknown slot {{{unknown[0]}}}" if unknown else f"slot {{{lacking[0]}}} is missing" if lacking else ""
        wrong = wrong or (f"slot {{{twice[0]}}} appears twice" if twice else "a brace that is no slot")
        msg = f"templates.bank: {path}: {name}: {wrong}; slots here: {', '.join(sorted(may)) or 'none'}"
        raise InputError(msg)


TRANSLATION_COLUMNS = ("template_id", "flores_code", "user", "assistant", "origin")
REFUSED = "refused"  # the origin of a translation that is there to be corrected: nothing uses it


def load_translations(path: Path | None, bank: Bank) -> Translations:
    """A bank in other languages: a TSV file with `TRANSLATION_COLUMNS`.

    Rows of origin ``machine`` count like reviewed ones: the file is what its owner vouches for. Those of origin
    ``refused`` are passed over: they wait for somebody to correct them and to say so.

    Raises:
        InputError: The file is missing or not such a table, names no template of the bank, or lost a slot.
    """
    if path is None:
        return {}
    known = {template.name: template for templates in bank.values() for template in templates}
    expected = f"the tab-separated columns {', '.join(TRANSLATION_COLUMNS)}"
    header, *rows = given_table("templates.translations", path, expected) or [[]]
    found: Translations = {}
    if tuple(header) != TRANSLATION_COLUMNS:
        msg = f"templates.translations: {path}: expected {expected}"
        raise InputError(msg)
    for number, cells in enumerate(rows, start=1):
        if len(cells) != len(TRANSLATION_COLUMNS):
            msg = f"templates.translations: {path}, row {number}: expected {len(TRANSLATION_COLUMNS)} cells"
            raise InputError(msg)
        row = dict(zip(TRANSLATION_COLUMNS, cells, strict=True))
        template = known.get(row["template_id"])
        texts = {"user": row["user"] or "", "assistant": row["assistant"] or None}
        where = f"templates.translations: {path}, row {number}"
        if template is None:
            msg = f"{where}: the bank has no template '{row['template_id']}'"
            raise InputError(msg)
        code = language(row["flores_code"]).code
        if row["origin"] == REFUSED:
            continue
        for turn, text in texts.items():
            if sorted(SLOT.findall(text or "")) != sorted(SLOT.findall(getattr(template, turn) or "")):
                msg = f"{where}: the {turn}'s text of {template.name} must have the slots of the English one"
                raise InputError(msg)
        user, assistant = (None if text is None else text.replace("\\n", "\n") for text in texts.values())
        found.setdefault(code, {})[template.name] = (user or "", assistant)
    return found


def pool(bank: Bank, kind: str, instruction: str) -> list[Template]:
    """The templates that a kind of row draws from, under a recipe's ``instruction``."""
    templates = bank[kind]
    named = [template for template in templates if template.names_language]
    plain = [template for template in templates if not template.names_language]
    return {"source": named or plain, "target": plain or named, "mixed": templates}[instruction]
