"""YAML as plain data, bounded: what people write into recipes, banks and calibrations.

Guarantees: nothing executes; a text that is too long, too deep, or that aliases blow up is refused before anything is
built from it; every value can be stored: whole numbers fit into 64 bits, texts into UTF-8.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

MAX_BYTES = 1 << 20  # PyYAML reads about 200 kB a second
MAX_VALUES = 100_000  # with every alias counted as often as it is used
MAX_TEXT = 100_000  # characters of one text
LEAST, GREATEST = -(2**63), 2**63 - 1

_TAG = "tag:yaml.org,2002:"
# How plain words of YAML 1.2's core schema look: YAML 1.2.2, section 10.3.2. So ``no`` is a word, 014 is fourteen,
# 12:30 a text and 1e3 a number. An underscore between figures is taken, as people write 1_000.
_WORDS = (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?[0-9]+(?:_[0-9]+)*|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    ("float", r"[-+]?(?:\.[0-9]+|[0-9]+(?:_[0-9]+)*(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", "-+0123456789."),
    ("float", r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)", "-+."),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
)


class PlainLoader(yaml.SafeLoader):
    """YAML's safe loader with the words of YAML 1.2, that refuses a repeated key."""

    # A table of our own: the inherited one belongs to all of yaml, and is YAML 1.1's.
    yaml_implicit_resolvers = {}  # noqa: RUF012

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """A mapping of which no key is there twice."""
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, str) and key in seen:
                msg = f"duplicate key '{key}'"
                raise yaml.MarkedYAMLError(problem=msg, problem_mark=key_node.start_mark)
            seen.add(key if isinstance(key, str) else repr(key))
        return super().construct_mapping(node, deep)

    def construct_number(self, node: yaml.ScalarNode) -> int:
        """A whole number: decimal, 0o17 or 0x1F."""
        text = self.construct_scalar(node)
        return int(text, 0) if text[:2] in ("0o", "0x") else int(text)


for _kind, _form, _first in _WORDS:
    PlainLoader.add_implicit_resolver(_TAG + _kind, re.compile(f"^(?:{_form})$"), list(_first))
PlainLoader.add_constructor(f"{_TAG}int", PlainLoader.construct_number)


def load_plain(text: str) -> Any:
    """The content of a YAML text.

    Raises:
        yaml.YAMLError: It is not YAML, or one that these bounds refuse.
        ValueError: A number has more figures than Python reads.
        RecursionError: It is nested too deeply.
    """
    if len(text) > MAX_BYTES:
        msg = f"longer than {MAX_BYTES:,} characters"
        raise yaml.MarkedYAMLError(problem=msg)
    loader = PlainLoader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        _expanded(node, {})
        return loader.construct_document(node)
    finally:
        loader.dispose()


def _expanded(node: yaml.Node, known: dict[int, int | None]) -> int:
    """How many values a node stands for, aliases included; ``known`` holds None for a node that is being counted."""
    if id(node) in known:
        count = known[id(node)]
        if count is None:
            raise yaml.MarkedYAMLError(problem="an alias inside of what it stands for", problem_mark=node.start_mark)
        return count
    known[id(node)] = None
    inner = [part for pair in node.value for part in pair] if isinstance(node, yaml.MappingNode) else node.value
    total = 1 + (0 if isinstance(node, yaml.ScalarNode) else sum(_expanded(part, known) for part in inner))
    if total > MAX_VALUES:
        msg = f"more than {MAX_VALUES:,} values, aliases counted as often as they are used"
        raise yaml.MarkedYAMLError(problem=msg, problem_mark=node.start_mark)
    known[id(node)] = total
    return total


def unstorable(content: Any, where: str = "") -> Iterator[str]:
    """What no table or file could hold, as ``key: what is wrong``.

    Args:
        content: What `load_plain` gave.
        where: The key that it stands under.
    """
    if isinstance(content, dict):
        for key, value in content.items():
            inner = f"{where}.{key}" if where else f"{key}"
            yield from unstorable(key, f"a key of {where or 'the top'}") if isinstance(key, str) else ()
            yield from unstorable(value, inner)
    elif isinstance(content, list | tuple):
        for place, value in enumerate(content):
            yield from unstorable(value, f"{where}[{place}]")
    elif isinstance(content, int) and not LEAST <= content <= GREATEST:
        yield f"{where}: a whole number of more than 64 bits"
    elif isinstance(content, str):
        if len(content) > MAX_TEXT:
            yield f"{where}: a text of {len(content):,} characters; the limit is {MAX_TEXT:,}"
        elif "\0" in content:
            yield f"{where}: a text with a NUL character"
        elif not content.isascii() and any("\ud800" <= letter <= "\udfff" for letter in content):
            yield f"{where}: a text with a lone surrogate, which UTF-8 cannot hold"
