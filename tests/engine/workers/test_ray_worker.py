"""What a worker raises leaves its machine without the secrets that lie there."""

from __future__ import annotations

from traceback import format_exception

import pyarrow as pa
import pytest

from glotmill.engine.workers.ray_pool import PendingUnits
from glotmill.engine.workers.ray_worker import without_secrets
from glotmill.engine.workers.units import Unit
from glotmill.schemas.errors import TranslatorError


def broken() -> None:
    try:
        raise OSError("header Bearer w0rd-of-power")
    except OSError as error:
        raise TranslatorError("the engine broke") from error


def test_an_error_of_an_engine_is_passed_on_without_secrets_and_says_where_it_was(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MY_TOKEN", "w0rd-of-power")
    with pytest.raises(TranslatorError) as caught, without_secrets():
        broken()
    trace = "".join(format_exception(caught.value))
    assert str(caught.value) == "TranslatorError: the engine broke"
    assert "w0rd" not in trace
    assert "OSError: header Bearer ***" in trace
    assert "test_ray_worker.py" in trace


def test_one_without_secrets_is_passed_on_as_it_is():
    error = ValueError("nothing to hide")
    with pytest.raises(ValueError, match="nothing to hide") as caught, without_secrets():
        raise error
    assert caught.value is error


def test_units_that_came_back_go_first_and_the_line_is_read_no_further_than_asked():
    read = []

    def units():
        for number in range(5):
            read.append(number)
            yield Unit(number, pa.table({"text": ["a"]}))

    line = PendingUnits(units())
    assert line.has(2)
    assert read == [0, 1]
    first = line.next()
    assert first is not None
    line.back(first)
    assert line.has(5)
    assert not line.has(6)
    assert [case.unit.number for case in iter(line.next, None)] == [0, 1, 2, 3, 4]
    assert not line.has(1)
