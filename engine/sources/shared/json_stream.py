"""Reading a JSON file value by value: memory holds one value of a list or object, however long the file is.

Guarantees: no key of an object of rows is lost where it appears twice; text that UTF-8 cannot carry reaches its row
as lone surrogates, which fail the row and not the file; what is no JSON is one `InputError` with its place.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from glotmill.engine.sources.shared.text_files import opened
from glotmill.schemas.errors import InputError

CHUNK = 1 << 20
LONGEST = 1 << 28  # characters of one value: beyond it a file is taken for damaged, not read on into memory
WHITE = re.compile(r"[ \t\n\r]*")
NUMBER = re.compile(r"[-+.0-9eE]*")
DECODER = json.JSONDecoder()


class JsonText:
    """The text of a JSON file: a window that moves along.

    Args:
        file: The file's bytes.
        where: Names the file in errors.
    """

    def __init__(self, file: BinaryIO, where: str) -> None:
        self._file = file
        self._where = where
        self._decode = codecs.getincrementaldecoder("utf-8")("surrogateescape").decode
        self._text = ""
        self._at = 0
        self._passed = 0

    def peek(self) -> str:
        """The next character that is no white space; empty at the end of the file."""
        while True:
            match = WHITE.match(self._text, self._at)
            assert match is not None  # it matches nothing, too
            self._at = match.end()
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def skip(self, *expected: str) -> str:
        """Go past the next character, which must be one of the expected, and return it."""
        found = self.peek()
        if found not in expected:
            wanted = " or ".join(_shown(character) for character in expected)
            raise self._error(f"expected {wanted}, found {_shown(found)}")
        self._at += len(found)
        return found

    def value(self) -> Any:
        """The next value, parsed."""
        self.peek()
        while True:
            try:
                value, end = DECODER.raw_decode(self._text, self._at)
            except (ValueError, RecursionError) as error:
                whole = len(self._text) - self._at > LONGEST or not self._more()
                if whole:
                    raise self._error(getattr(error, "msg", str(error))) from None
            else:
                # What could go on as a number at the window's end is read again with more of it.
                rest = NUMBER.match(self._text, end)
                assert rest is not None  # it matches nothing, too
                if rest.end() < len(self._text) or not self._more():
                    self._at = end
                    return value

    def elements(self) -> Iterator[Any]:
        """The values of the list that comes next."""
        self.skip("[")
        if self.peek() == "]":
            self.skip("]")
            return
        while True:
            yield self.value()
            if self.skip(",", "]") == "]":
                return

    def members(self) -> Iterator[str]:
        """The keys of the object that comes next; the value of each must be read before the next one is asked for."""
        self.skip("{")
        if self.peek() == "}":
            self.skip("}")
            return
        while True:
            if self.peek() != '"':
                raise self._error("expected a key in double quotes")
            key = self.value()
            self.skip(":")
            yield key
            if self.skip(",", "}") == "}":
                return

    def _more(self) -> bool:
        """Read on; False at the end of the file. A value too long for the window doubles it."""
        chunk = self._file.read(max(CHUNK, len(self._text) - self._at))
        self._passed += self._at
        self._text = self._text[self._at :] + self._decode(chunk, not chunk)
        self._at = 0
        return bool(chunk)

    def _error(self, problem: str) -> InputError:
        return InputError(f"{self._where}: not JSON: {problem} at character {self._passed + self._at + 1}")


def _shown(character: str) -> str:
    return f"'{character}'" if character else "the end"


def rows_of_list(path: Path, where: str, expected: str) -> Iterator[Any]:
    """The values of a file that is one JSON list.

    Raises:
        InputError: The file is no JSON, or no list; ``expected`` says what it should be.
    """
    with opened(path, where) as file:
        text = JsonText(file, where)
        _must_be("[", text, where, expected)
        yield from text.elements()
        text.skip("")


def rows_of_object(path: Path, where: str, expected: str) -> Iterator[tuple[str, Any]]:
    """(key, value) of a file that is one JSON object, a key that appears twice both times.

    Raises:
        InputError: The file is no JSON, or no object; ``expected`` says what it should be.
    """
    with opened(path, where) as file:
        text = JsonText(file, where)
        _must_be("{", text, where, expected)
        for key in text.members():
            yield key, text.value()
        text.skip("")


def rows_of_lists(path: Path, where: str, expected: str, lists: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    """(key, value) of a file that is one JSON object, where the values of some keys are lists: those one by one.

    Args:
        path: The file.
        where: Names the file in errors.
        expected: What the file should be.
        lists: Keys of the lists, each of which must be there once.

    Raises:
        InputError: The file is no JSON, no object, or not as ``lists`` say.
    """
    seen: set[str] = set()
    with opened(path, where) as file:
        text = JsonText(file, where)
        _must_be("{", text, where, expected)
        for key in text.members():
            if key not in lists:
                yield key, text.value()
                continue
            if key in seen or text.peek() != "[":
                problem = "it appears twice" if key in seen else f"found a JSON {_kind(text)}"
                msg = f"{where}: expected one list under '{key}', as in {expected}; {problem}"
                raise InputError(msg)
            seen.add(key)
            for value in text.elements():
                yield key, value
        text.skip("")
    for key in lists:
        if key not in seen:
            msg = f"{where}: expected a list under '{key}', as in {expected}"
            raise InputError(msg)


def first_character(path: Path, where: str) -> str:
    """The first character of a file that is no white space; empty where there is none."""
    with opened(path, where) as file:
        return JsonText(file, where).peek()


def _must_be(first: str, text: JsonText, where: str, expected: str) -> None:
    if text.peek() != first:
        msg = f"{where}: expected {expected}, found a JSON {_kind(text)}"
        raise InputError(msg)


def _kind(text: JsonText) -> str:
    """The type of the next value, as Python calls it; an `InputError` where it is no JSON."""
    opening = {"{": "dict", "[": "list"}.get(text.peek())
    return opening or type(text.value()).__name__
