import pytest

from glotmill.engine.translators import resolve_translator
from glotmill.engine.translators.openai import OpenAiTranslate
from glotmill.engine.workers.inline_pool import InlinePool
from glotmill.engine.workers.pool import make_pool
from glotmill.schemas.errors import InputError
from tests.stand_in_llm import StandIn


def spec(server, **changes):
    return resolve_translator(OpenAiTranslate(engine="openai", **{"model": "stand-in", "url": server.url, **changes}))


@pytest.mark.parametrize(
    "changes",
    [{"concurrency": 2}, {"timeout": 9}, {"attempts": 2}, {"longest_wait": 1}, {"price": {"input": 1.0, "output": 2.0}},
     {"unit_tokens": 64}, {"batch_tokens": 64}, {"mode": "record"}, {"key_env": "MY_KEY"}],
    ids=str,
)  # fmt: skip
def test_where_and_how_fast_is_not_in_the_fingerprint(changes, monkeypatch):
    monkeypatch.setenv("MY_KEY", "k")
    with StandIn() as one, StandIn() as other:
        assert spec(one).fingerprint == spec(other, **changes).fingerprint


@pytest.mark.parametrize(
    "changes",
    [{"temperature": 0.5}, {"top_p": 0.5}, {"seed": 1}, {"max_tokens": 9}, {"retry": None}, {"structured": "none"},
     {"logprobs": True}, {"extra": {"min_p": 0.1}}],
    ids=str,
)  # fmt: skip
def test_what_decides_an_answer_is_in_it(changes):
    with StandIn() as server:
        assert spec(server).fingerprint != spec(server, **changes).fingerprint


def test_the_model_as_the_server_names_it_is_in_it():
    with StandIn() as server:
        assert spec(server).identity["served"] == "stand-in-1"


def test_the_driver_itself_sends_unless_workers_are_named():
    with StandIn() as server:
        assert isinstance(make_pool(spec(server), None), InlinePool)
        assert not isinstance(make_pool(spec(server), 1), InlinePool)


def test_a_key_that_is_not_there_is_refused_before_any_request():
    with StandIn() as server, pytest.raises(InputError, match=r"translate\.key_env: .* no NO_SUCH_KEY"):
        spec(server, key_env="NO_SUCH_KEY")
