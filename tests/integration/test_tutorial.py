"""docs/tutorial.md, word for word: each command in order, in an empty folder."""

from __future__ import annotations

import pytest

from tests.integration.documents import blocks, walk


def commands() -> list[tuple[str, str]]:
    return blocks("docs/tutorial.md")


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("tutorial")
    said = walk(commands(), folder)
    assert (folder / "outputs" / "my_captions" / "report.html").exists()
    assert (folder / "published" / "README.md").exists()
    return said


def said_by(outputs: list[str], command: str) -> str:
    return "".join(out for (_, text), out in zip(commands(), outputs, strict=True) if command in text)


def test_every_command_of_the_tutorial_works(outputs: list[str]):
    assert len(outputs) == len(commands()) > 8


def test_it_builds_keeps_most_rows_and_shows_them(outputs: list[str]):
    assert "48 rows read = 48 samples + 0 rejected" in said_by(outputs, "glotmill build")
    assert "translated back" in said_by(outputs, "glotmill show")
    assert "round_trip.chrf" in said_by(outputs, "glotmill refilter")
    assert "outputs/my_captions: finished" in said_by(outputs, "glotmill status")
    assert "assistant" in said_by(outputs, "load_dataset")


def test_the_plan_after_the_refilter_has_nothing_to_do(outputs: list[str]):
    assert said_by(outputs, "glotmill plan").endswith("translator: no calls\n")
    assert "reuse" in said_by(outputs, "glotmill plan")
