"""The dataset's card: the YAML that `datasets` and the Hub read, and a page for people.

Guarantees: the row counts are those of the manifest; every language with a kept row has a config of its kept
rows, every language with rows one of all rows, and ``default`` is the kept rows of all; the licence is never
looser than the sources' and the model's together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import yaml
from datasets import Features

from engine.store import images
from engine.store.shards import Shard
from filters.fairness import shares
from schemas.languages import language

# Licences that ask for no more than credit: beside a stricter one they add nothing to its terms.
PERMISSIVE = frozenset({"apache-2.0", "bsd-2-clause", "bsd-3-clause", "cc-by-4.0", "cc0-1.0", "mit", "pddl"})
UNRELIABLE = "unreliable"
SIZES = [(10**n, label) for n, label in enumerate(("n<1K", "1K<n<10K", "10K<n<100K", "100K<n<1M"), start=3)]


@dataclass(frozen=True, slots=True)
class CardFacts:
    """What a card is made of.

    Attributes:
        name: Name of the dataset.
        description: One line about it.
        shards: Shards by language.
        schema: The record schema.
        sources: The manifest's source entries.
        model: Public name of the translation model.
        model_license: Its licence.
        images: The manifest's entries of the files with images.
        unreliable: Languages that the calibration found no better than noise: they have a config of their own.
    """

    name: str
    description: str
    shards: dict[str, list[Shard]]
    schema: pa.Schema
    sources: list[dict[str, Any]]
    model: str
    model_license: str
    images: Sequence[dict[str, Any]] = ()
    unreliable: frozenset[str] = frozenset()


def dataset_license(licenses: Iterable[str]) -> str:
    """The licence a dataset may claim: the one that is not permissive, or ``other`` where several differ."""
    distinct = sorted(set(licenses))
    strict = [name for name in distinct if name not in PERMISSIVE]
    if not strict:
        return distinct[0] if len(distinct) == 1 else "other"
    return strict[0] if len(strict) == 1 else "other"


def card(facts: CardFacts) -> str:
    """The text of ``README.md``."""
    header = yaml.safe_dump(_metadata(facts), sort_keys=False, allow_unicode=True, width=100)
    return f"---\n{header}---\n\n{_page(facts)}"


def _metadata(facts: CardFacts) -> dict[str, Any]:
    present = {lang: parts for lang, parts in facts.shards.items() if parts}
    kept = sum(shard.kept for parts in present.values() for shard in parts)
    of_images = [s["image_license"] for s in facts.sources if s["image_license"]]
    license_id = dataset_license([*(s["license"] for s in facts.sources), *of_images, facts.model_license])
    tags = sorted({language(code).hub_language for code in present})
    metadata: dict[str, Any] = {"pretty_name": facts.name, "license": license_id}
    if license_id == "other":
        metadata |= {"license_name": "mixed-see-column"}
    metadata |= {
        "language": tags,
        "language_bcp47": [language(code).bcp47 for code in present],
        "multilinguality": ["multilingual", "translation"],
        "annotations_creators": ["machine-generated", "found"],
        "language_creators": ["machine-generated"],
        "size_categories": [next((label for bound, label in SIZES if kept < bound), "n>1M")],
        "tags": ["image", "multilingual", "translation", "glotmill"],
    }
    configs, infos = [], []
    features = Features.from_arrow_schema(facts.schema)._to_yaml_list()
    for name, folders, filtered, parts in _configs(present, facts.unreliable):
        splits = _splits(parts, filtered=filtered)
        files = [{"split": split, "path": _patterns(folders, split, parts)} for split in splits]
        config: dict[str, Any] = {"config_name": name, "data_files": files}
        if filtered:
            config["filters"] = [["keep", "==", True]]
        configs.append(config)
        sizes = [
            {"name": split, "num_bytes": sum(shard.size for shard in own), "num_examples": rows}
            for split, (own, rows) in splits.items()
        ]
        infos.append({"config_name": name, "features": features, "splits": sizes})
    if facts.images:
        pattern = f"{images.CONFIG}/train-*.parquet"
        configs.append({"config_name": images.CONFIG, "data_files": [{"split": "train", "path": pattern}]})
        rows, size = (sum(shard[key] for shard in facts.images) for key in ("rows", "size"))
        split = {"name": "train", "num_bytes": size, "num_examples": rows}
        features = images.FEATURES._to_yaml_list()
        infos.append({"config_name": images.CONFIG, "features": features, "splits": [split]})
    return {**metadata, "configs": configs, "dataset_info": infos}


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


def _fairness(facts: CardFacts) -> list[str]:
    """Keep-rates of all rules and of each beside the median language's; what is far below is bold."""
    sound = {lang: sum(s.kept + sum(s.dropped.values()) for s in parts) for lang, parts in facts.shards.items()}
    lost = {lang: sum((Counter(s.dropped) for s in parts), Counter()) for lang, parts in facts.shards.items()}
    found = [share for share in shares(sound, lost) if share.rule is None or share.kept < 1]
    lines = [
        "",
        "Kept of the records that were translated, beside the median language's share; under half of it in bold.",
        "",
        "| rule | language | kept | ratio |",
        "|---|---|---:|---:|",
    ]
    for share in found:
        ratio = f"**{share.ratio:.2f}**" if share.alarm else f"{share.ratio:.2f}"
        lines.append(f"| {share.rule or 'all'} | `{share.lang}` | {share.kept:.4f} | {ratio} |")
    return lines


def _page(facts: CardFacts) -> str:
    lines = [f"# {facts.name}", ""]
    if facts.description:
        lines += [facts.description, ""]
    lines += [
        "Made with [Glotmill](https://pypi.org/project/glotmill/) by machine translation from English. "
        "`recipe.lock.yaml` is the recipe, `manifest.json` what came out.",
        "",
        "| language | config | rows | kept | dropped | failed |",
        "|---|---|---:|---:|---:|---:|",
    ]
    for lang, parts in facts.shards.items():
        rows, kept = sum(s.rows for s in parts), sum(s.kept for s in parts)
        dropped = sum(sum(s.dropped.values()) for s in parts)
        failed = sum(sum(s.failed.values()) for s in parts)
        lines.append(f"| {language(lang).name} | `{lang}` | {rows} | {kept} | {dropped} | {failed} |")
    lines += _fairness(facts)
    if facts.unreliable & set(facts.shards):
        named = ", ".join(f"`{lang}`" for lang in facts.shards if lang in facts.unreliable)
        lines += ["", f"Unreliable, because a typical translation scored no better than a shuffled one: {named}. "
                  f"They are in the config `{UNRELIABLE}` and not in `default`."]  # fmt: skip
    first = next((lang for lang, parts in facts.shards.items() if any(s.kept for s in parts)), None)
    if first:
        lines += [
            "",
            "```python",
            "from datasets import load_dataset",
            f'kept = load_dataset("PATH_OR_ID", "{first}", split="train")',
            f'every_row = load_dataset("PATH_OR_ID", "{first}_all", split="train")  # with keep and filter_reasons',
            "```",
            "",
            "Readers that do not know `datasets`' configs see every row: filter on `keep`.",
        ]
    lines += ["", "| source | revision | licence |", "|---|---|---|"]
    lines += [f"| {s['dataset']} ({s['split']}) | `{s['revision']}` | {s['license']} |" for s in facts.sources]
    lines += ["", f"Translation model: `{facts.model}`, licence {facts.model_license}.", ""]
    return "\n".join(lines)
