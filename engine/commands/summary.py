"""What a build says at its end: the two balances, what the memory saved, and the time it took."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from rich.console import Console
from rich.table import Table

from glotmill.engine.dataset.keep_rates import KeepRates
from glotmill.engine.dataset.language_counts import LanguageCount, count_table
from glotmill.engine.records.shard_actions import Action
from glotmill.engine.samples.assign import MixSummary
from glotmill.engine.samples.derivation import DeriveCount
from glotmill.engine.samples.ingest import SourceCount
from glotmill.engine.samples.language_mix import MixCount
from glotmill.engine.text.dictionary import Judgement
from glotmill.engine.text.notebook import NotebookResult, View
from glotmill.engine.text.tables import print_table
from glotmill.engine.text.visible import visible_line
from glotmill.engine.translation.counts import RecordCount, SegmentCount, Usage
from glotmill.engine.translation.forced_scores import ForcedCount
from glotmill.engine.translation.template_count import TemplateCount
from glotmill.filters.fairness import Share, shares
from glotmill.schemas.languages import language


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
        segments: The way there: asked, unique, translated now, known before.
        back_translation: The way back, likewise; None where no scorer needs it.
        forced: Forced scores, likewise.
        dictionaries: What is used of each language's answer dictionary, where the recipe has one.
        set_aside: Unreadable files of the memory that were taken out of the way; what they held was made again.
        seconds: Wall time by stage.
        max_failed: Share of failed records up to which the build counts as good.
        rates: Balances by source and task.
        notice: What to know before training on the dataset; None for nothing.
        records: Records that a language model was asked for whole; None where none was.
        templates: What became of templates' translations; None where no template's words are translated.
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
        """Share of the segments asked for, there and back, that were not sent to the engine."""
        ways = [way for way in (self.segments, self.back_translation) if way]
        asked = sum(way.asked for way in ways)
        return 1 - sum(way.translated for way in ways) / asked if asked else 0.0

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

    def show(self, console: Console) -> None:
        """Print the summary for people."""
        targets = self.mix.targets() if self.mix.mode == "one_each" else {}
        head = ("language", *(["target"] if targets else []), "rows", "kept", "dropped", "failed", "warned")
        table = Table(*head, box=None, pad_edge=False)
        for lang, count in self.languages.items():
            table.add_row(
                f"{lang} {language(lang).name}",
                *([f"{targets.get(lang, 0):,}"] if targets else []),
                f"{count.rows:,}",
                f"{count.kept:,}",
                _reasons(count.dropped),
                _reasons(count.failed),
                _reasons(count.warned),
            )
        print_table(console, table)
        _show_rates(self.rates, console)
        without = [lang for lang, count in self.languages.items() if not count.kept]
        if without:
            console.print(f"no kept row, and so no config of kept rows: {', '.join(without)}")
        gone = sum(count.withdrawn for count in self.languages.values())
        if gone:
            console.print(f"withdrawn: {gone:,} records whose sample is gone; they stay, dropped")
        for share in self.fairness:
            if share.alarm:
                what = f"the rule {share.rule}" if share.rule else "all rules together"
                console.print(
                    f"unfair: {share.lang} keeps {share.kept:.0%} under {what}, less than half of the median language's"
                )
        for line in self.templates.lines() if self.templates else ():
            console.print(line, soft_wrap=True)
        for name, source in self.sources.items():
            console.print(
                f"source {name}: {source.read:,} rows read = {source.samples:,} samples + {source.rejected:,} rejected"
            )
            if source.images:
                statuses = ", ".join(f"{status} {n:,}" for status, n in source.images.items())
                console.print(f"images of {name}: {statuses}")
        for name, made in self.derived.items():
            console.print(f"derived {name}: {made.rows:,} rows from {made.looked_at:,}")
        if self.mix.moved or self.mix.unassigned:
            console.print(f"mix: {self.mix.moved:,} samples moved, {self.mix.unassigned:,} in no language")
        for note in self.mix.notes:
            console.print(f"mix: {note}", soft_wrap=True)
        if len(self.mix.splits) > 1:
            console.print(f"splits: {', '.join(f'{name} {rows:,}' for name, rows in self.mix.splits.items())}")
        for what, segments in (("segments", self.segments), ("back-translation", self.back_translation)):
            if segments:
                console.print(
                    f"{what}: {segments.asked:,} asked, {segments.unique:,} different, "
                    f"{segments.translated:,} translated, {segments.from_memory:,} from memory; "
                    f"{segments.retried:,} took a second decode, {segments.failed:,} failed"
                )
                _show_models(what, segments, console)
        if self.forced:
            console.print(
                f"forced scores: {self.forced.unique:,} pairs, {self.forced.scored:,} scored, "
                f"{self.forced.from_store:,} from the store; {self.forced.failed:,} without a score"
            )
        if self.records:
            console.print(
                f"records: {self.records.asked:,} asked whole, {self.records.whole:,} answered, "
                f"by segment {_reasons(self.records.by_segment)}"
            )
        for file in self.set_aside:
            console.print(f"unreadable, set aside, and what it held made again: {file}", soft_wrap=True)
        console.print(f"memory: saved {self.saved:.1%} of the segments asked")
        answers = sum((Counter(count.answers) for count in self.languages.values()), Counter[str]())
        if answers:
            console.print(f"answers: {', '.join(f'{name} {n:,}' for name, n in answers.most_common())}")
        for lang, judged in self.dictionaries.items():
            if judged.apart:
                console.print(visible_line(f"dictionary of {lang}: {judged.in_words()}"), soft_wrap=True, markup=False)
        console.print(f"shards: {', '.join(f'{n:,} {action}' for action, n in self.shards.items())}")
        times = ", ".join(f"{stage} {seconds:.1f}" for stage, seconds in self.seconds.items())
        console.print(f"seconds: {times}, in all {sum(self.seconds.values()):.1f}")
        if self.notice:
            console.print(self.notice, style="bold red", soft_wrap=True)
        console.print(f"dataset: {self.dataset}", soft_wrap=True)
        console.print(f"report: {self.report}", soft_wrap=True)


def _show_rates(rates: KeepRates, console: Console) -> None:
    """What each source keeps of each task, and loudly what keeps almost nothing."""
    table = Table("source", "task", "rows", "kept", "rate", "dropped", "failed", box=None, pad_edge=False)
    for (source, task), kept in rates.by("source", "task").items():
        rate = "-" if kept.rate is None else f"{kept.rate:.1%}"
        numbers = (f"{kept.rows:,}", f"{kept.kept:,}", rate)
        table.add_row(source, task, *numbers, _reasons(kept.dropped), _reasons(kept.failed))
    if rates.cells:
        print_table(console, table)
    if rates.not_counted:
        console.print(f"sources and tasks: not counted in {rates.not_counted:,} rows of an earlier version")
    for warning in rates.warnings():
        console.print(warning, style="bold red", soft_wrap=True)


def _show_models(what: str, segments: SegmentCount, console: Console) -> None:
    """What a second engine and language models did, where there were any."""
    usage = segments.usage
    if segments.second:
        console.print(f"{what}: {segments.second:,} asked of the second engine")
    if segments.unanswered:
        console.print(f"{what}: {segments.unanswered:,} not answered by the server; the next build asks again")
    if usage.prompt_tokens:
        cost = f", cost {usage.cost:.4f}" if usage.cost is not None else ""
        tokens = f"{usage.prompt_tokens:,} tokens read, {usage.completion_tokens:,} written"
        console.print(f"{what}: {usage.requests:,} requests, {tokens}{cost}")


def _reasons(reasons: dict[str, int]) -> str:
    total = sum(reasons.values())
    named = ", ".join(f"{reason} {n:,}" for reason, n in sorted(reasons.items(), key=lambda item: -item[1]))
    return f"{total:,} ({named})" if total else "0"
