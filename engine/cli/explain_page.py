"""The page of ``glotmill explain``: one record in lines and tables."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

from rich.table import Table

from glotmill.engine.cli.screen import Screen
from glotmill.engine.commands.explain.explain_record import Explanation, RuleResult, Score
from glotmill.engine.commands.explain.record_segments import Segment
from glotmill.engine.dataset.fingerprints import STAGES
from glotmill.engine.text.records import SEPARATOR
from glotmill.engine.text.tables import TextTable, print_table
from glotmill.engine.text.visible import visible_line


def print_explanation(found: Explanation) -> None:
    """Print the page."""
    screen = Screen()
    for part in _page(found):
        if isinstance(part, Table):
            print_table(screen, part)
        else:
            screen.print(part, soft_wrap=True)


def _page(found: Explanation) -> Iterator[str | Table]:
    record = found.record
    yield f"{record['record_id']}  {record['lang']}  {record['task']}  {record['row_status']}"
    where = {**record["source"], "license": record["license"], "template": record["template_id"]}
    yield "source     " + visible_line(", ".join(f"{key} {value}" for key, value in where.items() if value))
    ids = [image["image_id"] for image in record["image_refs"]]
    keys = record.get("image_keys") or ids  # records of the first schema have none
    for image, key in zip(record["image_refs"], keys, strict=True):
        known = "" if key == image["image_id"] else f"  known as {key}"
        yield "image      " + visible_line(f"{image['image_id']}  {image['uri']}{known}")
    if record["mt"]:
        made = {key: value for key, value in record["mt"].items() if value}
        yield "made by    " + ", ".join(f"{key} {_shown(value)}" for key, value in made.items())
    yield ""
    yield _turns(record)
    yield ""
    yield "segments" if found.segments else "segments: none is known"
    for segment in found.segments:
        yield from _segment(segment)
    yield ""
    yield _scores(found.scores, found.rules)
    for label in found.labels:
        turns = " ".join(value or "-" for value in label.turns or ())
        yield visible_line(f"{label.column.removeprefix('label_')}  {label.value or '-'}  turns {turns}")
    yield ""
    yield from _verdict(found)
    for note in found.notes:
        yield f"note: {note}"


def _turns(record: dict[str, Any]) -> Table:
    table = TextTable("", "source", "target", "back-translation")
    columns = (record["source_messages"], record["messages"] or (), record["back_messages"] or ())
    for turns in zip_longest(*columns):
        role = next(turn["role"] for turn in turns if turn)
        table.add_row(role, *(turn["content"] if turn and turn["content"] is not None else "-" for turn in turns))
    for name, target in (("choices", record["choices"]), ("answers", record["answers"])):
        if record[f"source_{name}"]:
            table.add_row(name, " | ".join(record[f"source_{name}"]), " | ".join(target or ("-",)), "")
    return table


def _segment(segment: Segment) -> Iterator[str]:
    yield f"  {segment.where}, {segment.source_lang} → {segment.target_lang}: {segment.request.removeprefix(SEPARATOR)}"
    if not segment.entries:
        yield "    no entry in the memory"
    for entry in segment.entries:
        yield f"    = {entry['text'] if entry['text'] is not None else entry['failure']}"
        facts = {
            "by": entry.get("engine"),
            "attempt": entry["attempt"],
            "log-probability": None if entry["logprob"] is None else f"{entry['logprob']:.4f}",
            "settings": entry["settings"],
            "correction": entry["provenance"],
        }
        named = ", ".join(f"{name} {value}" for name, value in facts.items() if value not in (None, ""))
        yield f"      {entry['origin']}, {named}, key {entry['key']}"
        yield from map(_hypothesis, entry.get("hypotheses") or ())


def _hypothesis(one: dict[str, Any]) -> str:
    """One of the translations that an entry keeps, its own text among them."""
    scores = {"log-probability": one["logprob"], "of the source given it": one["reverse"]}
    named = ", ".join(f"{name} {value:.4f}" for name, value in scores.items() if value is not None)
    return f"      {one['place'] + 1} of the search: {one['text']} ({named})"


def _scores(scores: list[Score], rules: list[RuleResult]) -> Table:
    table = Table("score", "record", "turns", "better", "rule: thresholds, result", box=None, pad_edge=False)
    for score in scores:
        turns = " ".join(_number(value) for value in score.turns or ())
        said = "; ".join(_rule(rule) for rule in rules if score.column in rule.values)
        table.add_row(score.column.removeprefix("score_"), _number(score.value), turns, score.direction, said)
    return table


def _rule(rule: RuleResult) -> str:
    thresholds = ", ".join(f"{name} {_number(value)}" for name, value in rule.thresholds.items())
    code = f"{rule.code} (warns)" if rule.action == "warn" else rule.code
    return f"{code}: {', '.join(text for text in (thresholds, rule.result) if text)}"


def _verdict(found: Explanation) -> Iterator[str]:
    record, shard = found.record, found.shard
    reasons = ", ".join(record["filter_reasons"] or ())
    yield f"verdict    {'kept' if record['keep'] else f'not kept: {reasons}'}"
    if record["scores_skipped"]:
        yield f"skipped    {', '.join(record['scores_skipped'])}"
    for rule in found.rules:
        if rule.result == "fails":
            values = ", ".join(f"{name} {_number(value)}" for name, value in rule.values.items())
            yield f"  {_rule(rule)}: {rule.description}: {values}"
    yield f"shard      {shard.path}, row {found.row} of {shard.rows:,}, sha256 {shard.sha256}"
    for stage in STAGES:
        yield f"  {stage:<11}{shard.fingerprints.get(stage)}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"


def _shown(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)
