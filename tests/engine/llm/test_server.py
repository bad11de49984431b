import itertools
import time
import tracemalloc

import httpx2
import pytest

from glotmill.engine.llm.contract import GONE, Chat, Sampling
from glotmill.engine.llm.replies import LOOKED_AT, read_reply
from glotmill.engine.llm.server import GIVE_UP_AFTER, MAX_REPLY, ServerModel, headers_of, served_model
from glotmill.engine.translators.openai import OpenAiTranslate
from glotmill.schemas.errors import InputError
from tests.stand_in_llm import StandIn

SYSTEM = "You translate texts about pictures from English into German, written in Latn."

SLOW = ("hang", "trickle")
LATE = {"timeout": 1.0}  # seconds; elsewhere the default, for a loaded machine may be this late without a fault


def section(server, **changes):
    fast = {"model": "stand-in", "first_wait": 0.01, "longest_wait": 0.5, "attempts": 3}
    return OpenAiTranslate(engine="openai", url=server.url, **{**fast, **changes})


def ask(server, *texts, **changes):
    model = ServerModel(section(server, **changes))
    try:
        return model.answer([Chat(SYSTEM, f"<text>\n{text}\n</text>", 64) for text in texts], Sampling())
    finally:
        model.close()


def test_answers_come_in_order():
    texts = [f"dog {number}" for number in range(50)]
    with StandIn() as server:
        answers = ask(server, *texts, concurrency=7)
    assert [answer.text for answer in answers] == [f"dogˈger {number}" for number in range(50)]
    assert {answer.requests for answer in answers} == {1}
    assert {(answer.prompt_tokens, answer.completion_tokens) for answer in answers} == {(10, 5)}


def test_as_many_requests_are_in_flight_as_the_recipe_says_and_no_more():
    with StandIn(latency=0.02) as server:
        ask(server, *(f"dog {number}" for number in range(40)), concurrency=8)
        assert server.most == 8


@pytest.mark.parametrize("fault", ["429", "500", "503", "hang", "drop", "truncated", "trickle"])
def test_trouble_that_passes_costs_attempts_and_nothing_else(fault):
    with StandIn({"cat": [fault, fault]}) as server:
        answers = ask(server, "a dog", "a cat", "an owl", **(LATE if fault in SLOW else {}))
    assert [answer.text for answer in answers] == ["a dogˈger", "a catˈger", "anˈger owlˈger"]
    assert [answer.requests for answer in answers] == [1, 3, 1]


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("429", "server_busy"),
        ("500", "server_error"),
        ("hang", "server_timed_out"),
        ("trickle", "server_timed_out"),
        ("drop", "server_unreachable"),
        ("truncated", "server_garbled"),
        ("gzip", "server_garbled"),
    ],
)
def test_trouble_that_stays_ends_in_a_named_failure_after_bounded_attempts(fault, reason):
    with StandIn({"cat": itertools.repeat(fault)}) as server:
        answers = ask(server, "a dog", "a cat", "an owl", **(LATE if fault in SLOW else {}))
        assert server.seen["a cat"] == 3
    assert [answer.failure for answer in answers] == [None, reason, None]
    assert answers[1].requests == 3
    assert answers[1].detail


def test_an_endless_reply_and_a_text_that_no_table_holds_fail_their_own_record_in_bounded_memory():
    with StandIn({"cat": itertools.repeat("endless"), "owl": itertools.repeat("surrogate")}) as server:
        tracemalloc.start()
        answers = ask(server, "a dog", "a cat", "an owl")
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert [answer.failure for answer in answers] == [None, "server_garbled", "bad_unicode"]
    assert peak < 6 * MAX_REPLY


def test_retry_after_is_honoured_by_all():
    with StandIn({"cat": ["429:0.4"]}) as server:
        began = time.monotonic()
        answers = ask(server, "a cat", "a dog", "an owl", concurrency=1)
        took = time.monotonic() - began
    assert [answer.requests for answer in answers] == [2, 1, 1]
    assert took >= 0.4


def test_a_server_that_asks_for_a_longer_pause_than_allowed_is_not_sent_early():
    with StandIn({"cat": itertools.repeat("429:3600")}) as server:
        answers = ask(server, "a cat", "a dog")
        assert server.seen["a cat"] == 1
    assert [answer.failure for answer in answers] == ["server_busy", None]


def test_a_server_that_only_fails_is_given_up_and_what_came_before_is_kept():
    texts = [f"dog {number}" for number in range(5)] + [f"cat {number}" for number in range(100)]
    with StandIn({"cat": itertools.repeat("500")}) as server:
        answers = ask(server, *texts, concurrency=1, attempts=1)
        assert len(server.seen) == 5 + GIVE_UP_AFTER
    assert [answer.failure for answer in answers[:5]] == [None] * 5
    assert {answer.failure for answer in answers[5:]} == {"server_error", GONE}
    assert "500" in answers[-1].detail


def test_a_refused_key_stops_at_once():
    with StandIn({"dog": itertools.repeat("401")}) as server:
        answers = ask(server, *(f"dog {number}" for number in range(20)), concurrency=1)
        assert len(server.seen) == 1
    assert {answer.failure for answer in answers} == {GONE}


def test_the_key_comes_from_the_environment_alone(monkeypatch):
    monkeypatch.setenv("MY_KEY", "s3cret")
    with StandIn() as server:
        ask(server, "a dog", key_env="MY_KEY")
        assert server.headers["authorization"] == "Bearer s3cret"
        ask(server, "a dog")
        assert "authorization" not in server.headers
        monkeypatch.delenv("MY_KEY")
        with pytest.raises(InputError, match="MY_KEY"):
            ask(server, "a dog", key_env="MY_KEY")


KEY = "w0rd/of+power-17"


@pytest.mark.parametrize("status", ["400", "401", "500"])
def test_a_key_that_a_server_repeats_in_an_error_is_not_passed_on(status, monkeypatch):
    monkeypatch.setenv("MY_KEY", KEY)
    with StandIn({"cat": itertools.repeat(f"repeat:{status}")}) as server:
        [answer] = ask(server, "a cat", key_env="MY_KEY", attempts=1)
    assert answer.detail == f'{status} {{"error": {{"message": "Incorrect API key provided: ***."}}}}'


def test_a_reply_that_repeats_the_key_is_no_answer(monkeypatch):
    monkeypatch.setenv("MY_KEY", KEY)
    with StandIn({"cat": itertools.repeat("repeat")}) as server:
        answers = ask(server, "a cat", "a dog", key_env="MY_KEY")
    assert [(answer.text, answer.failure) for answer in answers] == [(None, "server_repeats_key"), ("a dogˈger", None)]
    assert KEY not in str(answers)


def test_a_key_that_the_end_of_a_long_error_cuts_is_not_passed_on_in_part(monkeypatch):
    monkeypatch.setenv("MY_KEY", KEY)
    headers_of(OpenAiTranslate(engine="openai", model="m", key_env="MY_KEY"))
    for length in range(150, 205):
        told = read_reply(httpx2.Response(500, text="x" * length + KEY + "y" * 99))
        assert "w0rd" not in told.detail
    for length in (LOOKED_AT - 5, LOOKED_AT - 2 * len(KEY)):
        told = read_reply(httpx2.Response(500, text=" " * length + KEY))
        assert "w0rd" not in told.detail


def test_the_password_of_a_url_is_not_passed_on(monkeypatch):
    for url in ("http://me:w0rdpass@127.0.0.1:1/v1", "http://me:w0rdpass@[bad/v1"):
        with pytest.raises(InputError, match=r"translate\.url: http://\*\*\*@") as caught:
            served_model(OpenAiTranslate(engine="openai", model="m", url=url))
        assert "w0rdpass" not in str(caught.value)


def test_the_servers_own_name_of_the_model_is_asked_for():
    with StandIn() as server:
        assert served_model(section(server)) == "stand-in-1"
        with pytest.raises(InputError, match="the server has no 'other'; it has stand-in"):
            served_model(section(server, model="other"))
    with pytest.raises(InputError, match="no server answers"):
        served_model(section(server))


def test_the_body_says_what_the_recipe_says():
    with StandIn() as server:
        model = ServerModel(section(server, logprobs=True, extra={"min_p": 0.1}, limit_key="max_completion_tokens"))
        [answer] = model.answer(
            [Chat("You judge", '<text>\n{"source": "a"}\n</text>', 9, {"type": "object"})], Sampling(0.5, 0.9, 3)
        )
        model.close()
        body = server.bodies[0]
    assert answer.logprob == -1.0
    assert (body["temperature"], body["top_p"], body["seed"], body["max_completion_tokens"]) == (0.5, 0.9, 3, 9)
    assert body["min_p"] == 0.1
    assert body["response_format"]["json_schema"]["schema"] == {"type": "object"}
