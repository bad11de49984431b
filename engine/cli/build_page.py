"""The summary of ``glotmill build`` for people."""

from __future__ import annotations

from collections import Counter

from rich.console import Console
from rich.table import Table

from glotmill.engine.commands.summary import BuildSummary
from glotmill.engine.dataset.keep_rates import KeepRates
from glotmill.engine.text.tables import print_table
from glotmill.engine.text.visible import visible_line
from glotmill.engine.translation.counts import SegmentCount
from glotmill.schemas.languages import language


def print_summary(summary: BuildSummary, console: Console) -> None:
    """Print the summary for people."""
    _show_languages(summary, console)
    _show_rates(summary.rates, console)
    _show_gaps(summary, console)
    _show_samples(summary, console)
    _show_work(summary, console)
    console.print(f"shards: {', '.join(f'{n:,} {action}' for action, n in summary.shards.items())}")
    times = ", ".join(f"{stage} {seconds:.1f}" for stage, seconds in summary.seconds.items())
    console.print(f"seconds: {times}, in all {sum(summary.seconds.values()):.1f}")
    if summary.notice:
        console.print(summary.notice, style="bold red", soft_wrap=True)
    console.print(f"dataset: {summary.dataset}", soft_wrap=True)
    console.print(f"report: {summary.report}", soft_wrap=True)


def _show_languages(summary: BuildSummary, console: Console) -> None:
    """Rows of each language."""
    targets = summary.mix.targets() if summary.mix.mode == "one_each" else {}
    head = ("language", *(["target"] if targets else []), "rows", "kept", "dropped", "failed", "warned")
    table = Table(*head, box=None, pad_edge=False)
    for lang, count in summary.languages.items():
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


def _show_gaps(summary: BuildSummary, console: Console) -> None:
    """Languages without kept rows or with far fewer than others, withdrawn records, refused templates."""
    without = [lang for lang, count in summary.languages.items() if not count.kept]
    if without:
        console.print(f"no kept row, and so no config of kept rows: {', '.join(without)}")
    gone = sum(count.withdrawn for count in summary.languages.values())
    if gone:
        console.print(f"withdrawn: {gone:,} records whose sample is gone; they stay, dropped")
    for share in summary.fairness:
        if share.alarm:
            what = f"the rule {share.rule}" if share.rule else "all rules together"
            console.print(
                f"unfair: {share.lang} keeps {share.kept:.0%} under {what}, less than half of the median language's"
            )
    for line in summary.templates.lines() if summary.templates else ():
        console.print(line, soft_wrap=True)


def _show_samples(summary: BuildSummary, console: Console) -> None:
    """What was read and derived, and how the mix divides it."""
    for name, source in summary.sources.items():
        console.print(
            f"source {name}: {source.read:,} rows read = {source.samples:,} samples + {source.rejected:,} rejected"
        )
        if source.images:
            statuses = ", ".join(f"{status} {n:,}" for status, n in source.images.items())
            console.print(f"images of {name}: {statuses}")
    for name, made in summary.derived.items():
        console.print(f"derived {name}: {made.rows:,} rows from {made.looked_at:,}")
    if summary.mix.moved or summary.mix.unassigned:
        console.print(f"mix: {summary.mix.moved:,} samples moved, {summary.mix.unassigned:,} in no language")
    for note in summary.mix.notes:
        console.print(f"mix: {note}", soft_wrap=True)
    if len(summary.mix.splits) > 1:
        console.print(f"splits: {', '.join(f'{name} {rows:,}' for name, rows in summary.mix.splits.items())}")


def _show_work(summary: BuildSummary, console: Console) -> None:
    """What was requested of engines, and what the memory and the dictionaries gave."""
    for what, segments in (("segments", summary.segments), ("back-translation", summary.back_translation)):
        if segments:
            console.print(
                f"{what}: {segments.requested:,} requested, {segments.unique:,} different, "
                f"{segments.translated:,} translated, {segments.from_memory:,} from memory; "
                f"{segments.retried:,} decoded again (retry), {segments.failed:,} failed"
            )
            _show_models(what, segments, console)
    if summary.forced:
        console.print(
            f"forced scores: {summary.forced.unique:,} pairs, {summary.forced.scored:,} scored, "
            f"{summary.forced.from_store:,} from the store; {summary.forced.failed:,} without a score"
        )
    if summary.records:
        console.print(
            f"records: {summary.records.requested:,} sent whole, {summary.records.whole:,} answered, "
            f"by segment {_reasons(summary.records.by_segment)}"
        )
    for file in summary.set_aside:
        console.print(f"unreadable, set aside, and what it held made again: {file}", soft_wrap=True)
    console.print(f"memory: saved {summary.saved:.1%} of the requested segments")
    answers = sum((Counter(count.answers) for count in summary.languages.values()), Counter[str]())
    if answers:
        console.print(f"answers: {', '.join(f'{name} {n:,}' for name, n in answers.most_common())}")
    for lang, judged in summary.dictionaries.items():
        if judged.apart:
            console.print(visible_line(f"dictionary of {lang}: {judged.in_words()}"), soft_wrap=True, markup=False)


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
        console.print(f"{what}: {segments.second:,} sent to the second engine")
    if segments.repaired:
        console.print(f"{what}: {segments.repaired:,} repaired")
    if segments.unanswered:
        console.print(f"{what}: {segments.unanswered:,} not answered by the server; the next build sends them again")
    if usage.prompt_tokens:
        cost = f", cost {usage.cost:.4f}" if usage.cost is not None else ""
        tokens = f"{usage.prompt_tokens:,} tokens read, {usage.completion_tokens:,} written"
        console.print(f"{what}: {usage.requests:,} requests, {tokens}{cost}")


def _reasons(reasons: dict[str, int]) -> str:
    total = sum(reasons.values())
    named = ", ".join(f"{reason} {n:,}" for reason, n in sorted(reasons.items(), key=lambda item: -item[1]))
    return f"{total:,} ({named})" if total else "0"
