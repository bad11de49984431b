"""Score: pairs of texts that others made, through the rules of a recipe or the default ones.

Guarantees: the input's rows come out in order, each kept, dropped by a rule or failed with a reason; memory holds one
batch; the same input gives the same bytes; the file appears whole or not at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Any, Literal, get_args

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from glotmill.engine.commands.job_checks import resolve_policy
from glotmill.engine.commands.pair_files import COLUMNS, GivenPair, given_pairs
from glotmill.engine.records.score import turn_scores
from glotmill.engine.runs.progress import ProgressReport
from glotmill.engine.storage.atomic_write import whole_file
from glotmill.engine.storage.output_path import check_new_file
from glotmill.engine.text.notebook import NotebookResult, View
from glotmill.engine.text.segments import plain
from glotmill.engine.translation.given_pairs import PairEngine
from glotmill.engine.translators import TranslatorSpec
from glotmill.engine.translators.shared.judge_model import make_judge
from glotmill.filters.contract import PAIR_SCHEMA, Scorer
from glotmill.filters.policy import Policy, make_policy
from glotmill.filters.quality_fit import shipped_fit
from glotmill.filters.registry import DEFAULT, make_scorers
from glotmill.filters.scorers.quality import QualityScorer, fit_of
from glotmill.recipes.model import Recipe
from glotmill.schemas.errors import ConservationError, InputError
from glotmill.schemas.languages import ENGLISH, language
from glotmill.schemas.record import VERDICT_FIELDS
from glotmill.schemas.task import Task

FieldType = Literal["caption", "question", "answer", "response"]
TASK_OF: dict[FieldType, Task] = {
    "caption": "caption", "question": "vqa_open", "answer": "vqa_open", "response": "conversation",
}  # fmt: skip
BATCH_ROWS = 10_000  # as many as scorers that compare rows see together
BATCH_CHARACTERS = 8_000_000
STATUS = pa.field("row_status", pa.string())


@dataclass(frozen=True, slots=True)
class PairScores(NotebookResult):
    """What became of a file of pairs: rows = kept + dropped + failed.

    Attributes:
        out: The file that was written.
        rows: Rows of the input.
        kept: Pairs that no rule rejects.
        dropped: Rejected pairs by the first reason.
        failed: Rows that cannot be judged, by reason.
        left_out: Scorers that did not run, and why.
        not_sent: Judged pairs by language that the engine lacks, where there is an engine.
    """

    out: str
    rows: int
    kept: int
    dropped: dict[str, int]
    failed: dict[str, int]
    left_out: dict[str, str]
    not_sent: dict[str, int]

    def notebook_view(self) -> View:
        """The balance."""
        lost = [(what, reason, n) for what in ("dropped", "failed") for reason, n in getattr(self, what).items()]
        line = f"{self.out}: {self.kept:,} of {self.rows:,} pairs are kept"
        return line, [("", "reason", "pairs"), ("kept", "", self.kept), *lost]

    def as_json(self) -> dict[str, Any]:
        """The object that ``--json`` prints."""
        return asdict(self)


@dataclass(slots=True)
class PairJudge:
    """Scorers, rules and maybe an engine.

    Attributes:
        scorers: What measures.
        policy: What decides.
        field_type: What the texts are.
        engine: Judges pairs, too.
        left_out: Scorers that do not run, and why.
    """

    scorers: list[Scorer]
    policy: Policy
    field_type: FieldType
    engine: PairEngine | None
    left_out: dict[str, str]
    not_sent: Counter[str] = field(default_factory=Counter)

    @property
    def schema(self) -> pa.Schema:
        """The columns of the output."""
        texts = [pa.field(name, pa.string()) for name in COLUMNS]
        scores = [pa.field(m.score_column, pa.float32()) for scorer in self.scorers for m in scorer.metrics]
        labels = [pa.field(label.column, pa.string()) for scorer in self.scorers for label in scorer.labels]
        return pa.schema([*texts, STATUS, *scores, *labels, *VERDICT_FIELDS])

    def judged(self, rows: Sequence[GivenPair]) -> pa.Table:
        """A batch of the output."""
        frame = pl.DataFrame(
            [(row.source, row.target, row.lang, row.failure) for row in rows],
            schema=dict.fromkeys((*COLUMNS, "failure"), pl.String),
            orient="row",
        ).with_row_index("row")
        good = frame.filter(pl.col("failure").is_null())
        scored = pl.concat([good.select("row"), self._verdicts(good)], how="horizontal")
        whole = frame.join(scored, on="row", how="left", maintain_order="left").with_columns(
            pl.col("keep").fill_null(value=False),
            pl.when(pl.col("failure").is_null())
            .then(pl.col("filter_reasons"))
            .otherwise(pl.concat_list("failure"))
            .alias("filter_reasons"),
            pl.when(pl.col("failure").is_null()).then(pl.lit("ok")).otherwise(pl.lit("failed")).alias(STATUS.name),
        )
        return whole.select(self.schema.names).to_arrow().cast(self.schema)

    def _verdicts(self, good: pl.DataFrame) -> pl.DataFrame:
        """Scores and labels of pairs that can be judged, ``keep`` and ``filter_reasons``."""
        pairs = self._pairs(good)
        if self.engine is not None:
            self.not_sent.update(lang for lang in good["lang"] if not self.engine.knows(lang))
            pairs = self.engine.judged(pairs)
        named = {m.turn_column: m.score_column for scorer in self.scorers for m in scorer.metrics}
        named |= {label.turn_column: label.column for scorer in self.scorers for label in scorer.labels}
        found = turn_scores(pairs, self.scorers, store=None).rename(named)
        facts = found.with_columns(good["lang"], pl.lit(TASK_OF[self.field_type]).alias("task"))
        reasons = self.policy.failing(facts).alias("filter_reasons")
        return found.with_columns(reasons, (reasons.list.len() == 0).alias("keep"))

    def _pairs(self, good: pl.DataFrame) -> pa.Table:
        table = good.select(
            pl.col("source", "target").map_elements(plain, pl.String),
            "lang",
            source_lang=pl.lit(ENGLISH),
            field_type=pl.lit(self.field_type),
        ).to_arrow()
        columns = [
            table[f.name].cast(f.type) if f.name in table.column_names else pa.nulls(table.num_rows, f.type)
            for f in PAIR_SCHEMA
        ]
        return pa.table(columns, schema=PAIR_SCHEMA)


def make_pair_judge(recipe: Recipe | None, field_type: str, spec: TranslatorSpec | None) -> PairJudge:
    """What judges pairs.

    Args:
        recipe: Its scorers and rules; None takes the default ones.
        field_type: What the texts are: one of `FieldType`.
        spec: An engine with forced scores; None runs the scorers that need none.

    Raises:
        InputError: The field or the recipe is not usable, or the engine has no forced scores.
    """
    if field_type not in get_args(FieldType):
        msg = f"--field {field_type}: expected one of {', '.join(get_args(FieldType))}"
        raise InputError(msg)
    if spec is not None and not spec.scores:
        msg = f"--model {spec.model}: it has no forced scores; name a model of the engine nllb, such as embedded"
        raise InputError(msg)
    if recipe is None:
        scorers = make_scorers(DEFAULT)
        policy = make_policy({}, list(DEFAULT), metrics=[metric for scorer in scorers for metric in scorer.metrics])
    else:
        names = DEFAULT if recipe.score.scorers is None else recipe.score.scorers
        scorers = make_scorers(names, recipe.score.settings | {"llm_judge": make_judge(recipe.score)})
        policy = resolve_policy(recipe, scorers)
    scorers = [_with_shipped_fit(scorer, spec) for scorer in scorers]
    policy = policy.fitted(fit_of(scorers))
    unfit = {scorer.name: why for scorer in scorers if (why := _unfit(scorer, spec)) is not None}
    running = [scorer for scorer in scorers if scorer.name not in unfit]
    columns = [metric.score_column for scorer in running for metric in scorer.metrics]
    chosen: FieldType = field_type  # type: ignore[assignment]  # it is one of them
    judged_by = policy.on([*columns, "lang", "task"])
    return PairJudge(running, judged_by, chosen, PairEngine(spec) if spec else None, unfit)


def _with_shipped_fit(scorer: Scorer, spec: TranslatorSpec | None) -> Scorer:
    """The scorer, with the fit that comes with Glotmill where it lacks one and the engine is the embedded model."""
    lacks = isinstance(scorer, QualityScorer) and scorer.fit is None
    embedded = spec is not None and spec.model == shipped_fit().content.engine
    return QualityScorer(shipped_fit()) if lacks and embedded else scorer


def _unfit(scorer: Scorer, spec: TranslatorSpec | None) -> str | None:
    """Why a scorer cannot run; None where it can."""
    if isinstance(scorer, QualityScorer) and scorer.fit is None:
        return "it has no fit to this engine: name one as score.quality (glotmill calibrate --references)"
    if spec is None:
        needs = scorer.needs_back_translation or scorer.needs_forced_scores or scorer.engine is not None
        return "it needs an engine: give --model" if needs else None
    if scorer.engine not in (None, spec.model):
        return f"its constants are fitted to another engine than {spec.model.partition('@')[0]}"
    return None


def score_pairs(
    path: Path, out: Path, judge: PairJudge, progress: ProgressReport, *, lang: str | None = None
) -> PairScores:
    """Judge a file of pairs, and write its rows with their scores and verdicts.

    Args:
        path: The file.
        out: The Parquet file to write.
        judge: What judges them.
        progress: Shows how it gets on.
        lang: The language of the pairs that state none.

    Raises:
        InputError: The file or the language is not usable; nothing was written.
        ConservationError: A row would be lost or gained.
    """
    if lang is not None and language(lang).code == ENGLISH:
        msg = f"--lang {lang}: the sources are English; name the language of their translations"
        raise InputError(msg)
    check_new_file(out, "--out")
    if out.exists() and path.exists() and out.samefile(path):
        msg = f"--out {out}: it is the file of pairs; name another one"
        raise InputError(msg)
    rows = kept = 0
    dropped: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    batches = _batches(given_pairs(path, lang))
    first_batch = list(islice(batches, 1))  # a file that is no file of pairs is refused before anything is made
    with (
        progress.stage("score", "pairs") as stage,
        whole_file(out) as aside,
        pq.ParquetWriter(aside, judge.schema, compression="zstd") as writer,
    ):
        for batch in chain(first_batch, batches):
            table = judge.judged(batch)
            writer.write_table(table)
            verdicts = pl.DataFrame(table.select([STATUS.name, "keep", "filter_reasons"]))
            kept += int(verdicts["keep"].sum())
            first = pl.col("filter_reasons").list.first()
            for counter, status in ((dropped, "ok"), (failed, "failed")):
                counter.update(
                    verdicts.filter(~pl.col("keep"), pl.col(STATUS.name) == status).select(first).to_series()
                )
            rows += len(batch)
            stage.advance(len(batch))
    if rows != kept + dropped.total() + failed.total():
        msg = f"{path}: {rows:,} rows are not {kept:,} kept + {dropped.total():,} dropped + {failed.total():,} failed"
        raise ConservationError(msg)
    lost, broken, lacking = (dict(sorted(counter.items())) for counter in (dropped, failed, judge.not_sent))
    return PairScores(str(out), rows, kept, lost, broken, judge.left_out, lacking)


def _batches(pairs: Iterable[GivenPair]) -> Iterator[list[GivenPair]]:
    """Rows in batches of `BATCH_ROWS`, or fewer where their texts are long."""
    batch: list[GivenPair] = []
    held = 0
    for pair in pairs:
        batch.append(pair)
        held += len(pair.source or "") + len(pair.target or "")
        if len(batch) == BATCH_ROWS or held >= BATCH_CHARACTERS:
            yield batch
            batch, held = [], 0
    if batch:
        yield batch
