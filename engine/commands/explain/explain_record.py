"""Explain: all that is known of one record, from the dataset, the build's samples and the memory.

Guarantees: nothing is written; what the dataset says is shown whether or not samples and memory are there; thresholds
are those that the record was compared with.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from glotmill.engine.commands.explain.record_segments import Segment, segments_of_record
from glotmill.engine.commands.new_rules import new_rules
from glotmill.engine.commands.places import memory_folder
from glotmill.engine.dataset.manifest import Manifest, read_manifest
from glotmill.engine.dataset.recorded_rules import check_shards, recorded_labels, recorded_metrics
from glotmill.engine.dataset.shards import Shard
from glotmill.engine.dataset.sound_rows import RECORDS, check_values
from glotmill.engine.memory.overview import stores
from glotmill.engine.memory.translations import Memory
from glotmill.engine.publish.opened import opened
from glotmill.engine.publish.pull_record import pulled_columns
from glotmill.engine.publish.whole_shards import bring
from glotmill.engine.records.verdict import rejudge
from glotmill.engine.runs.progress import ProgressReport
from glotmill.engine.samples.sample_files import recorded_files
from glotmill.engine.storage.readable import check_types, reading, schema_of
from glotmill.engine.text.answers import AnswerRule, load_answers
from glotmill.engine.text.instructions import slots_in
from glotmill.engine.text.notebook import NotebookResult, View
from glotmill.engine.text.template_wording import Carried, with_template
from glotmill.filters.policy import Policy
from glotmill.recipes.language_sets import expand
from glotmill.recipes.model import Answers
from glotmill.recipes.sections.templates import load_bank
from glotmill.schemas.errors import InputError, one_line, shortened
from glotmill.schemas.sample import SAMPLE_SCHEMA

MOST_NAMED = 2  # records that a message names where an id is the beginning of several
# Columns of a sample that no record has; without the samples a record stands in for its own.
ONLY_IN_SAMPLES = ("turn_plan", "instruction", "slots")


@dataclass(frozen=True, slots=True)
class Score:
    """A score of the record: its column, which values are better, the worst turn's value, and each turn's."""

    column: str
    direction: str
    value: float | None
    turns: list[float | None] | None
    description: str


@dataclass(frozen=True, slots=True)
class FoundLabel:
    """A label of the record, such as the language detected: its column, that of most turns, and each turn's."""

    column: str
    value: str | None
    turns: list[str | None] | None
    description: str


@dataclass(frozen=True, slots=True)
class RuleResult:
    """What a rule said of the record.

    Attributes:
        code: The reason code.
        action: ``reject`` or ``warn``.
        result: ``fails``, ``passes``, or ``not judged`` where no score that it reads is known.
        values: The scores that it reads, by column.
        thresholds: What it compares them with, by parameter; of a rule of the recipe's own, see its description.
        description: What it rejects.
    """

    code: str
    action: str
    result: str
    values: dict[str, float | None]
    thresholds: dict[str, float]
    description: str


@dataclass(frozen=True, slots=True)
class Explanation(NotebookResult):
    """All that is known of a record.

    Attributes:
        record: The record, every column.
        shard: The manifest's entry of its shard.
        row: Its position in the shard, from 0.
        segments: Its segments with their memory entries.
        scores: Its scores.
        labels: Its labels.
        rules: What each rule said.
        warnings: Codes of the rules that only warn of it.
        notes: What could not be shown, and why.
    """

    record: dict[str, Any]
    shard: Shard
    row: int
    segments: list[Segment]
    scores: list[Score]
    labels: list[FoundLabel]
    rules: list[RuleResult]
    warnings: list[str]
    notes: list[str] = field(default_factory=list)

    def notebook_view(self) -> View:
        """Its verdict, and what each rule said."""
        state = "kept" if self.record["keep"] else ", ".join(self.record["filter_reasons"])
        head = ("rule", "action", "result", "scores", "thresholds")
        rows = [(rule.code, rule.action, rule.result, rule.values, rule.thresholds) for rule in self.rules]
        return f"{self.record['record_id']} ({self.record['lang']}): {state}", [head, *rows]


def explain(folder: Path, record_id: str, progress: ProgressReport, *, memory: str | None = None) -> Explanation:
    """Gather what is known of a record; of a pulled dataset, its shard is fetched where it is not here.

    Args:
        folder: A build's folder, a dataset's, or a published one.
        record_id: The record's id.
        progress: Says what is fetched.
        memory: Folder or URL of the memory; None is ``outputs/.memory`` in the working directory.

    Raises:
        InputError: There is no such dataset or record, or the dataset is not usable.
        StoreError: The memory cannot be read.
        PublishError: The record's shard cannot be fetched.
    """
    with opened(folder) as found:
        return _explain(found.root, record_id, progress, memory)


def _explain(dataset: Path, record_id: str, progress: ProgressReport, memory: str | None) -> Explanation:
    manifest = read_manifest(dataset)
    lock, policy = new_rules(dataset, manifest, None, ())
    check_shards(dataset, manifest)
    shard, number = _find(dataset, manifest, record_id)
    if pulled_columns(dataset, shard) is not None:
        bring(dataset.parent, [shard], progress)
    path = dataset / shard.path
    with reading(path, what=RECORDS):
        record = _read(path, number)
    check_values(record, path)
    notes: list[str] = []
    frame = pl.DataFrame(record)
    row = record.to_pylist()[0]
    sample = _sample(dataset, row, notes)
    verdict = rejudge(frame, policy)
    if verdict["filter_reasons"].to_list() != [row["filter_reasons"]] or verdict["keep"].to_list() != [row["keep"]]:
        notes.append("the stored verdict is not the one that these scores and thresholds give: glotmill verify")
    return Explanation(
        record=row,
        shard=shard,
        row=number,
        segments=segments_of_record(
            sample, row["lang"], manifest.facts["translators"], _memory(memory, notes), _by_record(lock, row, notes)
        ),
        scores=[
            Score(m.score_column, m.direction, row[m.score_column], row[m.turn_column], m.description)
            for m in recorded_metrics(lock, manifest.facts)
        ],
        labels=[
            FoundLabel(label.column, row[label.column], row[label.turn_column], label.description)
            for label in recorded_labels(lock, manifest.facts)
        ],
        rules=_rules(frame, policy),
        warnings=verdict["warnings"].to_list()[0],
        notes=notes,
    )


def _find(dataset: Path, manifest: Manifest, record_id: str) -> tuple[Shard, int]:
    """(shard, position) of the record with an id, or with the only id that begins so; no other column is read.

    Raises:
        InputError: There is none, or there are several that begin so.
    """
    starting: list[tuple[Shard, int, str]] = []
    for shard in manifest.all_shards():
        path = pulled_columns(dataset, shard) or dataset / shard.path
        try:
            with pq.ParquetFile(path) as file:
                ids = file.read(columns=["record_id"])["record_id"]
        except (OSError, pa.ArrowException) as error:
            msg = f"{path}: cannot be read: {one_line(error)}; glotmill verify tells what else is damaged"
            raise InputError(msg) from None
        place = pc.index(ids, record_id).as_py()
        if place >= 0:
            return shard, place
        begins = pc.or_(*(pc.starts_with(ids, head) for head in (record_id, f"r1:{record_id}")))
        places = pc.indices_nonzero(begins).to_pylist()[:MOST_NAMED]
        starting += [(shard, place, ids[place].as_py()) for place in places]
    if len(starting) == 1:
        return starting[0][0], starting[0][1]
    named = ", ".join(name for _, _, name in starting[:MOST_NAMED])
    what = f"several records begin so, such as {named}; give more of the id" if starting else "no such record"
    hint = "" if starting else "; the column record_id of its files names those there are"
    msg = f"explain {shortened(record_id)}: {what} in {dataset}{hint}"
    raise InputError(msg)


def _read(path: Path, number: int) -> pa.Table:
    """One row of a shard; only its row group is read."""
    with pq.ParquetFile(path) as file:
        for group in range(file.num_row_groups):
            rows = file.metadata.row_group(group).num_rows
            if number < rows:
                return file.read_row_group(group).slice(number, 1)
            number -= rows
    msg = f"{path}: has no row {number}; glotmill verify tells what else is damaged"
    raise InputError(msg)


def _sample(dataset: Path, record: dict[str, Any], notes: list[str]) -> dict[str, Any]:
    """The sample that a record was made from; where it is not at hand, what the record says of it."""
    for path in recorded_files(dataset.parent / "samples"):
        same = (pl.col("source_id") == record["source_id"]) & (pl.col("task") == record["task"])
        what, mend = "a file of a build's samples", "remove it: the build writes it again"
        check_types(schema_of(path, what, mend), SAMPLE_SCHEMA, path, what, mend)
        with reading(path, what=what, mend=mend):
            found = pl.scan_parquet(path, glob=False).filter(same).collect()
        if found.height:
            sample = found.row(0, named=True)
            if sample["source_hash"] == record["source_hash"]:
                return _as_carried(sample, record, notes)
            notes.append("samples: the record's sample changed since; the next build rebuilds the record")
    if record["template_id"] is not None:
        notes.append(
            "samples: not at hand, and only they hold the template: segments of templated turns may be missing"
        )
    return {**record, **dict.fromkeys(ONLY_IN_SAMPLES)}


def _as_carried(sample: dict[str, Any], record: dict[str, Any], notes: list[str]) -> dict[str, Any]:
    """A sample with the template that its record carries: one that was refused in the language gave way to another."""
    drawn, name = sample["template_id"], record["template_id"]
    spoken = record.get("instruction_langs")  # datasets of the first schema have none, and no template that gave way
    if not sample["instruction"] or spoken is None:
        return sample
    roles = [turn["role"] for turn in sample["source_messages"]]
    english = spoken[roles.index("user")] == record["source_lang"]
    if name == drawn:
        return {**sample, "instruction": {**sample["instruction"], "translated": False}} if english else sample
    notes.append(f"template: {drawn} was drawn and refused in {record['lang']}, so the record carries {name}")
    shipped = {template.name: template for templates in load_bank(None).values() for template in templates}
    if name in shipped:
        return with_template(sample, Carried(shipped[name], translated=not english))
    notes.append("template: its bank is not at hand, so the segments of its own words are not shown")
    texts = {role: sample["instruction"][role] for role in ("user", "assistant")}
    slots = {role: text and "".join(f"{{{slot}}}" for slot in slots_in(text)) for role, text in texts.items()}
    return {**sample, "instruction": {**slots, "translated": False}}


def _memory(place: str | None, notes: list[str]) -> Memory | None:
    folder = memory_folder(place)
    if any(files.live() for files in stores(folder).values()):
        return Memory(folder, read_only=True)
    notes.append(f"memory {folder}: there is none, so nothing is known of the segments; --memory names another")
    return None


def _by_record(lock: dict[str, Any], row: dict[str, Any], notes: list[str]) -> AnswerRule | None:
    """How answers were treated, where records of the language were sent whole."""
    routed = lock["routing"]["languages"].items()
    engine = next((engine for names, engine in routed if row["lang"] in expand([names])), lock["translate"])
    if row["lang"] == row["source_lang"] or engine.get("mode") != "record":
        return None
    section = Answers.model_validate(lock["answers"])
    if lock["labels"] or lock["templates"] or section.table not in (None, "embedded") or section.dictionary is not None:
        notes.append("whole records: not looked up, as tables that they were made with are not in the dataset")
        return None
    return AnswerRule(section, load_answers(section.table))


def _rules(frame: pl.DataFrame, policy: Policy) -> list[RuleResult]:
    failing = {*policy.failing(frame).to_list()[0], *policy.failing(frame, "warn").to_list()[0]}
    results = []
    for rule in policy.rules():
        values = {name: frame[name].item() for name in sorted(rule.columns)}
        judged = any(value is not None for value in values.values())
        result = "fails" if rule.code in failing else "passes" if judged else "not judged"
        thresholds = policy.thresholds(rule, frame)
        results.append(RuleResult(rule.code, policy.actions[rule.code], result, values, thresholds, rule.description))
    return results
