from __future__ import annotations

from typing import Any

import pytest

from glotmill.engine.sources.shared.typed_values import LONGEST_URI, identifier, mapping, reference, text, texts, whole
from glotmill.schemas.errors import RowError
from glotmill.schemas.keys import image_id
from glotmill.schemas.sample import Image

ABSENT = object()


def row(value: Any) -> dict[str, Any]:
    return {} if value is ABSENT else {"key": value}


@pytest.mark.parametrize(
    ("take", "value", "taken"),
    [
        (text, "A dog.", "A dog."),
        (text, " A dog. ", " A dog. "),
        (identifier, "007", "007"),
        (identifier, 7, "7"),
        (identifier, 0, "0"),
        (identifier, -1, "-1"),
        (texts, ABSENT, None),
        (texts, None, None),
        (texts, [], ()),
        (texts, ["a", ""], ("a", "")),
        (whole, ABSENT, None),
        (whole, None, None),
        (whole, 0, 0),
        (whole, 640, 640),
    ],
)
def test_a_value_of_the_right_type_is_taken_as_it_is(take, value: Any, taken: Any):
    assert take(row(value), "key") == taken


@pytest.mark.parametrize(
    ("take", "value", "reason"),
    [
        (text, ABSENT, "missing_field.key"),
        (text, None, "missing_field.key"),
        (text, 3, "wrong_type.key"),
        (text, ["A dog."], "wrong_type.key"),
        (text, "", "empty_text.key"),
        (text, " \n\t\u3000", "empty_text.key"),
        (identifier, ABSENT, "missing_field.key"),
        (identifier, None, "missing_field.key"),
        (identifier, "", "wrong_type.key"),
        (identifier, 1.0, "wrong_type.key"),
        (identifier, True, "wrong_type.key"),
        (identifier, ["1"], "wrong_type.key"),
        (texts, "a", "wrong_type.key"),
        (texts, ["a", 1], "wrong_type.key"),
        (texts, ["a", None], "wrong_type.key"),
        (texts, {"a": "b"}, "wrong_type.key"),
        (whole, "640", "wrong_type.key"),
        (whole, 640.0, "wrong_type.key"),
        (whole, True, "wrong_type.key"),
    ],
)
def test_any_other_value_is_refused_with_a_reason_that_names_the_field(take, value: Any, reason: str):
    with pytest.raises(RowError) as caught:
        take(row(value), "key")
    assert caught.value.reason == reason


@pytest.mark.parametrize(("value", "kind"), [([], "list"), ("{}", "str"), (None, "NoneType"), (1, "int")])
def test_a_row_that_is_no_object_is_refused_with_what_it_is(value: Any, kind: str):
    with pytest.raises(RowError) as caught:
        mapping(value)
    assert (caught.value.reason, caught.value.detail) == ("not_an_object", kind)


def test_a_wrong_type_is_told_with_the_type_that_was_found():
    with pytest.raises(RowError, match="expected a string, found list"):
        text({"caption": []}, "caption")


def test_an_image_is_known_by_its_uri():
    assert reference("a.jpg", 4, 3, "image/jpeg") == Image(image_id("a.jpg"), "a.jpg", 4, 3, "image/jpeg")
    assert reference("a" * LONGEST_URI).uri == "a" * LONGEST_URI


@pytest.mark.parametrize(
    ("uri", "reason"),
    [("a\ud800.jpg", "bad_unicode"), ("a\x00.jpg", "nul_character"), ("iVBORw0KGgo" * 1000, "uri_too_long")],
)
def test_what_can_be_no_uri_is_refused(uri: str, reason: str):
    with pytest.raises(RowError) as caught:
        reference(uri)
    assert caught.value.reason == reason
