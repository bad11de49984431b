"""Reading a recipe: a YAML file or a built-in name, with ``--set`` overrides, into a checked `Recipe`.

Guarantees: nothing in a recipe executes; whatever is wrong with it is one `InputError` that names the file and
the key. Paths inside a recipe are relative to its file, paths in an override to the working directory.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from glotmill.recipes.extends import extended, without_removed
from glotmill.recipes.families import Families
from glotmill.recipes.from_mapping import MAPPING, plain_data, plain_recipe
from glotmill.recipes.model import Recipe
from glotmill.recipes.secrets import passwords_in
from glotmill.recipes.section import expanded, plain, written
from glotmill.schemas.errors import InputError, one_line, shortened
from glotmill.schemas.languages import nearest
from glotmill.schemas.plain_yaml import MAX_BYTES, MAX_TEXT, load_plain, unstorable

BUILT_IN = Path(__file__).parent

MAX_KEY_PARTS = 20  # of an override; no key of a recipe has as many
MAX_PROBLEMS = 5  # of a recipe that are shown


def built_in_recipes() -> dict[str, Path]:
    """The recipe files that ship with Glotmill, by name."""
    return {path.stem: path for path in sorted(BUILT_IN.glob("*.yaml"))}


def find_recipe(recipe: str) -> Path:
    """The file of a recipe given as a path or a built-in name.

    Raises:
        InputError: There is neither.
    """
    path = expanded(recipe)
    try:
        if path.is_file():
            return path
    except OSError as error:  # a name too long for a file, a folder that may not be read
        msg = f"no recipe '{recipe}': {error.strerror}"
        raise InputError(msg) from None
    built_in = built_in_recipes()
    if recipe in built_in:
        return built_in[recipe]
    close = nearest(recipe, built_in)
    hint = f"; did you mean {close[0]}?" if close else ""
    msg = f"no recipe '{recipe}': expected a YAML file or one of {', '.join(built_in)}{hint}"
    raise InputError(msg)


Overrides = Iterable[str] | Mapping[str, Any]


def read_recipe(recipe: str | Mapping[str, Any], families: Families, overrides: Overrides = ()) -> Recipe:
    """Read and check a recipe.

    Args:
        recipe: Path of a YAML file, a built-in name, or the content of such a file, whose paths are relative to the
            working directory.
        families: The plug-ins that it may name.
        overrides: ``key.key=value`` items, values in YAML; or a mapping of ``key.key`` to values.

    Raises:
        InputError: The recipe or an override is not usable; the message names the key.
    """
    if isinstance(recipe, str):
        path = find_recipe(recipe)
        content = extended(path, _read, find_recipe)
    else:
        stated = plain_recipe(recipe)
        recipe, path = MAPPING, Path(MAPPING)
        content = extended(path, lambda file: stated if file is path else _read(file), find_recipe)
    override_all(content, overrides)
    content = without_removed(content)
    if bad := next(unstorable(content), None):
        msg = f"recipe {recipe}: {shortened(bad)}"
        raise InputError(msg)
    for key, advice in passwords_in(content):
        msg = f"recipe {recipe}: {key}: an address with a password in it: {advice}"
        raise InputError(msg)
    base = path.resolve().parent
    try:
        return Recipe.model_validate(content, context={"base": base, "families": families})
    except ValidationError as error:
        msg = f"recipe {recipe}: {_problems(error)}"
        raise InputError(msg) from None


def completed(lock: dict[str, Any], families: Families) -> dict[str, Any]:
    """A dataset's lock with the keys that came after it, at their defaults; as it is where it is no recipe of today."""
    try:
        return Recipe.model_validate(lock, context={"families": families}).lock()
    except ValidationError:
        return lock


def _read(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > MAX_BYTES:
            msg = f"recipe {path}: {path.stat().st_size:,} bytes; a recipe has at most {MAX_BYTES:,}"
            raise InputError(msg)
        content = load_plain(path.read_text(encoding="utf-8"))
    except yaml.constructor.ConstructorError as error:
        msg = f"recipe {path}: {error.problem}{_place(error)}; recipes are plain data, Python objects are refused"
        raise InputError(msg) from None
    except yaml.MarkedYAMLError as error:
        msg = f"recipe {path}: not usable YAML: {error.problem or error.context}{_place(error)}"
        raise InputError(msg) from None
    except (yaml.YAMLError, ValueError, RecursionError, OSError) as error:
        msg = f"recipe {path}: not readable as YAML in UTF-8: {one_line(error)}"
        raise InputError(msg) from None
    if not isinstance(content, dict):
        msg = f"recipe {path}: expected a mapping of keys, found {type(content).__name__}"
        raise InputError(msg)
    return content


def _place(error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark
    return f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""


def override_all(content: dict[str, Any], overrides: Overrides) -> None:
    """Set keys of a recipe's content.

    Raises:
        InputError: One of the overrides is no such thing.
    """
    if isinstance(overrides, Mapping):
        for key, value in overrides.items():
            _set(content, str(key), plain_data(value, str(key)), f"{key}={value}")
        return
    for item in overrides:
        override(content, item)


def override(content: dict[str, Any], item: str) -> None:
    """Set one key of a recipe's content.

    Args:
        content: The content, changed in place.
        item: ``key.key=value``, the value in YAML.

    Raises:
        InputError: The item is no such thing.
    """
    key, equals, text = item.partition("=")
    if len(item) > MAX_TEXT:
        raise _no_override(item, f"more than {MAX_TEXT:,} characters; ")
    if not equals:
        raise _no_override(item)
    try:
        value = load_plain(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        msg = f"--set {shortened(item)}: the value is not YAML: {one_line(error)}"
        raise InputError(msg) from None
    _set(content, key, value, item)


def _set(content: dict[str, Any], key: str, value: Any, item: str) -> None:
    """Set one key, as ``item`` says in the user's words."""
    parts = key.strip().split(".")
    if len(parts) > MAX_KEY_PARTS:
        raise _no_override(item, f"more than {MAX_KEY_PARTS} key parts; ")
    if not all(parts):
        raise _no_override(item)
    for depth, part in enumerate(parts[:-1]):
        inner = content.setdefault(part, {})
        if not isinstance(inner, dict):
            place, found = ".".join(parts[: depth + 1]), type(plain(inner)).__name__
            msg = f"--set {shortened(item)}: {place} is a {found}, not a mapping"
            raise InputError(msg)
        content = inner
    content[parts[-1]] = written(value, Path.cwd())


def _no_override(item: str, why: str = "") -> InputError:
    shown = shortened(item, 60) if why else shortened(item)
    return InputError(f"--set {shown}: {why}expected key.key=value, such as filter.round_trip.min_chrf=25")


def _problems(error: ValidationError) -> str:
    """What is wrong, each as ``key: what was expected``."""
    found = error.errors(include_url=False)
    named = list(dict.fromkeys(_problem(problem) for problem in found))
    more = f"; and {len(named) - MAX_PROBLEMS} more" if len(named) > MAX_PROBLEMS else ""
    return "; ".join(named[:MAX_PROBLEMS]) + more


def _problem(problem: ErrorDetails) -> str:
    """One thing that is wrong, as ``key: what was expected``."""
    where = ".".join(str(part) for part in _without_tag(problem["loc"]))
    text, found = problem["msg"], problem.get("input")
    match problem["type"]:
        case "unknown_key" | "member":
            pass
        case "value_error":
            text = text.removeprefix("Value error, ")
        case "missing":
            text = "required key is missing"
        case "union_tag_not_found":
            text = f"required key {_tag_key(problem)} is missing"
        case "union_tag_invalid":
            tag, expected = problem["ctx"]["tag"], problem["ctx"]["expected_tags"]
            text = f"unknown {_tag_key(problem)} '{shortened(str(tag))}', expected one of {expected}"
        case _:
            shown = type(found).__name__ if isinstance(found, dict | list) else shortened(repr(found))
            text = f"{text[0].lower()}{text[1:]}, found {shown}"
    return f"{where}: {text}" if where else text


def _tag_key(problem: ErrorDetails) -> str:
    """The key that tells a union's members apart; pydantic quotes it."""
    return str(problem["ctx"]["discriminator"]).strip("'")


def _without_tag(loc: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """The location without the tag that pydantic puts in for a discriminated union: it is no key of the recipe."""
    return (*loc[:2], *loc[3:]) if loc and loc[0] == "clean" else loc
