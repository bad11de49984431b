"""The rule that says which translations of segments are good enough, and which of several is the first that is.

Guarantees: the rule is a pure function of a segment, its translation and what the memory's entry says of it; it reads
no other row, no back-translation and no calibration, so the same entries are repaired in the same way in every build.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
import pyarrow as pa

from glotmill.engine.translators.contract import TranslatorSpec
from glotmill.engine.translators.shared.segment_quality import SegmentQuality
from glotmill.filters.contract import PAIR_SCHEMA, Scorer
from glotmill.filters.policy import Policy, make_policy
from glotmill.filters.quality_fit import QualityFit
from glotmill.filters.registry import DEFAULT, make_scorers, scorer_class
from glotmill.filters.user_rules import USER
from glotmill.recipes.model import Recipe
from glotmill.recipes.sections.repair import Repair
from glotmill.recipes.sections.translate import NBestTranslate
from glotmill.schemas.errors import InputError

VERSION = 1
QUALITY = "quality"  # estimated by what an entry has, as `glotmill.engine.translators.shared.segment_quality` says
REVERSE = "cross_entropy"  # the one scorer of forced scores that needs no more than their mean, which an entry has
# What a pair of a segment is made of, as far as an entry knows it: columns of `RepairRule.passes`.
JUDGED = {
    "source_lang": pl.String,
    "target_lang": pl.String,
    "text": pl.String,
    "translation": pl.String,
    "logprob": pl.Float32,
    "reverse": pl.Float32,
}


@dataclass(frozen=True, slots=True)
class RepairRule:
    """Which translations are good enough.

    Attributes:
        scorers: What measures them.
        policy: Their rules with the recipe's thresholds.
    """

    scorers: Sequence[Scorer]
    policy: Policy

    def fitted(self, fit: QualityFit) -> RepairRule:
        """The rule with the fit by which a build chooses translations, where it goes by their quality."""
        if not any(isinstance(scorer, SegmentQuality) for scorer in self.scorers):
            return self
        scorers = [SegmentQuality(fit) if isinstance(scorer, SegmentQuality) else scorer for scorer in self.scorers]
        return RepairRule(scorers, self.policy.fitted(fit))

    def facts(self) -> dict[str, Any]:
        """Everything that decides which translation is taken, for fingerprints."""
        scorers = {scorer.name: scorer.identity() for scorer in self.scorers}
        return {"version": VERSION, "scorers": scorers, "until": self.policy.fingerprint()}

    def passes(self, rows: pl.DataFrame) -> pl.Series:
        """Whether each translation passes all rules that reject.

        Args:
            rows: Columns of `JUDGED`.
        """
        pairs = _pairs(rows)
        scores = {"lang": rows["target_lang"]}
        for scorer in self.scorers:
            values = scorer.score(pairs)
            scores |= {m.score_column: pl.Series(values[m.name], dtype=pl.Float32) for m in scorer.metrics}
        return self.policy.failing(pl.DataFrame(scores)).list.len() == 0


def _pairs(rows: pl.DataFrame) -> pa.Table:
    """Segments as the pairs that scorers take."""
    question = pl.col("text").str.strip_chars_end().str.ends_with("?")
    frame = rows.select(
        source_lang="source_lang",
        lang="target_lang",
        field_type=pl.when(question).then(pl.lit("question")).otherwise(pl.lit("caption")),
        source="text",
        target="translation",
        back_failed=pl.lit(value=False),
        logprob="logprob",
        hit_limit=pl.lit(value=False),
        # The mean stands for all words of the source, as one token; `REVERSE` reads their mean alone.
        reverse_words=pl.when(pl.col("reverse").is_not_null()).then(pl.concat_list("reverse")),
        reverse_end=pl.when(pl.col("reverse").is_not_null()).then(pl.lit(0.0, pl.Float32)),
        source_tokens=pl.when(pl.col("reverse").is_not_null()).then(pl.lit(1, pl.Int32)),
    ).to_arrow()
    columns = [
        frame[field.name].cast(field.type) if field.name in frame.column_names else pa.nulls(len(frame), field.type)
        for field in PAIR_SCHEMA
    ]
    return pa.table(columns, schema=PAIR_SCHEMA)


def repair_rule(recipe: Recipe, engines: Sequence[TranslatorSpec]) -> RepairRule | None:
    """The rule of a recipe; None where it repairs nothing.

    Args:
        recipe: The recipe.
        engines: The engines that translate forward, that of ``translate`` first, the one of ``repair.engine`` among
            them.

    Raises:
        InputError: A scorer cannot judge a segment by itself, its rules are not usable, or there is nothing to
            repair with.
    """
    section = recipe.repair
    if section is None:
        return None
    several = [spec for spec in engines if isinstance(spec.section, NBestTranslate) and spec.section.hypotheses > 1]
    if not several and section.engine is None:
        msg = "repair: there is nothing to repair with: set translate.hypotheses to 2 or more, or name repair.engine"
        raise InputError(msg)
    names = _scorers(recipe, section, engines)
    stated = {name: recipe.score.settings[name] for name in names if name in recipe.score.settings and name != QUALITY}
    scorers = [SegmentQuality() if scorer.name == QUALITY else scorer for scorer in make_scorers(names, stated)]
    metrics = [metric for scorer in scorers for metric in scorer.metrics]
    try:
        policy = make_policy(section.until or {}, names, metrics=metrics)
    except InputError as error:
        msg = str(error).replace("filter.", "repair.until.")
        raise InputError(msg) from None
    if not policy.rules("reject"):
        msg = "repair.until: no rule rejects anything; name a scorer that has rules, such as nmt: {min_logprob: -1.5}"
        raise InputError(msg)
    rule, choice = RepairRule(scorers, policy), engines[0].choice
    return rule.fitted(choice.fit) if choice is not None and choice.fit is not None else rule


def _scorers(recipe: Recipe, section: Repair, engines: Sequence[TranslatorSpec]) -> list[str]:
    """The scorers whose rules count.

    Raises:
        InputError: One cannot judge a segment by itself.
    """
    if section.until is None:
        running = recipe.score.scorers or DEFAULT
        return [name for name in running if _lacks(scorer_class(name)) is None and name not in (REVERSE, QUALITY)]
    names = [name for name in section.until if name != USER]
    for name in names:
        lacking = _lacks(scorer_class(name))
        if lacking:
            msg = f"repair.until.{name}: the scorer needs {lacking}, which a segment does not have when it is repaired"
            raise InputError(msg)
    ways = [spec.section.choose for spec in engines if isinstance(spec.section, NBestTranslate)]
    if REVERSE in names and not {"reverse", "quality"}.intersection(ways):
        msg = f"repair.until.{REVERSE}: it reads what choose: reverse finds: set translate.choose to reverse"
        raise InputError(msg)
    choice = engines[0].choice
    if QUALITY in names and (choice is None or not (choice.own or choice.fit)):
        msg = f"repair.until.{QUALITY}: it reads the fit that chooses translations: set translate.choose to quality"
        raise InputError(msg)
    return names


def _lacks(scorer: type[Scorer]) -> str | None:
    """What a scorer needs that is not known of a segment; None where all is."""
    if scorer.name == QUALITY:
        return None
    needs = {
        "the back-translation": scorer.needs_back_translation,
        "forced scores": scorer.needs_forced_scores and scorer.name != REVERSE,
        "the rows of a shard": scorer.whole_shard,
        "a model of its own": bool(scorer.inputs),
    }
    return next((what for what, needed in needs.items() if needed), None)
