"""mBLIP's recipe with its noun-phrase step, offline, with spaCy and the model that the extra ``nouns`` installs."""

from __future__ import annotations

import json
import socket

import orjson
import polars as pl
import pytest
import yaml

from tests.integration.test_recipe_files import FOUR, overrides

pytest.importorskip("spacy", reason="the nouns extra is not installed; make test-nouns")

FAKE = ("translate={engine: fake}", "score.scorers=[integrity, nmt]", "filter={}", "workers=0")
WEB = {"A wet dog on the beach": 40, "A dog beside a cat": 12, "Three unicorns in a valley": 3, "It is what it is": 2}


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        msg = "a build that should be offline opened a connection"
        raise AssertionError(msg)

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def test_mblip_balances_its_web_captions_offline_and_again_to_the_same_bytes(run, official, tmp_path, no_network):
    captions = [caption for caption, count in WEB.items() for _ in range(count)]
    web = [{"url": f"http://example.org/{i}.jpg", "caption": caption} for i, caption in enumerate(captions)]
    official["web"].write_text(json.dumps(web), encoding="utf-8")
    summary = run("mblip", *overrides("mblip", official), *FAKE, FOUR, out="mblip", memory=tmp_path / "memory")

    lock = yaml.safe_load((summary.dataset / "recipe.lock.yaml").read_text(encoding="utf-8"))
    assert [step["step"] for step in lock["clean"]] == ["noun_phrases"]  # as the recipe ships it: min 10, max 30
    rejected = pl.read_parquet(tmp_path / "mblip" / "samples" / "rejected.parquet").filter(source="web")
    assert rejected["reason"].unique().to_list() == ["clean.noun_phrases"]
    samples = pl.read_parquet(tmp_path / "mblip" / "samples" / "web.parquet")
    kept = samples["source_messages"].explode().struct.field("content").to_list()
    count = summary.sources["web"]
    assert (count.samples, count.rejected) == (samples.height, rejected.height)
    assert samples.height + rejected.height == len(captions)
    # "cat" and "dog" have 12 captions in one; of "wet dog" and "beach" the first 30 by rank stay; the rest is rare.
    assert {caption: kept.count(caption) for caption in WEB} == dict(zip(WEB, (30, 12, 0, 0), strict=True))
    assert summary.mix.sources["web"].unassigned == 0

    facts = orjson.loads((summary.dataset / "manifest.json").read_bytes())["noun_phrases"]
    assert facts.keys() == {"en_core_web_sm"}
    assert facts["en_core_web_sm"].keys() == {"version", "spacy"}

    again = run("mblip", *overrides("mblip", official), *FAKE, FOUR, out="second", memory=tmp_path / "memory")
    first, second = (
        {path.relative_to(root): path.read_bytes() for path in root.rglob("*") if path.is_file()}
        for root in (summary.dataset, again.dataset)
    )
    assert first == second
