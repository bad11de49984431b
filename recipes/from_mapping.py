"""A recipe that a program states as a mapping: the same plain data as a YAML file holds, under the same bounds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from os import PathLike, fspath
from typing import Any

from glotmill.schemas.errors import InputError, one_line
from glotmill.schemas.plain_yaml import MAX_BYTES

MAPPING = "<mapping>"  # what errors call such a recipe


def plain_recipe(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of a recipe's content, in which a tuple is a list and a path is text.

    Raises:
        InputError: It holds something that no YAML file can, or too much.
    """
    return dict(plain_data(recipe, f"recipe {MAPPING}"))


def plain_data(value: Any, where: str) -> Any:
    """A copy of a value in plain data.

    Args:
        value: Mappings, lists, texts, numbers, truth values, None, paths.
        where: What it is, for errors.

    Raises:
        InputError: It holds something that no YAML file can, or too much.
    """
    try:
        text = json.dumps(value, default=_plain)
    except (TypeError, ValueError, RecursionError) as error:
        msg = f"{where}: expected what a YAML file can hold: {one_line(error)}"
        raise InputError(msg) from None
    if len(text) > MAX_BYTES:
        msg = f"{where}: {len(text):,} characters; a recipe has at most {MAX_BYTES:,}"
        raise InputError(msg)
    return json.loads(text)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, PathLike):
        return fspath(value)
    msg = f"found a {type(value).__name__}"
    raise TypeError(msg)
