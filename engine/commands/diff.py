"""Diff: in what two datasets differ, from their manifests alone; on demand the records whose verdict is another.

Guarantees: two datasets in which nothing is found have the same manifest; shards are opened only for ``rows``, and then
only those that are not the same in both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from glotmill.engine.dataset.differences import SECTIONS, differences
from glotmill.engine.dataset.fingerprints import STAGES
from glotmill.engine.dataset.language_counts import LanguageCount, count_language
from glotmill.engine.dataset.manifest import Manifest, read_manifest
from glotmill.engine.dataset.shards import Shard
from glotmill.engine.dataset.sound_footers import check_footer
from glotmill.engine.dataset.sound_rows import RECORDS, check_values
from glotmill.engine.dataset.verdict_columns import check_shard
from glotmill.engine.publish.opened import opened
from glotmill.engine.publish.pull_record import pulled_columns
from glotmill.engine.storage.readable import reading
from glotmill.engine.text.notebook import NotebookResult, View

# Facts of a manifest by what people ask for; all others are listed under `recipe`.
GROUPS: dict[str, tuple[str, ...]] = {
    "versions": ("engine_version", "code_versions", "manifest_version", "schema_version", "writer"),
    "sources": ("sources", "against"),
    "translators": ("translators", "routes", "text"),
    "scorers": ("scorers", "scorers_left_out", "skip_rejected"),
    "filter": ("filter",),
}
REST = "recipe"
# Compared by language and shard, or by what decides them.
ELSEWHERE = ("languages", "configs", "recipe", "files", "scores", "tasks")
NAMES = {key: name for sections in SECTIONS.values() for key, name in sections.items()}
VERDICT_FIELDS = [pa.field("record_id", pa.string()), pa.field("filter_reasons", pa.list_(pa.string()))]
KEPT = "kept"
ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class ShardDifference:
    """A shard that is not the same in both.

    Attributes:
        path: Its place in the dataset.
        state: ``added``, ``removed``, ``changed``, or ``same bytes`` where only its fingerprints differ.
        stages: The stages whose fingerprints differ.
        rows: Its rows, in the second dataset where it is there.
    """

    path: str
    state: str
    stages: list[str]
    rows: int


@dataclass(frozen=True, slots=True)
class Flip:
    """Records of one language whose verdict changed in the same way.

    Attributes:
        lang: The language.
        before: ``kept``, the reason that counts, or ``absent``; all reasons where the one that counts stays.
        after: Likewise.
        count: How many.
        ids: The first of their record ids.
    """

    lang: str
    before: str
    after: str
    count: int
    ids: list[str]


@dataclass(frozen=True, slots=True)
class Difference(NotebookResult):
    """In what two datasets differ.

    Attributes:
        facts: What they were made from, in words, by group.
        added: Languages of the second only.
        removed: Languages of the first only.
        languages: (before, after) of each language whose balance differs; None where it has no such language.
        shards: Shards that differ.
        flips: Records with another verdict; None without ``rows``.
    """

    facts: dict[str, list[str]]
    added: list[str]
    removed: list[str]
    languages: dict[str, tuple[LanguageCount | None, LanguageCount | None]]
    shards: list[ShardDifference]
    flips: list[Flip] | None

    @property
    def same(self) -> bool:
        """Whether there is no difference."""
        return not (self.facts or self.added or self.removed or self.languages or self.shards)

    def as_json(self) -> dict[str, Any]:
        """The object that ``--json`` prints."""
        counts = {
            lang: {"before": before and asdict(before), "after": after and asdict(after)}
            for lang, (before, after) in self.languages.items()
        }
        return {**asdict(self), "same": self.same, "languages": counts}

    def notebook_view(self) -> View:
        """What differs, a row each."""
        rows: list[tuple[object, ...]] = [(group, line) for group, lines in self.facts.items() for line in lines]
        rows += [(lang, "added") for lang in self.added] + [(lang, "removed") for lang in self.removed]
        for lang, (before, after) in self.languages.items():
            was, now = (f"{count.kept:,} of {count.rows:,} kept" if count else "none" for count in (before, after))
            rows.append((lang, f"{was} → {now}"))
        rows += [(shard.path, shard.state) for shard in self.shards]
        rows += [(flip.lang, f"{flip.count:,} records {flip.before} → {flip.after}") for flip in self.flips or ()]
        return "Nothing differs" if self.same else f"{len(rows):,} differences", [("what", "difference"), *rows]


def diff(first: Path, second: Path, *, rows: bool = False, ids: int = 0) -> Difference:
    """Compare two datasets.

    Args:
        first: A build's folder, a dataset's, or a published one.
        second: Likewise.
        rows: Read the verdicts of the shards that differ.
        ids: How many record ids to name of each kind of flip.

    Raises:
        InputError: There is no dataset, it is damaged or newer; a shard to be read was edited.
    """
    with opened(first) as one, opened(second) as other:
        return _diff((one.root, other.root), rows=rows, ids=ids)


def _diff(roots: tuple[Path, Path], *, rows: bool, ids: int) -> Difference:
    old, new = (read_manifest(root) for root in roots)
    langs = list(dict.fromkeys([*old.shards, *new.shards]))
    counts = {lang: (_count(old, lang), _count(new, lang)) for lang in langs}
    return Difference(
        facts=_facts(old.facts, new.facts),
        added=[lang for lang in new.shards if lang not in old.shards],
        removed=[lang for lang in old.shards if lang not in new.shards],
        languages={lang: pair for lang, pair in counts.items() if pair[0] != pair[1]},
        shards=_shards(old, new),
        flips=[flip for lang in langs for flip in _flips(lang, roots, old, new, ids)] if rows else None,
    )


def _count(manifest: Manifest, lang: str) -> LanguageCount | None:
    return count_language(manifest.shards[lang]) if lang in manifest.shards else None


def _facts(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, list[str]]:
    grouped = {key: group for group, keys in GROUPS.items() for key in keys}
    found: dict[str, list[str]] = {}
    for key in sorted((old.keys() | new.keys()) - set(ELSEWHERE)):
        for words in differences(key, NAMES.get(key, key), old.get(key), new.get(key)):
            found.setdefault(grouped.get(key, REST), []).append(words)
    if not found and old.get("recipe") != new.get("recipe"):  # else the lock says what was said already
        found[REST] = ["other settings in recipe.lock.yaml, none of which the manifest names"]
    if not found and old.get("files") != new.get("files"):  # else they follow from what was said already
        found[REST] = _page_differences(old.get("files", {}), new.get("files", {}))
    return {group: found[group] for group in (*GROUPS, REST) if group in found}


def _page_differences(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    """In which files beside the manifests two datasets differ, by their checksums."""
    both = old.keys() & new.keys()
    found = [f"other text in {name}" for name in sorted(both) if old[name] != new[name]]
    return found + [f"only one manifest has a checksum of {name}" for name in sorted(old.keys() ^ new.keys())]


def _shards(old: Manifest, new: Manifest) -> list[ShardDifference]:
    before, after = ({shard.path: shard for shard in manifest.all_shards()} for manifest in (old, new))
    found = []
    for path in sorted(before.keys() | after.keys()):
        was, now = before.get(path), after.get(path)
        if was is None:
            found.append(ShardDifference(path, "added", [], after[path].rows))
        elif now is None:
            found.append(ShardDifference(path, "removed", [], was.rows))
        elif was != now:
            stages = [stage for stage in STAGES if was.fingerprints.get(stage) != now.fingerprints.get(stage)]
            state = "changed" if was.sha256 != now.sha256 else "same bytes"
            found.append(ShardDifference(path, state, stages, now.rows))
    return found


def _flips(lang: str, roots: tuple[Path, Path], old: Manifest, new: Manifest, ids: int) -> list[Flip]:
    """The records of a language with another verdict, by the verdicts before and after."""
    was, now = (manifest.shards.get(lang, []) for manifest in (old, new))
    same = {(shard.path, shard.sha256) for shard in was} & {(shard.path, shard.sha256) for shard in now}
    before, after = (
        _verdicts(root, [shard for shard in shards if (shard.path, shard.sha256) not in same])
        for root, shards in zip(roots, (was, now), strict=True)
    )
    both = before.join(after, on="record_id", how="full", coalesce=True, suffix="_now")
    flipped = both.filter(~pl.col("reasons").eq_missing(pl.col("reasons_now")))
    same_first = pl.col("reasons").list.first().eq_missing(pl.col("reasons_now").list.first())
    pair = [
        pl.when(reasons.list.len() == 0).then(pl.lit(KEPT))
        .when(same_first).then(reasons.list.join(", "))  # only those that count less differ: all are named
        .otherwise(reasons.list.first()).fill_null(ABSENT).alias(name)
        for name, reasons in (("before", pl.col("reasons")), ("after", pl.col("reasons_now")))
    ]  # fmt: skip
    grouped = flipped.sort("record_id").group_by(pair).agg(pl.len(), pl.col("record_id").head(ids))
    return [Flip(lang, *row) for row in grouped.sort("before", "after").iter_rows()]


def _verdicts(root: Path, shards: list[Shard]) -> pl.DataFrame:
    """Columns record_id and reasons of some shards."""
    verdicts = [pl.DataFrame(schema={"record_id": pl.String, "reasons": pl.List(pl.String)})]
    for shard in shards:
        path = pulled_columns(root, shard)
        if path is None:
            check_shard(root, shard)
            path = root / shard.path
        check_footer(path, shard, VERDICT_FIELDS)
        with reading(path, what=RECORDS):
            rows = pl.read_parquet(path, columns=["record_id", "filter_reasons"], glob=False)
        check_values(rows, path)
        verdicts.append(rows.rename({"filter_reasons": "reasons"}))
    return pl.concat(verdicts)
