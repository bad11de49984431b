from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from glotmill.filters.plugins import ENCODERS, load_plugin
from glotmill.schemas.errors import InputError


def offered(monkeypatch: pytest.MonkeyPatch) -> None:
    points = [EntryPoint("mine", "collections:OrderedDict", ENCODERS)]
    monkeypatch.setattr("glotmill.filters.plugins.entry_points", lambda group: points if group == ENCODERS else [])


def test_an_installed_plug_in_is_made(monkeypatch):
    offered(monkeypatch)
    assert load_plugin(ENCODERS, "mine", "score.embedding") == {}


@pytest.mark.parametrize(("name", "message"), [("mine2", "did you mean 'mine'"), (None, "installed: mine")])
def test_what_is_not_installed_is_an_error_that_names_what_is(monkeypatch, name, message):
    offered(monkeypatch)
    with pytest.raises(InputError, match=f"score.embedding: .*{message}"):
        load_plugin(ENCODERS, name, "score.embedding")


def test_without_any_the_error_says_so():
    with pytest.raises(InputError, match="installed: none"):
        load_plugin(ENCODERS, "mine", "score.embedding")
