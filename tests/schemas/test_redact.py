"""The secrets in use leave no text by which one could find them."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest

from glotmill.schemas.errors import InputError, one_line
from glotmill.schemas.redact import MASK, has_password, holds_secret, keep_secret, redact, redacted

KEY = 'q7/Zp+4 v"é9-TdWx2'
FORMS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "url": quote,
    "url, slash too": lambda key: quote(key, safe=""),
    "url, lower case": lambda key: quote(key, safe="").replace("%2F", "%2f").replace("%2B", "%2b"),
    "form": quote_plus,
    "json": json.dumps,
    "json of other writers": lambda key: json.dumps(key, ensure_ascii=False).replace("/", "\\/"),
    "json in json": lambda key: json.dumps({"error": json.dumps({"key": key})}),
    "html": html.escape,
    "basic": lambda key: base64.b64encode(f"user:{key}".encode()).decode(),
    "basic, another user": lambda key: base64.b64encode(f"me:{key}".encode()).decode(),
    "base64, more behind": lambda key: base64.urlsafe_b64encode(f"u:{key} and more".encode()).decode(),
    "wrapped": lambda key: f"{key[:7]}\n    {key[7:]}",
    "wrapped in json": lambda key: json.dumps(f"{key[:7]}\r\n{key[7:]}"),
    "wrapped base64": lambda key: "\n".join(base64.b64encode(f"user:{key}".encode()).decode().partition("R")),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_secret_is_found_in_every_form_that_servers_repeat_it_in(form: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MY_API_KEY", KEY)
    said = FORMS[form](KEY)
    assert redact(f"refused: {said} is wrong") != f"refused: {said} is wrong"
    assert MASK in redact(said)
    left = redact(f"<{said}>").replace(MASK, "")
    assert not any(KEY[place : place + 4] in left for place in range(len(KEY) - 3))


@pytest.mark.parametrize(
    "name",
    ["OPENAI_API_KEY", "HF_TOKEN", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "db_password",
     "FSSPEC_S3_SECRET", "OPENAI_APIKEY_2"],
)  # fmt: skip
def test_variables_are_known_by_their_names(name: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(name, "w0rd-of-power")
    assert redact("no w0rd-of-power here") == "no *** here"
    monkeypatch.delenv(name)
    assert redact("no w0rd-of-power here") == "no w0rd-of-power here"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MY_KEY", "dog"),
        ("MY_TOKEN_LIMIT", "100000"),
        ("TOKENIZERS_PARALLELISM", "kept-as-it-is"),
        ("MY_KEY", __file__),
    ],
)
def test_what_protects_nothing_is_left_in_its_place(name: str, value: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(name, value)
    text = f"a dog, 100000 times, kept-as-it-is, {__file__}"
    assert redact(text) == text


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("s3://AKIA0:se/cr+t@bucket/x", "s3://***@bucket/x"),
        ("/tmp/s3:/key:secret@bucket/x", "/tmp/s3:/***@bucket/x"),
        ("https://user:p%40ss@h:8443/v1?a=1", "https://***@h:8443/v1?a=1"),
        ("proxy http://user:8080@h", "proxy http://***@h"),
        ("https://ghp_aaaaaaaaaaaaaaaaaaaaaaaa@h/x", "https://***@h/x"),
        (
            "GET https://h/x?X-Amz-Credential=ab%2Fc&b=2&X-Amz-Signature=0f0f",
            "GET https://h/x?X-Amz-Credential=***&b=2&X-Amz-Signature=***",
        ),
        ("Authorization: Bearer abcdef1234567890", "Authorization: Bearer ***"),
        ("key sk-abcdefghijklmnopqrstuvwx1 of hf_abcdefghijklmnopqrstuvwx", "key *** of ***"),
    ],
)
def test_secrets_that_nobody_named_are_known_by_their_form(text: str, left: str):
    assert redact(text) == left


@pytest.mark.parametrize(
    "text",
    ["http://127.0.0.1:8000/v1", "http://h:80/users/@me", "hf://datasets/org/name@v1.0", "s3://bucket/folder@3",
     "a basic instruction of 12 words", "mail me@example.org: now", "task-abcdefghijklmnopqrstuv"],
)  # fmt: skip
def test_other_texts_stay_as_they_are(text: str):
    assert redact(text) == text
    assert not has_password(text)


def test_errors_are_raised_without_secrets(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HF_TOKEN", "hf_short1")
    assert str(InputError("token hf_short1 refused")) == "token *** refused"
    assert one_line(OSError("Bearer\nhf_short1")) == "Bearer ***"


def test_every_text_of_an_event_is_redacted_and_nothing_else_changes(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HF_TOKEN", "hf_short1")
    event = {"unit": 3, "why": "hf_short1", "more": [{"trace": "a hf_short1 b"}, None, 1.5, True]}
    assert redacted(event) == {"unit": 3, "why": "***", "more": [{"trace": "a *** b"}, None, 1.5, True]}


def test_numbers_are_written_without_a_look_at_the_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("glotmill.schemas.redact._in_use", None)
    event = {"unit": 3, "file": None, "seconds": [1.5, True], "lang": "deu"}  # no secret is so short
    assert redacted(event) == event


def test_a_word_is_no_secret_in_a_translation_unless_a_server_was_sent_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MY_KEY", "banana")
    assert redact("a banana") == "a ***"
    assert not holds_secret("a banana")
    keep_secret("ban4na-1")
    assert holds_secret("a ban4na-1")


def test_the_password_of_an_address_in_the_environment_is_a_secret_by_itself(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("https_proxy", "http://me:w0rd%2Dof-power@proxy:3128")
    assert redact("407: w0rd-of-power") == "407: ***"
