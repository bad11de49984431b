import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx2
import orjson
import pytest

from glotmill.engine.llm.contract import Answer
from glotmill.engine.llm.replies import RetryableFailure, read_reply, retry_after


def reply(status=200, content="", **headers):
    return httpx2.Response(status, content=content, headers=headers)


@pytest.mark.parametrize(
    ("status", "reason"),
    [(429, "server_busy"), (500, "server_error"), (503, "server_error"), (504, "server_timed_out")],
)
def test_trouble_that_may_pass_is_the_machines(status, reason):
    found = read_reply(reply(status, "one moment"))
    assert isinstance(found, RetryableFailure)
    assert (found.reason, found.helps, found.final) == (reason, True, False)


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_refused_key_or_model_is_final(status):
    assert read_reply(reply(status)).final


def test_a_bad_request_is_not_sent_again_and_not_the_texts():
    found = read_reply(reply(400, '{"error": "unknown field top_q"}'))
    assert isinstance(found, RetryableFailure)
    assert (found.reason, found.helps) == ("server_refused", False)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("This model's maximum context length is 512 tokens", "source_too_long"),
        ("content_filter: violence", "refusal"),
    ],
)
def test_a_text_that_does_not_fit_or_is_filtered_is_the_texts_own(said, reason):
    found = read_reply(reply(400, said))
    assert isinstance(found, Answer)
    assert found.failure == reason


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "[]",
        '{"choices": []}',
        '{"choices": [{"message": null}]}',
        '{"choices": [{"message": {"content": 3}}]}',
    ],
)
def test_a_reply_that_is_not_whole_is_asked_again(body):
    assert read_reply(reply(200, body)).reason == "server_garbled"


def test_tokens_and_log_probability_are_read():
    body = (
        '{"choices": [{"message": {"content": "Hund"}, "finish_reason": "length",'
        ' "logprobs": {"content": [{"logprob": -1}, {"logprob": -2}]}}],'
        ' "usage": {"prompt_tokens": 7, "completion_tokens": 2}}'
    )
    expected = Answer("Hund", cut=True, logprob=-1.5, prompt_tokens=7, completion_tokens=2)
    assert read_reply(reply(200, body)) == expected


def test_no_content_is_an_empty_output_and_a_refusal_is_a_refusal():
    assert read_reply(reply(200, '{"choices": [{"message": {"content": null}}]}')).failure == "empty_output"
    refused = '{"choices": [{"message": {"content": null, "refusal": "I will not"}}]}'
    assert read_reply(reply(200, refused)).failure == "refusal"


def test_retry_after_is_seconds_or_a_date():
    assert retry_after("1.5") == 1.5
    assert retry_after("-3") == 0
    assert retry_after("soon") is None
    assert retry_after(None) is None
    assert retry_after("nan") is None
    assert retry_after(format_datetime(datetime.now(UTC) - timedelta(hours=1), usegmt=True)) == 0
    assert 3000 < retry_after(format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)) < 3700


def said(text: str, **more) -> httpx2.Response:
    return reply(200, json.dumps({"choices": [{"message": {"content": text}, "finish_reason": "stop"}], **more}))


@pytest.mark.parametrize(("text", "reason"), [("Ein \ud800 Hund", "bad_unicode"), ("Ein \0 Hund", "nul_character")])
def test_a_text_that_no_table_can_hold_fails_its_record_alone(text: str, reason: str):
    found = read_reply(said(text))
    assert isinstance(found, Answer)
    assert (found.text, found.failure) == (None, reason)


def test_counts_and_probabilities_that_are_none_are_left_out():
    odd = {"usage": {"prompt_tokens": 10**40, "completion_tokens": -3}}
    found = read_reply(said("Ein Hund", **odd))
    assert isinstance(found, Answer)
    assert (found.text, found.prompt_tokens, found.completion_tokens) == ("Ein Hund", 0, 0)
    choice = {"message": {"content": "Ein Hund"}, "logprobs": {"content": [{"logprob": float("-inf")}]}}
    assert read_reply(reply(200, json.dumps({"choices": [choice]}))).logprob is None


def test_a_reply_that_is_nested_too_deeply_is_garbled():
    found = read_reply(reply(200, "[" * 100_000))
    assert isinstance(found, RetryableFailure)
    assert found.reason == "server_garbled"


def test_an_error_with_a_lone_surrogate_can_be_written_down():
    refusal = {"choices": [{"message": {"content": "", "refusal": "no \ud800"}, "finish_reason": "stop"}]}
    found = read_reply(reply(200, json.dumps(refusal)))
    assert orjson.dumps(found.detail)
