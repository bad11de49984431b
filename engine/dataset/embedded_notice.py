"""What is said of a dataset wherever people decide about it, once the embedded model translated a record of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from glotmill.engine.dataset.shards import Shard
from glotmill.engine.embedded import MODEL_DIR
from glotmill.schemas.keys import file_sha256

NOTICE = "demonstration model: do not train on this"
WEIGHTS = "model.bin"


def notice(translators: Mapping[str, Mapping[str, Any]], shards: Mapping[str, Sequence[Shard]]) -> str | None:
    """`NOTICE` with the number of records that the embedded model translated; None where it translated none.

    Args:
        translators: What the manifest says of the engines, whatever each of them did.
        shards: Shards by language. One that an earlier version packed says nothing of models: then the model counts
            as having translated its records.
    """
    names = set(_names(translators.values()))
    parts = [shard for own in shards.values() for shard in own]
    if not names or not parts:
        return None
    if any(shard.models is None for shard in parts):
        return f"{NOTICE}; the embedded model translated records of it"
    # A model has one name in a dataset, so nobody counts twice; a copy under another name could.
    rows = max(sum((shard.models or {}).get(name, 0) for shard in parts) for name in names)
    total = sum(shard.rows for shard in parts)
    return f"{NOTICE}; the embedded model translated {rows:,} of {total:,} records" if rows else None


def _names(translators: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    """The names that the embedded model has among the engines: its own, or that of a copy of its files."""
    for facts in translators:
        name = str(facts["model"])
        if name.startswith("embedded@") or facts.get("checksums", {}).get(WEIGHTS) == _weights():
            yield name


@lru_cache(maxsize=1)
def _weights() -> str:
    return file_sha256(MODEL_DIR / WEIGHTS)
