"""What a build says at its end: the two balances, what the memory saved, and the time it took."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from glotmill.engine.dataset.keep_rates import KeepRates
from glotmill.engine.dataset.language_counts import LanguageCount, count_table
from glotmill.engine.dataset.statistics import LabelCounts
from glotmill.engine.records.shard_actions import Action
from glotmill.engine.samples.assign import MixSummary
from glotmill.engine.samples.derivation import DeriveCount
from glotmill.engine.samples.ingest import SourceCount
from glotmill.engine.samples.language_mix import MixCount
from glotmill.engine.text.dictionary import Judgement
from glotmill.engine.text.notebook import NotebookResult, View
from glotmill.engine.translation.counts import RecordCount, SegmentCount, Usage
from glotmill.engine.translation.forced_scores import ForcedCount
from glotmill.engine.translation.template_count import TemplateCount
from glotmill.filters.fairness import Share, shares


@dataclass(frozen=True, slots=True)
class BuildSummary(NotebookResult):
    """A finished build.

    Attributes:
        dataset: The dataset's folder.
        sources: Balance by source.
        derived: Rows made by each derivation.
        mix: Targets and rows by source, and the splits.
        languages: Balance by language.
        shards: Shards by what was done to them.
        segments: The forward translation: requested, unique, translated now, known before.
        back_translation: The back-translation, likewise; None where no scorer needs it.
        forced: Forced scores, likewise.
        dictionaries: What is used of each language's answer dictionary, where the recipe has one.
        set_aside: Unreadable files of the memory that were taken out of the way; what they held was made again.
        seconds: Wall time by stage.
        max_failed: Share of failed records up to which the build counts as good.
        rates: Balances by source and task.
        notice: What to know before training on the dataset; None for nothing.
        records: Records that were sent whole to a language model; None where none was.
        templates: What became of templates' translations; None where no template's words are translated.
        score_labels: Judged turns by label's column, requested language and label, such as the language detected.
    """

    dataset: Path
    sources: dict[str, SourceCount]
    derived: dict[str, DeriveCount]
    mix: MixSummary
    languages: dict[str, LanguageCount]
    shards: dict[Action, int]
    segments: SegmentCount
    back_translation: SegmentCount | None
    forced: ForcedCount | None
    dictionaries: dict[str, Judgement]
    set_aside: list[str]
    seconds: dict[str, float]
    max_failed: float
    rates: KeepRates
    notice: str | None
    records: RecordCount | None = None
    templates: TemplateCount | None = None
    score_labels: dict[str, LabelCounts] = field(default_factory=dict)

    @classmethod
    def from_last(
        cls,
        last: Mapping[str, Any],
        *,
        dataset: Path,
        languages: dict[str, LanguageCount],
        shards: dict[Action, int],
        seconds: dict[str, float],
        max_failed: float,
        rates: KeepRates,
        notice: str | None,
        score_labels: dict[str, LabelCounts],
    ) -> Self:
        """The summary of a build whose samples and segments are those of its last run.

        Args:
            last: What that run said (`as_json`).
            dataset: The dataset's folder.
            languages: Balance by language.
            shards: Shards by what was done to them.
            seconds: Wall time by stage.
            max_failed: Share of failed records up to which the build counts as good.
            rates: Balances by source and task.
            notice: What to know before training on the dataset.
            score_labels: Judged turns by label's column, requested language and label.
        """

        def known(way: Mapping[str, Any]) -> SegmentCount:
            return SegmentCount(**{**way, "translated": 0, "from_memory": way["unique"], "usage": Usage()})

        forced = last["forced"]
        mix = {name: MixCount(**{**count, "moved": 0}) for name, count in last["mix"]["sources"].items()}
        return cls(
            dataset=dataset,
            sources={name: SourceCount(**count) for name, count in last["sources"].items()},
            derived={name: DeriveCount(**count) for name, count in last["derived"].items()},
            mix=MixSummary(last["mix"]["mode"], mix, last["mix"]["splits"]),
            languages=languages,
            shards=shards,
            segments=known(last["segments"]),
            back_translation=known(last["back_translation"]) if last["back_translation"] else None,
            forced=forced and ForcedCount(**{**forced, "scored": 0, "from_store": forced["unique"]}),
            dictionaries={lang: Judgement.of(one) for lang, one in last.get("dictionaries", {}).items()},
            set_aside=[],
            seconds=seconds,
            max_failed=max_failed,
            rates=rates,
            notice=notice,
            records=RecordCount(**last["records"]) if last["records"] else None,
            templates=TemplateCount.from_json(last["templates"]) if last.get("templates") else None,
            score_labels=score_labels,
        )

    @property
    def fairness(self) -> list[Share]:
        """Each language's keep-rate beside the median language's; failed records apart."""
        sound = {lang: count.rows - sum(count.failed.values()) for lang, count in self.languages.items()}
        return shares(sound, {lang: count.dropped for lang, count in self.languages.items()})

    @property
    def report(self) -> Path:
        """The page that shows the build."""
        return self.dataset.parent / "report.html"

    @property
    def rows(self) -> int:
        """Records of all languages."""
        return sum(count.rows for count in self.languages.values())

    @property
    def failed(self) -> int:
        """Failed records of all languages."""
        return sum(sum(count.failed.values()) for count in self.languages.values())

    @property
    def saved(self) -> float:
        """Share of the requested segments, forward and back, that were not sent to the engine."""
        ways = [way for way in (self.segments, self.back_translation) if way]
        requested = sum(way.requested for way in ways)
        return 1 - sum(way.translated for way in ways) / requested if requested else 0.0

    @property
    def too_many_failed(self) -> bool:
        """Whether more records failed than the recipe allows."""
        return self.failed > self.max_failed * self.rows

    def notebook_view(self) -> View:
        """Rows of each language."""
        kept = sum(count.kept for count in self.languages.values())
        line = f"{self.dataset}: {kept:,} of {self.rows:,} rows are kept"
        return f"{line}; {self.notice}" if self.notice else line, count_table(self.languages)

    def as_json(self) -> dict[str, Any]:
        """The object that ``--json`` prints."""
        return {
            "dataset": str(self.dataset),
            "report": str(self.report),
            "sources": {name: asdict(count) for name, count in self.sources.items()},
            "derived": {name: asdict(count) for name, count in self.derived.items()},
            "mix": {"mode": self.mix.mode, "moved": self.mix.moved, **asdict(self.mix)},
            "languages": {lang: asdict(count) for lang, count in self.languages.items()},
            "keep_rates": self.rates.as_json(),
            "score_labels": self.score_labels,
            "notice": self.notice,
            "shards": self.shards,
            "segments": asdict(self.segments),
            "records": asdict(self.records) if self.records else None,
            "templates": self.templates.as_json() if self.templates else None,
            "saved": self.saved,
            "back_translation": asdict(self.back_translation) if self.back_translation else None,
            "forced": asdict(self.forced) if self.forced else None,
            "dictionaries": {lang: asdict(one) for lang, one in self.dictionaries.items()},
            "set_aside": self.set_aside,
            "fairness": [{**asdict(share), "alarm": share.alarm} for share in self.fairness],
            "seconds": self.seconds,
        }
