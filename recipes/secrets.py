"""Secrets do not belong in a recipe, which is written into every dataset that it makes; the environment holds them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from glotmill.schemas.redact import has_password, password_advice, redact

# A name of one of these words is a secret's whatever else it says, or of several words that end like this.
_WORDS = frozenset(
    {"apikey", "auth", "authentication", "authorization", "bearer", "cookie", "cookies", "credential", "credentials",
     "passphrase", "passwd", "password", "secret", "secrets"}
)  # fmt: skip
_LAST = frozenset({"key", "token"})
# What stands before ``key`` or ``token`` in the name of a secret; nothing does, too. `eos_token` is no secret.
_BEFORE = frozenset(
    {"", "access", "api", "auth", "client", "google", "hf", "id", "openai", "private", "refresh", "secret", "security",
     "session", "subscription", "user", "x"}
)  # fmt: skip
_HEADERS = frozenset({"headers", "extra_headers", "default_headers", "http_headers"})
# A name's words: ``apiKey``, ``api-key`` and ``API_KEY`` have two.
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def names_secret(name: str) -> bool:
    """Whether a key of a request is called as secrets are: ``api_key``, ``Authorization``, ``x-auth-token``."""
    words = [word.lower() for word in _WORD.findall(name)]
    before = words[-2] if len(words) > 1 else ""
    return bool(_WORDS & set(words)) or (bool(words) and words[-1] in _LAST and before in _BEFORE)


def secret_keys(value: Any, where: str = "") -> Iterator[str]:
    """Where an object of JSON holds a secret: by the names of its keys, or because it is one in use."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            place = f"{where}.{name}" if where else str(name)
            plain = not isinstance(item, Mapping)
            if item is not None and (
                str(name).lower().replace("-", "_") in _HEADERS or (plain and names_secret(str(name)))
            ):
                yield place
            else:
                yield from secret_keys(item, place)
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            yield from secret_keys(item, f"{where}.{number}")
    elif isinstance(value, str) and redact(value) != value:
        yield where


def passwords_in(content: Any, where: str = "") -> Iterator[tuple[str, str]]:
    """(key, what to do instead) of each address of a recipe's content that holds a password.

    The ``url`` of a server may: it reaches no dataset.
    """
    if isinstance(content, Mapping):
        for name, item in content.items():
            if name != "url":
                yield from passwords_in(item, f"{where}.{name}" if where else str(name))
    elif isinstance(content, list | tuple):
        for number, item in enumerate(content):
            yield from passwords_in(item, f"{where}.{number}")
    elif isinstance(content, str) and has_password(content):
        yield where, password_advice(content)
