from __future__ import annotations

from glotmill.schemas.errors import LONGEST, InputError, message_line


def test_a_message_is_one_line_as_it_is():
    assert message_line(InputError("a: b\nc; do d")) == "a: b c; do d"


def test_a_long_message_keeps_where_it_is_and_what_to_do():
    line = message_line(InputError(f"sources.a: {'x' * 100_000}; expected a number"))
    assert line.startswith("sources.a: xxx")
    assert line.endswith("xxx; expected a number")
    assert LONGEST <= len(line) < LONGEST + 10
