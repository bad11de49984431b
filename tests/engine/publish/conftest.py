"""A stand-in Hub, and publishing to it in one line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import huggingface_hub.constants
import pytest

from glotmill.engine.dataset.contents import LocalDataset
from glotmill.engine.publish.addresses import HubPlace
from glotmill.engine.publish.hub_repository import HubRepository
from glotmill.engine.publish.outcome import PublishOutcome
from glotmill.engine.publish.to_hub import HubOptions, publish_to_hub
from glotmill.engine.runs.progress import ProgressReport
from tests.hub import StandInHub


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandInHub]:
    """A Hub that the environment leads to, with a token; large files go over LFS."""
    with StandInHub() as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        monkeypatch.setenv("HF_TOKEN", server.token)
        monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_DISABLE_XET", True)
        yield server


@pytest.fixture
def publish() -> Callable[..., PublishOutcome]:
    """Publishes a folder to ``org/set``; rows are not opened, for `datasets` reads its endpoint when it is imported."""

    def go(folder: Path, revision: str | None = None, sleeps: list[float] | None = None, **options) -> PublishOutcome:
        repository = HubRepository(HubPlace("org/set", revision), write=True)
        wait = (sleeps if sleeps is not None else []).append
        chosen = HubOptions(verify_rows=False, **options)
        return publish_to_hub(LocalDataset.open(folder), repository, chosen, ProgressReport(), wait)

    return go
