"""Shards that are about to be sent: here, unchanged, and all of one schema."""

from __future__ import annotations

import pyarrow as pa

from glotmill.engine.dataset.contents import LocalDataset
from glotmill.engine.publish.pull_record import Pulled
from glotmill.engine.publish.whole_shards import fetch_shards
from glotmill.engine.runs.progress import ProgressReport


def ready_shards(local: LocalDataset, paths: list[str], progress: ProgressReport, *, fetch: bool) -> None:
    """Check shards; of a pulled dataset, bring first what was left where it came from.

    Args:
        local: The dataset.
        paths: The shards.
        progress: Shows how it gets on.
        fetch: Whether to bring what is missing; if not, only what is here is checked.

    Raises:
        InputError: A shard is missing, was changed, or has other columns than the rest.
    """
    missing = [path for path in paths if not (local.root / path).is_file()]
    if missing and Pulled.of(local.folder) is not None:
        if fetch:
            fetch_shards(local.folder, missing, progress)
        else:
            paths = [path for path in paths if path not in missing]
    schemas: dict[str, pa.Schema] = {}
    with progress.stage("check", "shards") as stage:
        for path in paths:
            kind = path.partition("/")[0]  # records, or images
            schemas[kind] = local.check(path, schemas.get(kind))
            stage.advance(1, total=len(paths))
