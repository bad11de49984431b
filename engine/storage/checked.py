"""Files of a build or of a published folder, validated where they are read: one model for each kind of file.

Guarantees: whatever a file holds, reading it gives the model's values or one `InputError` that names the file, the
place in it, what was expected and what to do.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any, TypeVar

import orjson
import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from glotmill.schemas.errors import InputError, one_line, shortened
from glotmill.schemas.languages import registry
from glotmill.schemas.plain_yaml import load_plain

T = TypeVar("T")

MOST = 2**53  # the greatest whole number that every reader of JSON holds exactly


def _known_language(code: str) -> str:
    if code not in registry():
        msg = "expected a FLORES-200 code"
        raise ValueError(msg)
    return code


def _finite(number: float) -> float:
    if not math.isfinite(number):
        msg = "expected a finite number"
        raise ValueError(msg)
    return number


Count = Annotated[int, Field(ge=0, le=MOST)]
Number = Annotated[float, AfterValidator(_finite)]
Sha256 = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]
Lang = Annotated[str, AfterValidator(_known_language)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
Counts = dict[str, Count]


class FileModel(BaseModel):
    """What a file, or an object in it, must hold; keys of a later version may stand beside."""

    model_config = ConfigDict(strict=True, frozen=True, extra="allow", protected_namespaces=())


def json_value(data: bytes, where: str, what: str, mend: str) -> Any:
    """The value of a JSON file.

    Args:
        data: Its bytes.
        where: The file, for errors.
        what: What it should be, such as ``the manifest of a dataset``.
        mend: What the user can do.

    Raises:
        InputError: It is not JSON.
    """
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        msg = f"{where}: not JSON: {one_line(error)}; expected {what}; {mend}"
        raise InputError(msg) from None


def yaml_value(data: bytes, where: str, what: str, mend: str) -> Any:
    """The value of a YAML file, bounded as `load_plain` bounds it.

    Raises:
        InputError: It is not YAML in UTF-8.
    """
    try:
        return load_plain(data.decode())
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        msg = f"{where}: not readable as YAML: {shortened(one_line(error))}; expected {what}; {mend}"
        raise InputError(msg) from None


def checked(
    kind: type[T] | TypeAdapter[T], value: Any, where: str, what: str, mend: str, context: dict[str, Any] | None = None
) -> T:
    """A value of a file as the model of its kind.

    Args:
        kind: The model, or an adapter of it.
        value: What was read.
        where: The file, for errors.
        what: What it should be.
        mend: What the user can do.
        context: What the model's validators need.

    Raises:
        InputError: It is something else.
    """
    adapter = kind if isinstance(kind, TypeAdapter) else TypeAdapter(kind)
    try:
        return adapter.validate_python(value, strict=True, context=context)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        place = shortened(".".join(str(part) for part in problem["loc"]) or "the whole file")
        found = problem.get("input")
        shown = type(found).__name__ if isinstance(found, dict | list) else shortened(repr(found), 60)
        text = "this key is missing" if problem["type"] == "missing" else f"{_lowered(problem['msg'])}, found {shown}"
        msg = f"{where}: not {what}: {place}: {text}; {mend}"
        raise InputError(msg) from None


def parsed(kind: type[T], data: bytes, where: str | Path, what: str, mend: str) -> T:
    """The model of a JSON file's kind from its bytes; the arguments are those of `checked`.

    Raises:
        InputError: They are something else.
    """
    return checked(kind, json_value(data, str(where), what, mend), str(where), what, mend)


def _lowered(text: str) -> str:
    text = text.removeprefix("Value error, ")
    return text[:1].lower() + text[1:]
