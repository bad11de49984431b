"""A translate stage with its memory and its run in a folder of the test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from glotmill.engine.memory.entries import Direction
from glotmill.engine.memory.translations import Memory
from glotmill.engine.runs.run import Run
from glotmill.engine.storage.folder import Folder
from glotmill.engine.translation.back_translation import back_requests
from glotmill.engine.translation.language_entries import LanguageEntries
from glotmill.engine.translation.requests import RequestSource, Segments
from glotmill.engine.translation.stage import TranslateStage
from glotmill.engine.translators import resolve_translator
from glotmill.engine.translators.fake import FakeTranslate
from glotmill.engine.workers.pool import make_pool


def segments(*texts: str, lang: str = "deu_Latn", asked: int = 1) -> Segments:
    made = Segments()
    made.add("eng_Latn", (lang,), list(texts) * asked)
    return made


def add(asked: Segments, *texts: str, lang: str) -> Segments:
    asked.add("eng_Latn", (lang,), list(texts))
    return asked


GERMAN = Direction("eng_Latn", "deu_Latn")


class Killed(BaseException):
    pass


class Bench:
    """A stage with a memory and a run in a folder of the test."""

    def __init__(self, folder: Path, **engine: Any) -> None:
        self.folder = folder
        self.spec = resolve_translator(
            FakeTranslate(engine="fake", **{"batch_tokens": 32, "unit_tokens": 64, **engine})
        )
        self.memory = Memory(Folder(folder / "memory"))

    def phase(self, phase: str, asked: RequestSource, digest: str = "aaaa", retry_failed: bool = False):
        """(the stage, the counts of one phase)"""
        run = Run.open(self.folder, {}, digest)
        with make_pool(self.spec, 0) as pool:
            stage = TranslateStage(self.spec, self.memory, run, pool)
            return stage, stage.translate(phase, asked, retry_failed=retry_failed, advance=lambda *_: None)

    def do(self, asked: Segments, digest: str = "aaaa", retry_failed: bool = False):
        """(entries into German, or into the only language; counts)"""
        stage, count = self.phase("forward", asked, digest, retry_failed)
        return stage.entries("forward", asked.directions()[0]), count

    def killed_after(self, units: int, asked: Segments) -> None:
        """Do the forward phase until so many units are committed."""
        left = units + 1  # the first call says that the workers are ready

        def advance(*_: int) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                raise Killed

        with make_pool(self.spec, 0) as pool:
            stage = TranslateStage(self.spec, self.memory, Run.open(self.folder, {}, "aaaa"), pool)
            with pytest.raises(Killed):
                stage.translate("forward", asked, retry_failed=False, advance=advance)

    def there_and_back(self, asked: Segments) -> list[tuple]:
        """(request, translation, back-translation, whether that failed) into German"""
        stage, _ = self.phase("forward", asked)
        self.phase("back", back_requests(stage, asked))
        rows = LanguageEntries(stage, asked, returned=True).into("deu_Latn")
        return rows.select("text", "translation", "back", "back_failed").rows()


def paths(bench: Bench) -> list[Path]:
    translations = bench.memory.translations
    return [Path(translations.folder.location(file.name)) for file in translations.live()]


TEXTS = tuple(
    f"A dog and {word} cats."
    for word in ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
)
