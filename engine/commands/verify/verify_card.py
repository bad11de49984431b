"""Whether the numbers at the head of a card are those of the data that its configs load."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml

from glotmill.engine.dataset.card.card_files import parted
from glotmill.engine.dataset.shards import Shard
from glotmill.schemas.errors import one_line

CARD = "README.md"
KEPT_ONLY = [["keep", "==", True]]


def card_problems(
    dataset: Path, shards: Mapping[str, Sequence[Shard]], images: Sequence[Mapping[str, Any]]
) -> Iterator[str]:
    """What is wrong with the counts of ``README.md``.

    Args:
        dataset: The dataset's folder.
        shards: Shards by language, with the rows, kept rows and bytes that were counted in them.
        images: The manifest's entries of the files with images.
    """
    try:
        head = yaml.safe_load(parted((dataset / CARD).read_text(encoding="utf-8"))[0])
        configs = {config["config_name"]: config for config in head["configs"]}
        infos = {info["config_name"]: info["splits"] for info in head["dataset_info"]}
    except (OSError, ValueError, LookupError, TypeError, yaml.YAMLError) as error:
        yield f"has no head with configs and dataset_info: {one_line(error)}"
        return
    for name in sorted(configs.keys() ^ infos.keys()):
        yield f"the config {name} stands under {'configs' if name in configs else 'dataset_info'} only"
    for lang, parts in shards.items():
        wanted = [f"{lang}_all"] * any(s.rows for s in parts) + [lang] * any(s.kept for s in parts)
        yield from (f"there is no config {name}" for name in wanted if name not in configs)
    files = [(s.path, s.rows, s.kept, s.size) for parts in shards.values() for s in parts]
    files += [(item["path"], item["rows"], item["rows"], item["size"]) for item in images]
    for name in sorted(configs.keys() & infos.keys()):
        counted = dict(_counted(configs[name], files))
        stated = {split["name"]: (split["num_examples"], split["num_bytes"]) for split in infos[name]}
        for split in sorted(counted.keys() | stated.keys()):
            rows, size = counted.get(split, (0, 0))
            told_rows, told_size = stated.get(split, (0, 0))
            if rows != told_rows:
                yield f"{name}, {split}: {told_rows:,} examples, but {rows:,} counted"
            if size != told_size:
                yield f"{name}, {split}: {told_size:,} bytes, but {size:,} counted"


def _counted(
    config: Mapping[str, Any], files: Sequence[tuple[str, int, int, int]]
) -> Iterator[tuple[str, tuple[int, int]]]:
    """(split, (rows, bytes)) of a config, from the files that its patterns match."""
    kept_only = config.get("filters") == KEPT_ONLY
    for entry in config["data_files"]:
        patterns = entry["path"] if isinstance(entry["path"], list) else [entry["path"]]
        own = [file for file in files if any(fnmatchcase(file[0], pattern) for pattern in patterns)]
        yield entry["split"], (sum(f[2] if kept_only else f[1] for f in own), sum(f[3] for f in own))
