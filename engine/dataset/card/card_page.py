"""The page of a card, for people: the template ``card.md`` filled in from the manifest, whose words are escaped."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from string import Template
from typing import Any

from glotmill.engine import __version__
from glotmill.engine.dataset.card.card_header import LICENSES, UNRELIABLE, CardFacts
from glotmill.engine.dataset.card.card_quality import quality_curve
from glotmill.engine.dataset.card.card_templates import refused_templates
from glotmill.engine.dataset.card.markdown import code, one_line, plain, table
from glotmill.engine.dataset.embedded_notice import notice
from glotmill.engine.dataset.keep_rates import KeepRates
from glotmill.engine.dataset.licenses import CLASS_OF_TERM, OTHER, PERMISSIVE, TERMS, classes, dataset_license
from glotmill.engine.dataset.shards import Shard
from glotmill.engine.dataset.statistics import BINS, LabelCounts, bars, label_matrix
from glotmill.filters.fairness import shares
from glotmill.schemas.languages import language

MOST_COLUMNS = 12  # of a table of labels
TEMPLATE = Path(__file__).parent / "card.md"


def page(facts: CardFacts) -> str:
    """The card below its metadata."""
    name = one_line(facts.facts["name"])
    everything = [shard for parts in facts.shards.values() for shard in parts]
    text = Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        name=plain(name),
        title=re.sub(r"[{}\\]", "", name),
        key=re.sub(r"\W+", "_", name),
        notice=_notice(facts),
        about=plain(facts.description) or "Vision-language instructions in several languages.",
        rows=f"{sum(shard.rows for shard in everything):,}",
        kept=f"{sum(shard.kept for shard in everything):,}",
        languages=_counted(len(facts.present), "language"),
        engine=__version__,
        load=_load(facts),
        language_table=_languages(facts.shards),
        fairness=_fairness(facts.shards),
        rates=_rates(KeepRates.of(facts.shards, facts.facts["sources"])),
        unreliable=_unreliable(facts),
        quality=quality_curve(facts),
        dictionaries=_dictionaries(facts.facts),
        templates=refused_templates(facts.facts.get("refused_templates", ())),
        bins=BINS,
        scores=_scores(facts.facts["scores"]),
        labels="".join(_labels(column, table) for column, table in facts.facts.get("score_labels", {}).items()),
        sources=_sources(facts.facts["sources"]),
        models=_models(facts.facts["translators"]),
        license=_license(facts.licenses),
    )
    return re.sub(r"\n{3,}", "\n\n", text)


def licenses_page(facts: CardFacts) -> str:
    """The text of ``LICENSES.md``: what each part is under."""
    lines = ["# Licenses", "", _license(facts.licenses), "", _sources(facts.facts["sources"]), ""]
    return "\n".join([*lines, _models(facts.facts["translators"]), ""])


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _dictionaries(facts: Mapping[str, Any]) -> str:
    """How much of the answer dictionaries is not used, where the recipe has them."""
    judged = facts.get("dictionaries", {}).values()
    apart = sum(len(one["apart"]) for one in judged)
    if not apart:
        return ""
    words = sum(one["entries"] for one in judged)
    return (
        f"{apart:,} of {words:,} words of the answer dictionaries are set apart as another language's; their answers "
        f"stay English. manifest.json lists them under `dictionaries`.\n"
    )


def _load(facts: CardFacts) -> str:
    first = next((lang for lang, parts in facts.shards.items() if any(s.kept for s in parts)), None)
    if first is None:
        return "No row was kept; the configs `<language>_all` hold every row.\n"
    return "\n".join(
        [
            "```python",
            "from datasets import load_dataset",
            "",
            "# the dataset's id on the Hub, or the path of its folder; name a tag as revision to stay with one version",
            f'kept = load_dataset("PATH_OR_ID", "{first}", split="train")',
            f'every_row = load_dataset("PATH_OR_ID", "{first}_all", split="train")  # with keep and filter_reasons',
            'all_languages = load_dataset("PATH_OR_ID", split="train", streaming=True)  # the kept rows of all',
            "```",
            "",
        ]
    )


def _reasons(reasons: Mapping[str, int]) -> str:
    if not reasons:
        return "0"
    named = ", ".join(
        f"{plain(reason)} {n:,}" for reason, n in sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    )
    return f"{sum(reasons.values()):,} ({named})"


def _languages(shards: Mapping[str, Sequence[Shard]]) -> str:
    rows = []
    for lang, parts in shards.items():
        dropped, failed = (sum((Counter(getattr(s, n)) for s in parts), Counter[str]()) for n in ("dropped", "failed"))
        counts = [f"{sum(s.rows for s in parts):,}", f"{sum(s.kept for s in parts):,}"]
        rows.append([language(lang).name, f"`{lang}`", *counts, _reasons(dropped), _reasons(failed)])
    return table(["language", "config", "rows", "kept", "dropped", "failed"], rows, numbers=4)


def _notice(facts: CardFacts) -> str:
    found = notice(facts.facts["translators"], facts.shards)
    return f"> **{plain(found)}.**\n" if found else ""


def _rates(rates: KeepRates) -> str:
    """What each source keeps of each task; what is almost nothing is bold and has a line of its own."""
    rows = []
    for (source, task), kept in rates.by("source", "task").items():
        rate = "" if kept.rate is None else f"**{kept.rate:.4f}**" if kept.low else f"{kept.rate:.4f}"
        numbers = (f"{kept.rows:,}", f"{kept.kept:,}", rate)
        rows.append([plain(source), plain(task), *numbers, _reasons(kept.dropped), _reasons(kept.failed)])
    lines = [table(["source", "task", "rows", "kept", "rate", "dropped", "failed"], rows, numbers=5)] if rows else []
    if rates.not_counted:
        lines.append(f"Not counted in {rates.not_counted:,} rows, which an earlier version of Glotmill packed.")
    lines += [f"**{plain(warning[:1].upper() + warning[1:])}**" for warning in rates.warnings()]
    return "\n\n".join([*lines, ""])


def _fairness(shards: Mapping[str, Sequence[Shard]]) -> str:
    """Keep-rates of all rules and of each beside the median language's; what is far below is bold."""
    sound = {lang: sum(s.kept + sum(s.dropped.values()) for s in parts) for lang, parts in shards.items()}
    lost = {lang: sum((Counter(s.dropped) for s in parts), Counter[str]()) for lang, parts in shards.items()}
    rows = [
        [
            plain(share.rule or "all"),
            f"`{share.lang}`",
            f"{share.kept:.4f}",
            f"**{share.ratio:.2f}**" if share.alarm else f"{share.ratio:.2f}",
        ]
        for share in shares(sound, lost)
        if share.rule is None or share.kept < 1
    ]
    head = "Kept of the records that were translated, beside the median language's share; under half of it in bold."
    return "\n".join(["", head, "", table(["rule", "language", "kept", "ratio"], rows, numbers=2), ""])


def _unreliable(facts: CardFacts) -> str:
    found = [f"`{lang}`" for lang in facts.shards if lang in facts.unreliable]
    if not found:
        return ""
    return (
        f"Unreliable, because a typical translation scored no better than a shuffled one: {', '.join(found)}. "
        f"They are in the config `{UNRELIABLE}` and not in `default`.\n"
    )


def _scores(scores: Mapping[str, Mapping[str, Any]]) -> str:
    rows = []
    for column, found in sorted(scores.items()):
        spread = [f"{found[name]:g}" if name in found else "" for name in ("min", "median", "max")]
        rows.append([code(column), bars(found["bins"]) if "bins" in found else "", *spread, f"{found['null']:,}"])
    return table(["score", "spread", "least", "median", "greatest", "not judged"], rows, numbers=4)


def _labels(column: str, counts: LabelCounts) -> str:
    """The counts of a label: rows are the languages asked for, columns what was found."""
    if not counts:
        return ""
    shown, rows = label_matrix(counts, MOST_COLUMNS)
    head = ["requested", *map(code, shown), *(["others"] if rows and len(rows[0]) > len(shown) else [])]
    lines = [[f"`{lang}`", *(f"{n:,}" if n else "" for n in row)] for lang, row in zip(counts, rows, strict=True)]
    about = f"Turns by what {code(column)} says of them; manifest.json has all counts under `score_labels`."
    return f"{about}\n\n{table(head, lines, numbers=len(head) - 1)}\n\n"


def _sources(sources: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        [
            plain(source["dataset"] + (f", {source['config']}" if source["config"] != "default" else "")),
            plain(source["split"]),
            code(source["revision"]),
            plain(source["license"]),
            plain(source.get("image_license") or "only referred to"),
            f"{source['samples']:,} of {source['read']:,}",
        ]
        for source in sources
    ]
    return table(["source", "split", "revision", "license", "images", "rows taken"], rows, numbers=1)


def _models(translators: Mapping[str, Mapping[str, Any]]) -> str:
    rows = []
    for model in translators.values():
        name, _, revision = str(model["model"]).partition("@")
        rows.append([code(name), code(revision), plain(model["license"])])
    return "\n".join([table(["translation model", "revision", "license"], sorted(rows)), *_vocabularies(translators)])


def _vocabularies(translators: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """A line for each model that had fewer output tokens than it knows."""
    for model in translators.values():
        lists = model.get("vocabularies", {})
        if lists:
            named = (f"`{lang}` {kept['tokens']:,} of {kept['of']:,}{_changed(kept)}" for lang, kept in lists.items())
            yield f"\n{code(str(model['model']).partition('@')[0])} had fewer output tokens: {', '.join(named)}."


def _changed(kept: Mapping[str, Any]) -> str:
    bound = kept.get("changed_at_most")
    return "" if bound is None else f" (at most {bound:.2%} of translations changed in the list's check)"


def _license(licenses: Sequence[str]) -> str:
    claimed = dataset_license(licenses)
    named = ", ".join(map(code, licenses))
    if claimed == OTHER:
        first = (
            f"Several licenses apply ({named}) and none of them covers the others: the column `license` names the "
            f"source's for each row, [{LICENSES}]({LICENSES}) lists all. Obey each of them."
        )
    else:
        first = (
            f"{code(claimed)}, which is never looser than the licenses of the sources and models together ({named})."
        )
    found = {term for name in licenses for term in TERMS.get(name, ())}
    words = {
        "nc": "Non-commercial use only.",
        "sa": "What is made of it must be shared under the same license.",
        "nd": "A part is under a license that forbids adaptations, and a translation is one: ask its owner first.",
    }
    unknown = [name for name in licenses if name not in PERMISSIVE and "other" in classes(name)]
    notes = [words[term] for term in CLASS_OF_TERM if term in found]
    if unknown:
        notes.append(f"Read the terms of {', '.join(map(code, unknown))} yourself: they are not known here.")
    return " ".join([first, *notes])
