"""Redaction: the secrets in use are taken out of every text from outside before it is shown, written or raised.

Servers, storages and libraries repeat what they were sent. A secret in use is the value of an environment variable
whose name says so (``OPENAI_API_KEY``, ``HF_TOKEN``, ``AWS_SECRET_ACCESS_KEY``), a password in the address that a
variable holds, and what `keep_secret` was called with. Each is found plain, URL-encoded, JSON- or HTML-escaped, in
base64 (as ``user:key`` of HTTP has it), and wrapped over lines. Passwords in addresses, signatures of signed URLs,
bearer tokens and the tokens of well-known services are found by their form, whoever owns them.

A value of fewer than `SHORTEST` characters is left as it is: it protects nothing, and taking it out would tear words
apart. Workers are processes of their own and read the same environment.
"""

from __future__ import annotations

import html
import os
import re
from base64 import b64encode
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

MASK = "***"
SHORTEST = 6  # characters of a secret
# From here on a secret is no word of a language: it is found across line breaks, and counts in translations.
UNLIKELY = 12

_NAMES = re.compile(r"(?:^|_)(?:API_?KEY|KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|PAT)(?:_|$)", re.IGNORECASE)
# ``user:password@`` of an address. A Path has made one slash of two, and a port is no password.
USERINFO = re.compile(
    r"(?<=[A-Za-z0-9]:/)/{0,2}[^\s/@:'\"<>]{0,256}:(?!\d{1,5}(?:[/?#\s]|$))[^\s@'\"<>]{1,256}@(?:[^\s@/'\"<>]{0,256}@)*"
)
# A group, where there is one, says what the secret was, and stays.
_FORMS = re.compile(
    r"(?P<user>https?://)[^\s/@:'\"<>]{20,256}(?=@)"
    r"|(?P<query>[?&](?i:X-Amz-Signature|X-Amz-Credential|X-Amz-Security-Token|signature|sig|AWSAccessKeyId|access_token"
    r"|api_?key|token)=)[^&\s'\"<>]+"
    r"|(?P<header>\b(?i:bearer|basic) )(?=[^\s'\",;]{0,256}\d)[A-Za-z0-9._~+/=-]{12,}"
    r"|\b(?:hf_[A-Za-z0-9]{20,}|sk-[A-Za-z0-9_-]{20,}|(?:AKIA|ASIA)[A-Z0-9]{16}\b)"
)
_WRAP = r"(?:\s|\\+[nrt])*"  # a line break, also as JSON writes it

_kept: set[str] = set()


def keep_secret(value: str) -> None:
    """Treat a value as a secret until this process ends."""
    if len(value) >= SHORTEST:
        _kept.add(value)


def redact(text: str) -> str:
    """The text with `MASK` in the place of each secret."""
    return _without(_pattern(_in_use()), text)


def redacted(value: Any) -> Any:
    """A value as JSON has it, with every text in it redacted."""
    return _deeply(_pattern(_in_use()), value) if _has_room(value) else value


def holds_secret(text: str) -> bool:
    """Whether a text of the data, such as a translation, repeats a secret.

    A value that only a variable's name makes a secret counts from `UNLIKELY` characters on: it may be a word.
    """
    certain = frozenset(value for value in _in_use() if value in _kept or len(value) >= UNLIKELY)
    return _pattern(certain).search(text) is not None


def has_password(address: str) -> bool:
    """Whether an address holds a user's name and password."""
    return USERINFO.search(address) is not None


def password_advice(address: str) -> str:
    """Where the user's name and password of an address belong instead."""
    match address.partition(":")[0].lower():
        case "s3":
            names = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (AWS_ENDPOINT_URL for a server of your own)"
        case "gs":
            names = "GOOGLE_APPLICATION_CREDENTIALS"
        case scheme if scheme.isalnum() and not scheme.startswith("http"):
            names = f"FSSPEC_{scheme.upper()}_USERNAME and FSSPEC_{scheme.upper()}_PASSWORD"
        case _:
            return "it would stand in every dataset; leave the password out of it"
    return f"addresses are shown and written down; leave the password out of it and set {names}"


def _without(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.sub(MASK, text)
    found = USERINFO.sub(lambda match: "/" * match[0].count("/", 0, 2) + f"{MASK}@", found)
    return _FORMS.sub(lambda match: (match[match.lastgroup] if match.lastgroup else "") + MASK, found)


def _has_room(value: Any) -> bool:
    """Whether any text in a value is long enough to hold a secret: events of units are often numbers alone."""
    match value:
        case str():
            return len(value) >= SHORTEST
        case dict():
            return any(map(_has_room, value.values()))
        case list() | tuple():
            return any(map(_has_room, value))
    return False


def _deeply(pattern: re.Pattern[str], value: Any) -> Any:
    match value:
        case str():
            return _without(pattern, value)
        case dict():
            return {key: _deeply(pattern, item) for key, item in value.items()}
        case list() | tuple():
            return [_deeply(pattern, item) for item in value]
    return value


def _in_use() -> frozenset[str]:
    found = set(_kept)
    for name, value in os.environ.items():
        if _names_secret(name) and not _is_place(value):  # a file that holds the secret
            found.add(value)
        elif "@" in value:
            found.update(passwords(value))
    return frozenset(value for value in found if len(value) >= (UNLIKELY if value.isdigit() else SHORTEST))


@lru_cache(maxsize=1024)
def _names_secret(variable: str) -> bool:
    return _NAMES.search(variable) is not None


def _is_place(value: str) -> bool:
    try:
        return Path(value).exists()
    except (OSError, ValueError):  # no name that a file can have
        return False


def passwords(text: str) -> Iterator[str]:
    """The passwords of the addresses in a text, as they are written and as they are meant."""
    for match in USERINFO.finditer(text):
        password = match[0].removesuffix("@").partition(":")[2]
        yield from (password, unquote(password))


@lru_cache(maxsize=16)
def _pattern(secrets: frozenset[str]) -> re.Pattern[str]:
    """Finds each secret in each of its forms; without secrets, nothing."""
    found: set[str] = set()
    for secret in secrets:
        between = _WRAP if len(secret) >= UNLIKELY else ""
        found.add(between.join(map(_character, secret)))
        found.update(between.join(map(re.escape, digits)) + r"[A-Za-z0-9+/_-]*={0,2}" for digits in _base64(secret))
    return re.compile("|".join(sorted(found, key=len, reverse=True)) or r"(?!)")


def _character(character: str) -> str:
    """A pattern of one character as it is, in a URL, in JSON (also within JSON), and in HTML."""
    if character.isascii() and character.isalnum():
        return character
    data = character.encode("utf-8", "surrogatepass")
    units = character.encode("utf-16-be", "surrogatepass").hex()
    forms = [
        r"\\*" + re.escape(character),
        "".join(f"%{byte:02x}" for byte in data),
        "".join(rf"\\+u{units[place : place + 4]}" for place in range(0, len(units), 4)),
        re.escape(html.escape(character)),
        rf"&#(?:0*{ord(character)}|x0*{ord(character):x});",
        *([r"\+|\s+"] if character == " " else []),
    ]
    return f"(?i:{'|'.join(forms)})"


def _base64(secret: str) -> Iterator[str]:
    """The digits that a secret has in base64 whatever stands before and after it, at each of the three alignments."""
    data = secret.encode("utf-8", "surrogatepass")
    for before in range(3):
        whole, rest = divmod(before + len(data), 3)
        digits = b64encode(bytes(before) + data).decode()
        certain = digits[(0, 2, 3)[before] : 4 * whole + (0, 1, 2)[rest]]
        yield certain
        yield certain.replace("+", "-").replace("/", "_")
