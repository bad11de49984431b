"""YAML as plain data: the words of YAML 1.2, and nothing that executes."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from glotmill.schemas.plain_yaml import load_plain


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"), ("off", "off"), ("y", "y"), ("true", True), ("False", False),
        ("014", 14), ("0o14", 12), ("0x1F", 31), ("-7", -7), ("+3", 3), ("1_000", 1000), ("'5'", "5"),
        ("12:30", "12:30"), ("2026-01-01", "2026-01-01"), ("2026-13-01", "2026-13-01"),
        ("1e3", 1000.0), ("1e-3", 0.001), (".5", 0.5), ("5.", 5.0), ("1_000.5", 1000.5), (".inf", float("inf")),
        ("~", None), ("", None), ("null", None), ("=", "="),
    ],
)  # fmt: skip
def test_a_plain_word_means_what_yaml_1_2_says(text: str, value: Any):
    found = load_plain(f"key: {text}")["key"]
    assert found == value
    assert type(found) is type(value)


def test_a_key_that_is_there_twice_is_refused_with_its_line():
    with pytest.raises(yaml.YAMLError, match=r"(?s)duplicate key 'a'.*line 3"):
        load_plain("a: 1\nb: 2\na: 3\n")


def test_a_tag_makes_no_object():
    with pytest.raises(yaml.YAMLError, match="python/object"):
        load_plain("a: !!python/object/apply:os.getcwd []")
