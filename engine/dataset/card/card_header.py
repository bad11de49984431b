"""The YAML at the head of a card: what `datasets` and the Hub read.

Guarantees: the row counts are those of the shards; every language with a kept row has a config of its kept rows,
every language with rows one of all rows, and ``default`` is the kept rows of all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from datasets import Features

from glotmill.engine.dataset import image_shards
from glotmill.engine.dataset.card.markdown import one_line
from glotmill.engine.dataset.licenses import OTHER, dataset_license, on_the_hub
from glotmill.engine.dataset.shards import Shard
from glotmill.filters.quality_fit import QualityFit
from glotmill.schemas.languages import language
from glotmill.schemas.task import TASKS

UNRELIABLE = "unreliable"
LICENSES = "LICENSES.md"
SIZES = [
    (10**n, label)
    for n, label in enumerate(
        ("n<1K", "1K<n<10K", "10K<n<100K", "100K<n<1M", "1M<n<10M", "10M<n<100M", "100M<n<1B"), start=3
    )
]


@dataclass(frozen=True, slots=True)
class CardFacts:
    """What a card is made of.

    Attributes:
        facts: What the manifest says: ``name``, ``sources``, ``translators``, ``images``, ``tasks``, ``scores``.
        description: The recipe's line about the dataset.
        shards: Shards by language, in the recipe's order.
        schema: The record schema.
        unreliable: Languages that the calibration found no better than noise: they have a config of their own.
        fit: What the quality score was fitted to; None where it does not run.
    """

    facts: Mapping[str, Any]
    description: str
    shards: Mapping[str, Sequence[Shard]]
    schema: pa.Schema
    unreliable: frozenset[str] = frozenset()
    fit: QualityFit | None = None

    @property
    def present(self) -> dict[str, list[Shard]]:
        """The languages with rows."""
        return {lang: list(parts) for lang, parts in self.shards.items() if parts}

    @property
    def licenses(self) -> list[str]:
        """The licenses of sources, of copied images and of models, each once."""
        facts = self.facts
        found = [source["license"] for source in facts["sources"]]
        found += [source["image_license"] for source in facts["sources"] if source.get("image_license")]
        found += [model["license"] for model in facts["translators"].values()]
        return sorted(set(found))


def header(facts: CardFacts) -> dict[str, Any]:
    """The card's metadata, in the order that it is written."""
    present = facts.present
    kept = sum(shard.kept for parts in present.values() for shard in parts)
    configs, infos = _configurations(facts, present)
    return {
        "pretty_name": one_line(facts.facts["name"]),
        **_license(facts.licenses),
        "language": sorted({language(code).hub_language for code in present}),
        "language_bcp47": [language(code).bcp47 for code in present],
        "multilinguality": ["multilingual", "translation"],
        "annotations_creators": ["machine-generated", "found"],
        "language_creators": ["machine-generated"],
        "source_datasets": list(dict.fromkeys(_extended(source["dataset"]) for source in facts.facts["sources"])),
        "size_categories": [next((label for bound, label in SIZES if kept < bound), "n>1B")],
        "task_categories": list(dict.fromkeys(TASKS[task].hub_category for task in facts.facts["tasks"])),
        "tags": ["image", "multilingual", "translation", "glotmill", "datasets"],
        "configs": configs,
        "dataset_info": infos,
    }


def _extended(dataset: str) -> str:
    """How the Hub writes that a dataset was made from another, which need not be one of its own."""
    dataset = one_line(dataset)
    return f"extended|{dataset}" if "/" in dataset else f"extended|other-{dataset}"


def _license(licenses: list[str]) -> dict[str, str]:
    claimed = dataset_license(licenses)
    if claimed == OTHER:
        return {"license": OTHER, "license_name": "mixed-see-column", "license_link": LICENSES}
    if on_the_hub(claimed):
        return {"license": claimed}
    name = re.sub(r"[^a-z0-9.-]+", "-", claimed.lower()).strip("-")
    return {"license": OTHER, "license_name": name or "unnamed", "license_link": LICENSES}


def _configurations(
    facts: CardFacts, present: dict[str, list[Shard]]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """(configs, dataset_info), the latter with the counts that `datasets` checks."""
    configs, infos = [], []
    features = Features.from_arrow_schema(facts.schema)._to_yaml_list()
    for name, folders, filtered, parts in _configs(present, facts.unreliable):
        splits = _splits(parts, filtered=filtered)
        config: dict[str, Any] = {"config_name": name}
        if name == "default":
            config["default"] = True
        config["data_files"] = [{"split": split, "path": _patterns(folders, split, parts)} for split in splits]
        if filtered:
            config["filters"] = [["keep", "==", True]]
        configs.append(config)
        sizes = [
            {"name": split, "num_bytes": sum(shard.size for shard in own), "num_examples": rows}
            for split, (own, rows) in splits.items()
        ]
        infos.append({"config_name": name, "features": features, "splits": sizes})
    if facts.facts["images"]:
        pattern = f"{image_shards.CONFIG}/train-*.parquet"
        configs.append({"config_name": image_shards.CONFIG, "data_files": [{"split": "train", "path": pattern}]})
        rows, size = (sum(shard[key] for shard in facts.facts["images"]) for key in ("rows", "size"))
        split = {"name": "train", "num_bytes": size, "num_examples": rows}
        features = image_shards.FEATURES._to_yaml_list()
        infos.append({"config_name": image_shards.CONFIG, "features": features, "splits": [split]})
    return configs, infos


def _splits(parts: list[Shard], *, filtered: bool) -> dict[str, tuple[list[Shard], int]]:
    """(shards, rows) of each split that has a row."""
    found: dict[str, tuple[list[Shard], int]] = {}
    for split in dict.fromkeys(shard.split for shard in parts):
        own = [shard for shard in parts if shard.split == split]
        rows = sum(shard.kept if filtered else shard.rows for shard in own)
        if rows:
            found[split] = (own, rows)
    return found


def _patterns(folders: list[str], split: str, parts: list[Shard]) -> str | list[str]:
    """Where the files of a config's split lie, in those of its folders that have any."""
    found = [f"data/{name}/{split}-*.parquet" for name in folders if name == "*" or _has(name, split, parts)]
    return found[0] if len(found) == 1 else found


def _has(lang: str, split: str, parts: list[Shard]) -> bool:
    return any(shard.path.startswith(f"data/{lang}/{split}-") for shard in parts)


def _configs(
    present: dict[str, list[Shard]], unreliable: frozenset[str]
) -> list[tuple[str, list[str], bool, list[Shard]]]:
    """(name, folders of files, kept rows only, shards) of each config; one without a row would not load."""
    found = []
    reliable = [lang for lang in present if lang not in unreliable]
    rest = [lang for lang in present if lang in unreliable]
    for name, langs in (("default", reliable), (UNRELIABLE, rest)):
        everything = [shard for lang in langs for shard in present[lang]]
        if any(shard.kept for shard in everything):
            found.append((name, langs if rest else ["*"], True, everything))
    for lang, parts in present.items():
        if any(shard.kept for shard in parts):
            found.append((lang, [lang], True, parts))
        found.append((f"{lang}_all", [lang], False, parts))
    return found
