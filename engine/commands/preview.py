"""What a build would make and cost, before anything expensive runs.

Guarantees: the build's folder, its memory and its samples stay as they are; the languages shown are those that the
build will give out.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl

from glotmill.engine.commands.balance import count_assigned
from glotmill.engine.commands.job import Job
from glotmill.engine.commands.make_samples import Samples, make_samples
from glotmill.engine.commands.phases import PhaseRunner
from glotmill.engine.commands.prologue import Prologue, run_prologue
from glotmill.engine.memory.translations import Memory
from glotmill.engine.runs.progress import ProgressReport
from glotmill.engine.runs.run import Run
from glotmill.engine.samples.frequent_answers import frequent_answers
from glotmill.engine.samples.sample_files import read_columns, sample_rows, sample_tables
from glotmill.engine.text.composition import EngineName, compose
from glotmill.engine.text.fields import answer_requests, as_carried, other_requests, turn_requests
from glotmill.engine.text.notebook import NotebookResult, View
from glotmill.engine.text.parts import Entry
from glotmill.engine.translation.back_translation import JOINED_SCHEMA
from glotmill.engine.translation.counts import Usage
from glotmill.engine.translation.expected_usage import Sent, expected_back, expected_usage
from glotmill.engine.translation.keyed_requests import with_keys
from glotmill.engine.translation.requests import Segments, segments_of
from glotmill.engine.translation.routed_stage import RoutedStage
from glotmill.engine.translation.stage import ENTRY
from glotmill.engine.translation.template_phase import segments_of_templates
from glotmill.engine.translators import Request, load_translator
from glotmill.engine.translators.contract import SERVER_DEVICE
from glotmill.engine.translators.shared.retry import translate_with_retry
from glotmill.engine.workers.pool import make_pool
from glotmill.engine.workers.shared_pools import Pools
from glotmill.engine.workers.unit_plan import estimated_tokens
from glotmill.schemas.keys import draw
from glotmill.schemas.languages import ENGLISH

MEASURED = 64  # segments that the engine's speed is measured on
FORCED_SHARE = 0.5  # of the time of a translation by beam search; of a greedy one it is about all


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a build would send to its engine.

    Attributes:
        requested: Segments of all records, copied text apart.
        unique: Different (segment, language) pairs among them.
        known: Of those, in the memory already.
        to_translate: Of those, to be sent.
        tokens: Source tokens to be sent, as planning estimates them.
        back_translation: Whether about as many are translated back.
        forced: Whether forced scores are made of them.
        tokens_per_second: One worker's speed; None where it was not measured.
        workers: Workers that the time counts with.
        seconds: Time for all of it; None where the speed is not known.
        usage: What servers with a price would take for all of it, estimated segment by segment.
    """

    requested: int
    unique: int
    known: int
    to_translate: int
    tokens: int
    back_translation: bool
    forced: bool
    tokens_per_second: float | None
    workers: int
    seconds: float | None
    usage: Usage


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """One record to come: English turns beside those of the target, where the memory has all of them."""

    set: str
    row_id: str
    task: str
    template_id: str | None
    lang: str
    split: str
    source: list[dict[str, str]]
    target: list[dict[str, str]] | None


@dataclass(frozen=True, slots=True)
class Preview(NotebookResult):
    """A build to come.

    Attributes:
        samples: Its samples: balances by source and derivation, targets and rows of the mix.
        estimate: What the build would send to its engine, and the time and money that it takes.
        rows: Some of its rows.
    """

    samples: Samples
    estimate: Estimate
    rows: list[PreviewRow]

    def as_json(self) -> dict[str, Any]:
        """The object that ``--json`` prints."""
        mix = self.samples.mix
        return {
            "sources": {name: asdict(count) for name, count in self.samples.sources.items()},
            "derived": {name: asdict(count) for name, count in self.samples.derived.items()},
            "mix": {"moved": mix.moved, "unassigned": mix.unassigned, **asdict(mix)},
            "templates": self.samples.templates,
            "estimate": asdict(self.estimate),
            "rows": [asdict(row) for row in self.rows],
        }

    def notebook_view(self) -> View:
        """The rows."""
        cost = self.estimate
        line = f"{cost.unique:,} segments, {cost.known:,} in the memory, {cost.to_translate:,} to translate"
        rows = [(row.lang, row.task, _turns(row.source), _turns(row.target) if row.target else "") for row in self.rows]
        return line, [("language", "task", "source", "translation"), *rows]


def _turns(turns: list[dict[str, str]]) -> str:
    return " / ".join(turn["content"] for turn in turns)


def preview(job: Job, count: int, rate: float | None, *, measure: bool, progress: ProgressReport) -> Preview:
    """Make the samples aside, and say what their build would be.

    Args:
        job: The job.
        count: Rows to show.
        rate: Source tokens per second of one worker; None measures it.
        measure: Whether the engine may be loaded to measure its speed.
        progress: Shows the work.
    """
    with TemporaryDirectory(prefix="glotmill-") as folder:
        samples = make_samples(job, Path(folder), progress)
        job = job.with_answers(frequent_answers(samples.files, job.recipe.answers.dictionary))
        job = job.with_vocabularies(count_assigned(samples.files), decide=False)
        prologue = _prologue(job, samples.files, Run(Path(folder) / "run"), progress)
        job = prologue.job
        with progress.stage("segment", "segments") as stage:
            segments = segments_of(sample_tables(samples.files), job.answers)
            stage.advance(segments.total())
        known = pl.concat([_known(job, segments_of_templates(prologue.texts())), _known(job, segments)])
        estimate = _estimate(job, known, rate, measure=measure)
        rows = list(_rows(job, samples.files, known, count))
    return Preview(samples, estimate, rows)


def _prologue(job: Job, files: list[Path], run: Run, progress: ProgressReport) -> Prologue:
    """The verdicts on templates that the memory allows."""
    work = RoutedStage(job.routes, Memory(job.memory), run, Pools(lambda spec: make_pool(spec, 0)))
    return run_prologue(job, files, work, PhaseRunner(work, False, progress, dry_run=True).translate)


def _known(job: Job, segments: Segments) -> pl.DataFrame:
    """The different segments with how often they are requested, and what the memory has of each."""
    memory = Memory(job.memory)
    frames = [
        pl.DataFrame(schema={"source_lang": pl.String, "target_lang": pl.String, "asked": pl.Int64} | JOINED_SCHEMA)
    ]
    for direction in segments.directions():
        engine = job.routes.into(direction.target_lang).fingerprint_into(direction.target_lang)
        wanted = with_keys(direction, segments.table(direction), engine)
        found = memory.lookup(wanted, ["key", "text", *ENTRY]).rename({"text": "translation"})
        nothing = {name: pl.lit(None, pl.String) for name in ("back", "engine", "record")}
        nothing["back_failed"] = pl.lit(value=False)
        rows = wanted.join(found, on="key", how="left", maintain_order="left").with_columns(**nothing)
        frames.append(rows.select(frames[0].columns))
    return pl.concat(frames)


def _estimate(job: Job, known: pl.DataFrame, rate: float | None, *, measure: bool) -> Estimate:
    missing = known.filter(pl.col("translation").is_null() & pl.col("failure").is_null())
    tokens = int(missing.select(estimated_tokens().sum()).item() or 0)
    # What a server does may have a price, and its speed is not this machine's to measure.
    if rate is None and measure and missing.height and job.translator.placement.device != SERVER_DEVICE:
        rate = _measured(job, missing)
    workers = max(job.recipe.workers or 1, 1)
    ways = 1 + job.needs_back_translation + FORCED_SHARE * job.needs_forced_scores
    return Estimate(
        requested=int(known["asked"].sum()),
        unique=known.height,
        known=known.height - missing.height,
        to_translate=missing.height,
        tokens=tokens,
        back_translation=job.needs_back_translation,
        forced=job.needs_forced_scores,
        tokens_per_second=None if rate is None else round(rate, 1),
        workers=workers,
        seconds=round(tokens * ways / rate / workers, 1) if rate else 0.0 if not tokens else None,
        usage=expected_usage(_sent(job, missing)),
    )


def _sent(job: Job, missing: pl.DataFrame) -> Iterator[Sent]:
    """What each engine would be sent, there and back."""
    for (lang,), part in missing.group_by(["target_lang"], maintain_order=True):
        yield job.routes.into(str(lang)), part
    if job.needs_back_translation:
        yield from expected_back(job.routes, missing)


def _measured(job: Job, missing: pl.DataFrame) -> float:
    """Source tokens per second of one worker on some of the segments; what it says is thrown away."""
    chosen = missing.gather_every(max(missing.height // MEASURED, 1)).head(MEASURED)
    batch = [Request(*row) for row in chosen.select("source_lang", "target_lang", "text").iter_rows()]
    translator = load_translator(job.translator)
    translate_with_retry(translator, batch[:4])  # the first call sets things up
    started = time.perf_counter()
    translate_with_retry(translator, batch)
    tokens = int(chosen.select(estimated_tokens().sum()).item())
    return float(tokens / max(time.perf_counter() - started, 1e-6))


def _rows(job: Job, files: list[Path], known: pl.DataFrame, count: int) -> Iterator[PreviewRow]:
    """Some records to come, drawn by seed, in the order of the samples."""
    pairs = read_columns(files, "source_id", "langs").explode("langs").drop_nulls("langs")
    drawn = sorted(
        (draw("preview", job.recipe.mix.seed, i, lang), i, lang)
        for i, lang in pairs.select("source_id", "langs").iter_rows()
    )
    wanted: dict[str, list[str]] = {}
    for _, source_id, lang in drawn[:count]:
        wanted.setdefault(source_id, []).append(lang)
    done = known.filter(pl.col("translation").is_not_null()).select("target_lang", "text", "translation", "logprob")
    entries = {
        (lang, text): Entry(translation, None, logprob, None, hit_limit=False, back=None)
        for lang, text, translation, logprob in done.iter_rows()
    }
    for path in files:
        for row in sample_rows([path]):
            for lang in wanted.get(row["source_id"], ()):
                yield _row(job, path.stem, row, lang, entries)


def _row(job: Job, name: str, row: dict[str, Any], lang: str, entries: Mapping[tuple[str, str], Entry]) -> PreviewRow:
    bare, carriers = answer_requests(row, lang, job.answers)
    needed = {(lang, request) for request in (*turn_requests(row), *bare, *carriers)}
    needed |= {(into, text) for into, texts in other_requests(row, lang).items() for text in texts}
    target, row = None, as_carried(row, lang, job.answers) or row
    if lang == ENGLISH or (needed <= entries.keys() and job.answers.section.dictionary is None):
        made = compose(row, lang, entries, job.answers, EngineName("preview", "preview", ""))
        target = None if made.failure else made.columns["messages"]
    return PreviewRow(
        set=name,
        row_id=row["source"]["row_id"],
        task=row["task"],
        template_id=row["template_id"],
        lang=lang,
        split=row["split"],
        source=row["source_messages"],
        target=target,
    )
