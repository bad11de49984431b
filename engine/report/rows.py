"""Rows for people to look at: which ones a page shows, and what it says of each.

Guarantees: the choice is by record id, which is a hash, so it is as good as drawn and the same on every machine; a
language, and each reason in it, has rows for as long as there is room; no text is longer than `LONGEST_TEXT`, and a cut
one says how much is missing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from glotmill.engine.dataset.sound_rows import RECORDS, check_values
from glotmill.engine.report.cuts import RuleCuts
from glotmill.engine.report.finished_build import BuiltFolder, scan_shards
from glotmill.engine.report.histograms import short
from glotmill.engine.report.marks import Pieces, Span, marked, pieces
from glotmill.engine.storage.readable import reading
from glotmill.schemas.languages import language
from glotmill.schemas.record import Metric
from glotmill.schemas.record_rules import broken_rule

ROWS = 900  # of a page
MOST_OF_A_GROUP = 25
MOST_BYTES = 1_200_000  # of a page's rows as JSON
LONGEST_TEXT = 1_500  # characters
MOST_TURNS = 6
KEPT = "kept"
Place = tuple[str, int]  # a record id, and the number of the portion that has it
_FILE = "file"  # a column with the file of each row
SHOWN = ("record_id", "lang", "task", "license", "source", "image_refs", "row_status", "keep", "filter_reasons")
TEXTS = ("source_messages", "messages", "back_messages", "source_choices", "choices", "source_answers", "answers",
         "answer_index")  # fmt: skip


def most_of_a_group(build: BuiltFolder) -> int:
    """How many rows of a group a page has room for; of those that are kept, twice as many."""
    groups = sum(2 + len(facts.dropped) + len(facts.failed) for facts in build.languages.values())
    return max(1, min(MOST_OF_A_GROUP, ROWS // max(groups, 1)))


def first_ids(rows: pl.DataFrame, most: int) -> dict[str, list[str]]:
    """The record ids of some rows that a page may show, by group: ``kept``, or the reason that counts.

    Args:
        rows: Columns record_id, keep and filter_reasons.
        most: What `most_of_a_group` tells.
    """
    reason = pl.when(pl.col("keep")).then(pl.lit(KEPT)).otherwise(pl.col("filter_reasons").list.first())
    first = rows.group_by(reason.alias("group")).agg(pl.col("record_id").bottom_k(2 * most))
    return dict(first.sort("group").iter_rows())


def add_ids(chosen: dict[str, list[Place]], found: Mapping[str, list[str]], portion: int, most: int) -> None:
    """Add what `first_ids` told of a portion's rows to the rows of a language that are shown, by group."""
    for group, ids in found.items():
        room = 2 * most if group == KEPT else most
        chosen[group] = sorted([*chosen.get(group, ()), *((name, portion) for name in ids)])[:room]


def shown_rows(
    build: BuiltFolder,
    rules: Sequence[RuleCuts],
    chosen: Mapping[str, Mapping[str, list[Place]]],
    rows: Mapping[str, Mapping[str, Any]],
) -> tuple[list[dict[str, Any]], int]:
    """The rows of a page, and how many chosen ones had no room.

    Args:
        build: The build.
        rules: Its rules that read one score: they tell which turn failed.
        chosen: Which rows to show, by language and group.
        rows: These rows by their record id.
    """
    tell = RowTeller(build, rules)
    warnings = dict(zip(rows, warnings_of(build, list(rows.values())), strict=True))
    shown: list[dict[str, Any]] = []
    used = left_out = 0
    for name, _ in _in_turn(places for groups in chosen.values() for places in groups.values()):
        row = tell.row(rows[name]) | {"warnings": warnings[name]}
        used += len(orjson.dumps(row))
        if used <= MOST_BYTES:
            shown.append(row)
        else:
            left_out += 1
    return shown, left_out


def read_rows(metrics: Iterable[Metric], shards: Sequence[Path], wanted: pl.Expr) -> list[dict[str, Any]]:
    """The rows of some shards that an expression chooses, with their texts, scores and verdicts.

    Raises:
        InputError: Naming the shard that is damaged, or has a row that is no record.
    """
    if not shards:
        return []
    scores = [column for metric in metrics for column in (metric.score_column, metric.turn_column)]
    columns = [*SHOWN, *TEXTS, *scores]
    with reading(*shards, what=RECORDS):
        rows = scan_shards(shards, _FILE).filter(wanted).select(*columns, _FILE).collect(engine="streaming")
    if broken_rule(rows.select(columns)) is not None:  # for each file by itself it would take longer than to read it
        for (file,), own in rows.partition_by(_FILE, as_dict=True, maintain_order=True).items():
            check_values(own, Path(str(file)))
    return rows.select(columns).to_dicts()


def warnings_of(build: BuiltFolder, rows: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """For each row the rules that warn of it, but for rules that a calibration fitted: their thresholds are unknown."""
    columns = [metric.score_column for metric in build.metrics]
    schema = {"lang": pl.String(), **dict.fromkeys(columns, pl.Float32())}
    frame = pl.DataFrame([{name: row[name] for name in schema} for row in rows], schema=schema)
    fitted = {rule.code for rule in build.policy.rules("warn") if build.fitted(rule)}
    failing = build.policy.on(columns).failing(frame, "warn")
    return [[code for code in codes if code not in fitted] for codes in failing]


def _in_turn(lists: Iterable[list[Place]]) -> list[Place]:
    """The first of each list, then the second of each, ..."""
    lists = list(lists)
    longest = max((len(names) for names in lists), default=0)
    return [names[place] for place in range(longest) for names in lists if place < len(names)]


class RowTeller:
    """Says of a row what a page shows."""

    def __init__(self, build: BuiltFolder, rules: Sequence[RuleCuts]) -> None:
        self._metrics = build.metrics
        self._rules = {rule.rule.code: rule for rule in rules}
        self._uncut = {code for code, rule in self._rules.items() if build.fitted(rule.rule)}

    def row(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """One row: its facts, its turns in pieces, its scores in the order of the metrics."""
        turns = row["source_messages"]
        reasons = row["filter_reasons"]
        shown: dict[str, Any] = {
            "id": row["record_id"],
            "lang": row["lang"],
            "task": row["task"],
            "from": cut(f"{row['source']['dataset']} {row['source']['row_id']}", 200),
            "license": row["license"],
            "status": KEPT if row["keep"] else "failed" if row["row_status"] == "failed" else "dropped",
            "reasons": reasons,
            "scores": [
                None if value is None else short(value)
                for value in (row[metric.score_column] for metric in self._metrics)
            ],
            "turns": [self._turn(row, number) for number in range(min(len(turns), MOST_TURNS))],
        }
        if len(turns) > MOST_TURNS:
            shown["more_turns"] = len(turns) - MOST_TURNS
        for name in ("choices", "answers"):
            if row[f"source_{name}"]:
                shown[name] = [[cut(t, 200) for t in (row[side] or [])[:8]] for side in (f"source_{name}", name)]
        if row["image_refs"]:
            first = row["image_refs"][0]
            shown["image"] = first["image_id"]
            shown["uri"] = cut(first["uri"], 200)
        return shown

    def _turn(self, row: Mapping[str, Any], number: int) -> dict[str, Any]:
        source = row["source_messages"][number]["content"]
        target = (row["messages"] or [])[number]["content"] if row["messages"] else None
        back = row["back_messages"][number]["content"] if row["back_messages"] else None
        failed = [code for code in row["filter_reasons"] if self.fails(row, code, number)]
        spans: list[list[Span]] = [[], [], []]
        latin = language(row["lang"]).script == "Latn"
        for code in failed if target else ():
            for side, more in zip(spans, marked(code, source, target or "", back, latin=latin), strict=True):
                side += more
        turn: dict[str, Any] = {"role": row["source_messages"][number]["role"], "failed": failed}
        for name, text, side in zip(("source", "target", "back"), (source, target, back), spans, strict=True):
            if text is not None:
                turn[name] = cut_pieces(pieces(text, side))
        return turn

    def fails(self, row: Mapping[str, Any], code: str, number: int) -> bool:
        """Whether a turn is to blame for a reason: it fails the rule, or has the row's worst score."""
        rule = self._rules.get(code)
        if rule is None:
            return len(row["source_messages"]) == 1
        value = (row[rule.metric.turn_column] or [None] * (number + 1))[number]
        if value is None:
            return False
        if code in self._uncut or row["lang"] not in rule.cuts:
            return bool(value == row[rule.metric.score_column])
        return bool(rule.cuts[row["lang"]].fails(value))


def cut(text: str, longest: int) -> str:
    """A text, cut with a note where it is long."""
    return text if len(text) <= longest else f"{text[:longest]}… [{len(text) - longest:,} more characters]"


def cut_pieces(parts: Pieces) -> Pieces:
    """Pieces of a text, cut with a note where they are long together."""
    found: Pieces = []
    room = LONGEST_TEXT
    for place, part in enumerate(parts):
        if len(part) > room:
            rest = sum(len(other) for other in parts[place:]) - room
            found.append(part[:room])
            note = f"… [{rest:,} more characters]"
            return [*found, note] if place % 2 else [*found[:-1], found[-1] + note]
        found.append(part)
        room -= len(part)
    return found


def image_ids(rows: Iterable[Mapping[str, Any]]) -> Collection[str]:
    """The images of rows as `RowTeller` tells them."""
    return {row["image"] for row in rows if "image" in row}
