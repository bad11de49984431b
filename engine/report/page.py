"""The page: the report's data, put into its template.

Guarantees: the page loads nothing (its content security policy forbids it); text of the data reaches it as JSON in
which no ``<`` is left, and its script shows it as text; the same build gives the same data but for its times.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

import orjson

from glotmill.engine.dataset.commit import staging
from glotmill.engine.dataset.recorded_rules import recorded_labels
from glotmill.engine.dataset.statistics import label_matrix
from glotmill.engine.report.cuts import rule_cuts
from glotmill.engine.report.finished_build import REPORT, BuiltFolder, open_build
from glotmill.engine.report.limits import limits
from glotmill.engine.report.portion_tasks import find_all
from glotmill.engine.report.quality_curves import quality_curves
from glotmill.engine.report.rows import image_ids
from glotmill.engine.report.thumbnails import thumbnails
from glotmill.engine.storage.atomic_write import sync, write_bytes
from glotmill.engine.workers.ray_session import one_ray
from glotmill.engine.workers.shard_threads import tasks_over_shards
from glotmill.schemas.languages import language
from glotmill.schemas.record import SCHEMA_VERSION

# Put together in this order.
SCRIPTS = ("dom.js", "balance.js", "setting.js", "thresholds.js", "quality.js", "rows.js", "main.js")
STAGES = (
    "ingest", "clean", "derive", "mix", "instruct", "templates", "templates_back", "segment", "translate", "back",
    "force", "score", "pack",
)  # fmt: skip
FEWEST_SENT = 50_000  # records; fewer are counted here sooner than a cluster is joined
MOST_COLUMNS = 40  # of a table of labels
# Scripts written from right to left (ISO 15924), of those that FLORES-200 has.
RIGHT_TO_LEFT = frozenset({"Arab", "Hebr", "Nkoo", "Syrc", "Thaa", "Adlm"})


def write_report(folder: Path, *, verb: str = "report", ray_address: str | None = None) -> Path:
    """Write ``report.html`` of a finished build beside its dataset.

    Args:
        folder: The build's folder; nothing else is read. The caller holds its lock and has finished its last commit.
        verb: The command that asks, for messages.
        ray_address: A running Ray cluster, whose nodes count the rows; None uses threads.

    Returns:
        The file.

    Raises:
        InputError: There is no finished build of this version in the folder.
    """
    found = open_build(folder, verb, checked=verb == "build")  # a build has looked at every shard, or has written it
    with one_ray():
        page = render(report_data(found, ray_address))
    with staging(folder) as staged:  # so that a kill leaves nothing that the next command does not take away
        write_bytes(staged / REPORT, page)
        (staged / REPORT).replace(folder / REPORT)
        sync(folder)
    return folder / REPORT


def report_data(build: BuiltFolder, ray_address: str | None = None) -> dict[str, Any]:
    """Everything that the page shows, as JSON.

    Args:
        build: The build.
        ray_address: A running Ray cluster, whose nodes count the rows of a large one; None uses threads.

    Raises:
        InputError: Naming the shard that is damaged, or has a row that is no record.
    """
    rules = rule_cuts(build.policy, build.metrics, list(build.languages))
    graded = [rule for rule in rules if rule.rule.parameters or rule.rule in build.policy.user]
    sent = sum(facts.rows for facts in build.languages.values()) >= FEWEST_SENT
    found = find_all(build, rules, graded, tasks_over_shards(ray_address if sent else None))
    manifest, summary = build.manifest, build.summary or {}
    return {
        "name": manifest["name"],
        "description": build.recipe.get("description", ""),
        "engine_version": manifest["engine_version"],
        "schema_version": SCHEMA_VERSION,
        "calibrated": build.calibrated,
        "languages": _languages(build),
        "notice": build.notice,
        "rates": _rates(build),
        "labels": _labels(build),
        "reasons": _reasons(build, found.reasons),
        "rejected": build.rejected(),
        "rules": found.rules,
        "limits": limits(build, rules),
        "quality": quality_curves(build),
        "metrics": [{"column": m.score_column, "description": m.description} for m in build.metrics],
        "rows": found.rows,
        "rows_left_out": found.left_out,
        "images": thumbnails(build.dataset, image_ids(found.rows)),
        "images_stored": sum(shard["rows"] for shard in manifest.get("images") or []),
        "segments": summary.get("segments"),
        "back_translation": summary.get("back_translation"),
        "saved": summary.get("saved"),
        "derived": summary.get("derived", {}),
        "refused_templates": manifest.get("refused_templates", []),
        "seconds": _in_order(summary.get("seconds", {})),
        "sources": manifest["sources"],
        "translators": manifest["translators"],
        "scorers": manifest["scorers"],
    }


def _in_order(seconds: dict[str, float]) -> dict[str, float]:
    """Times in the order of the stages, which a file with sorted keys has lost."""
    places = {stage: place for place, stage in enumerate(STAGES)}
    return dict(sorted(seconds.items(), key=lambda item: places.get(item[0], len(places))))


def _languages(build: BuiltFolder) -> list[dict[str, Any]]:
    """The balance of each language, with its keep-rate beside the median's and the rules that alarm."""
    found = build.fairness()
    alarms: dict[str, list[str]] = defaultdict(list)
    for each in found:
        if each.alarm:
            alarms[each.lang].append(each.rule or "all rules")
    whole = {each.lang: each for each in found if each.rule is None}
    rows = []
    for lang, facts in build.languages.items():
        entry = language(lang)
        share = whole.get(lang)
        rows.append({
            "code": lang, "name": entry.name, "bcp47": entry.bcp47,
            "dir": "rtl" if entry.script in RIGHT_TO_LEFT else "ltr",
            "rows": facts.rows, "kept": facts.kept, "dropped": sum(facts.dropped.values()),
            "failed": sum(facts.failed.values()), "warned": facts.warned,
            "rate": share.kept if share else None, "ratio": share.ratio if share else None, "alarms": alarms[lang],
        })  # fmt: skip
    return rows


def _rates(build: BuiltFolder) -> dict[str, Any]:
    """The balance of each source and task, and what keeps almost nothing."""
    rates = build.rates
    rows = [
        {"source": source, "task": task, "rows": kept.rows, "kept": kept.kept, "rate": kept.rate, "low": kept.low,
         "dropped": kept.dropped, "failed": kept.failed}
        for (source, task), kept in rates.by("source", "task").items()
    ]  # fmt: skip
    return {"rows": rows, "not_counted": rates.not_counted, "warnings": rates.warnings()}


def _labels(build: BuiltFolder) -> list[dict[str, Any]]:
    """For each label the turns of each language by what was found."""
    found = []
    for label in recorded_labels(build.recipe, build.manifest):
        table = build.manifest["score_labels"][label.column]
        columns, rows = label_matrix(table, MOST_COLUMNS)
        lines = [{"code": lang, "counts": row} for lang, row in zip(table, rows, strict=True)]
        found.append({"column": label.column, "description": label.description, "found": columns, "rows": lines})
    return found


def _reasons(build: BuiltFolder, counted: Mapping[str, Counter[str]]) -> list[dict[str, Any]]:
    """For each reason and language: records that have it first, and that have it at all.

    Args:
        build: The build.
        counted: By language, records by each of their reasons.
    """
    anywhere: dict[str, dict[str, int]] = defaultdict(dict)
    for lang, reasons in counted.items():
        for reason, number in reasons.items():
            anywhere[reason][lang] = number
    first: dict[str, dict[str, int]] = defaultdict(dict)
    failures: set[str] = set()
    for lang, facts in build.languages.items():
        failures |= set(facts.failed)
        for reason, count in (Counter(facts.dropped) + Counter(facts.failed)).items():
            first[reason][lang] = count
    order = {code: place for place, code in enumerate(build.policy.actions)}
    return [
        {"code": reason, "failure": reason in failures, "first": first[reason], "any": dict(sorted(counts.items()))}
        for reason, counts in sorted(anywhere.items(), key=lambda item: (order.get(item[0], len(order)), item[0]))
    ]


def render(data: dict[str, Any]) -> bytes:
    """The page of a report's data."""
    web = files("glotmill.engine.report") / "web"
    style = (web / "page.css").read_text(encoding="utf-8")
    script = "".join((web / name).read_text(encoding="utf-8") for name in SCRIPTS)
    content = orjson.dumps(data).decode()
    # Of JSON in HTML only `<` could end its element.
    page = Template((web / "page.html").read_text(encoding="utf-8")).substitute(
        title=escape(data["name"]),
        policy=f"default-src 'none'; img-src data:; style-src {_allowed(style)}; script-src {_allowed(script)}",
        style=style,
        script=script,
        data=content.replace("<", "\\u003c"),
    )
    return page.encode()


def _allowed(text: str) -> str:
    """The entry of a content security policy for one inline text."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
