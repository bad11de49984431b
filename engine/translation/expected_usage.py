"""What servers with a price would read and write for requests, and what they would charge, before any is sent.

An estimate: tokens are counted as planning counts them (`estimated_tokens`), a translation as long as its source, and
each request with its instructions. Second decodes, requests that are repeated, and discounts are not in it.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from glotmill.engine.llm.prompts import load_prompts, tagged
from glotmill.engine.llm.server_section import OpenAiServer
from glotmill.engine.text.records import SEPARATOR
from glotmill.engine.translation.counts import Usage
from glotmill.engine.translators.contract import TranslatorSpec
from glotmill.engine.translators.shared.routes import Routes
from glotmill.engine.workers.unit_plan import estimated_tokens

Sent = tuple[TranslatorSpec, pl.DataFrame]  # an engine, and its requests: columns source_lang, target_lang, text


def expected_usage(sent: Iterable[Sent]) -> Usage:
    """What the engines that have a price would take; no engine with a price gives a usage without a cost."""
    total = Usage()
    for spec, requests in sent:
        if isinstance(spec.section, OpenAiServer) and spec.section.price is not None:
            total += _usage(spec.section, requests)
    return total


def expected_back(routes: Routes, requests: pl.DataFrame) -> Iterable[Sent]:
    """The back-translation of requests that have no translation yet: one each, as long as its source."""
    turned = requests.select("text", source_lang="target_lang", target_lang="source_lang")
    for (source, target), part in turned.group_by(["source_lang", "target_lang"], maintain_order=True):
        yield routes.first("back", str(source), str(target)), part


def _usage(section: OpenAiServer, requests: pl.DataFrame) -> Usage:
    prompts = load_prompts(section.prompts)
    read = wrote = 0
    whole = requests.with_columns(whole=pl.col("text").str.starts_with(SEPARATOR))
    parts = whole.group_by(["source_lang", "target_lang", "whole"], maintain_order=True)
    for (source, target, is_whole), part in parts:
        system = prompts.system("record" if is_whole else "segment", str(source), str(target))
        around = pl.select(text=pl.lit(system + tagged(""))).select(estimated_tokens()).item()
        texts = int(part.select(estimated_tokens().sum()).item())
        read += around * part.height + texts
        wrote += texts
    return Usage(requests.height, read, wrote, section.price.cost(read, wrote) if section.price else None)
