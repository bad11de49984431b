"""What a worker raises leaves its machine without the secrets that lie there."""

from __future__ import annotations

from traceback import format_exception

import pytest

from glotmill.engine.workers.ray_worker import without_secrets
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
