"""Which entries are repaired, and by which of their translations."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from glotmill.engine.memory.entries import DIRECTION
from glotmill.engine.translation.repaired_entries import passing, repairs_of
from glotmill.engine.translators.shared.repair_rule import RepairRule
from glotmill.filters.policy import make_policy
from glotmill.filters.registry import make_scorers


def rule_of(**until: dict[str, Any]) -> RepairRule:
    return RepairRule(make_scorers(until), make_policy(until, list(until)))


UNLIKELY = rule_of(nmt={"min_logprob": -1.0})
ENTRIES = {
    "source_lang": pl.String, "target_lang": pl.String, "text": pl.String, "carrier": pl.Boolean, "key": pl.String,
    "translation": pl.String, "failure": pl.String, "logprob": pl.Float32, "target_tokens": pl.Int32,
    "hit_limit": pl.Boolean, "attempt": pl.Int32, "origin": pl.String, "engine": pl.String, "record": pl.String,
}  # fmt: skip


def entry(text: str, translation: str | None, logprob: float, **changes: Any) -> dict[str, Any]:
    row = {
        "source_lang": "eng_Latn", "target_lang": "deu_Latn", "text": text, "carrier": False, "key": f"key {text}",
        "translation": translation, "failure": None, "logprob": logprob, "target_tokens": 3, "hit_limit": False,
        "attempt": 1, "origin": "machine", "engine": "f", "record": None,
    }  # fmt: skip
    return {**row, **changes}


def entries(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=ENTRIES)


def keeping(**hypotheses: list[tuple[str, float, float | None]]):
    """What a memory keeps, by the entry's text: (text, log-probability, that of the source given it)."""
    numbers = {"logprob": pl.Float32, "reverse": pl.Float32, "target_tokens": pl.Int32, "place": pl.Int32}
    kind = pl.List(pl.Struct({"text": pl.String, **numbers}))
    rows = {
        f"key {text}": [dict(zip(("text", "logprob", "reverse"), one, strict=True)) | {"target_tokens": 7, "place": 0}
                        for one in several]
        for text, several in hypotheses.items()
    }  # fmt: skip
    frame = pl.DataFrame({"key": list(rows), "hypotheses": list(rows.values())}, {"key": pl.String, "hypotheses": kind})

    def kept(wanted: pl.DataFrame) -> pl.DataFrame:
        assert wanted.columns == ["key", *DIRECTION, "text"]
        return frame.join(wanted.select("key"), on="key", how="semi")

    return kept


NONE = keeping()


def test_the_first_that_passes_takes_the_place_with_what_is_known_of_it():
    kept = keeping(dog=[("Hund", -2.0, None), ("Hunt", -1.5, None), ("Köter", -0.75, None), ("Dogge", -0.1, None)])
    repairs = repairs_of(UNLIKELY, entries(entry("dog", "Hund", -2.0), entry("cat", "Katze", -0.5)), kept)
    made = repairs.applied(entries(entry("cat", "Katze", -0.5), entry("dog", "Hund", -2.0)))
    assert made.select("translation", "logprob", "target_tokens", "origin", "engine").rows() == [
        ("Katze", -0.5, 3, "machine", "f"),
        ("Köter", -0.75, 7, "repaired", "f"),
    ]
    assert made.schema == pl.Schema(ENTRIES)
    assert repairs.left.is_empty()


@pytest.mark.parametrize(
    "changes",
    [
        {"origin": "human"},
        {"carrier": True},
        {"translation": None, "failure": "failed:looped"},
        {"logprob": None},  # not judged, which never rejects
    ],
)
def test_what_people_said_what_failed_and_what_is_not_judged_stays(changes):
    rows = entries(entry("dog", "Hund", -2.0) | changes)
    repairs = repairs_of(UNLIKELY, rows, keeping(dog=[("Hund", -2.0, None), ("Köter", -0.75, None)]))
    assert repairs.applied(rows).equals(rows)
    assert repairs.left.is_empty()


def test_what_nothing_repairs_keeps_its_first_translation_and_is_left_for_another_engine():
    rows = entries(entry("dog", "Hund", -2.0), entry("cat", "Katze", -3.0))
    repairs = repairs_of(UNLIKELY, rows, keeping(dog=[("Hund", -2.0, None), ("Hunt", -1.5, None)]))
    assert repairs.applied(rows).equals(rows)
    assert repairs.left["text"].to_list() == ["dog", "cat"]


def test_another_engines_translations_count_where_one_of_them_passes():
    rows = entries(
        entry("dog", "Hund", -2.0), entry("cat", "Katze", -0.5), entry("cow", "Kuh", -2.0), entry("ant", None, 0.0),
        entry("bee", "Biene", -9.0, origin="human"),
    )  # fmt: skip
    made = passing(UNLIKELY, rows, keeping(dog=[("Hund", -2.0, None), ("Köter", -0.75, None)]))
    assert made.select("text", "translation", "origin").rows() == [
        ("dog", "Köter", "repaired"),
        ("cat", "Katze", "repaired"),
        ("bee", "Biene", "human"),
    ]


def test_the_dual_cross_entropy_is_that_of_the_entrys_means():
    dual = rule_of(cross_entropy={"min_dual": 0.3})
    # exp(-(|1.0 - 1.2| + 1.1)) = 0.2725, exp(-(0.1 + 0.95)) = 0.3499
    kept = keeping(dog=[("Hund", -1.0, -1.2), ("Köter", -1.0, -0.9)])
    rows = entries(entry("dog", "Hund", -1.0))
    assert repairs_of(dual, rows, kept).taken["translation"].to_list() == ["Köter"]
    assert repairs_of(dual, rows, NONE).left.is_empty()  # without its score it is not judged


def test_an_empty_table_has_nothing_to_repair():
    repairs = repairs_of(UNLIKELY, entries(), NONE)
    assert (repairs.taken.height, repairs.left.height) == (0, 0)
    assert repairs.applied(entries()).schema == pl.Schema(ENTRIES)
