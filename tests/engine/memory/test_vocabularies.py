"""What was decided first for a model and a language holds for every build that shares the memory."""

from __future__ import annotations

import pytest

from glotmill.engine.memory.vocabularies import DecidedVocabulary, Vocabularies
from glotmill.engine.storage.folder import Folder
from glotmill.schemas.errors import InputError


def decided(**changes):
    plain = {"model": "m", "lang": "deu_Latn", "origin": "auto", "size": 64, "tokens": 16, "members": "x"}
    return DecidedVocabulary(**{**plain, **changes})


def test_the_first_decision_wins_and_is_read_back(tmp_path):
    kept = Vocabularies(Folder(tmp_path))
    assert kept.find("m", "deu_Latn", "auto") is None
    first = decided(figures={"changed": 0.25})
    assert kept.decide(first) == first
    assert kept.decide(decided(tokens=32)) == first
    assert kept.find("m", "deu_Latn", "auto") == first
    assert kept.find("m", "deu_Latn", "script") is None
    assert kept.find("m", "fra_Latn", "auto") is None


@pytest.mark.parametrize("data", [b"", b"{}", b'{"model": 1}', b"\xff", b"[" * 100])
def test_a_damaged_decision_is_one_line_that_names_the_file_and_what_to_do(tmp_path, data):
    kept = Vocabularies(Folder(tmp_path))
    kept.decide(decided())
    [path] = (tmp_path / "vocabularies").iterdir()
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"m-deu_Latn-auto\.json: .*delete it") as raised:
        kept.find("m", "deu_Latn", "auto")
    assert "\n" not in str(raised.value)


def test_a_decision_under_another_name_is_refused(tmp_path):
    kept = Vocabularies(Folder(tmp_path))
    kept.decide(decided(lang="fra_Latn"))
    folder = tmp_path / "vocabularies"
    (folder / "m-fra_Latn-auto.json").rename(folder / "m-deu_Latn-auto.json")
    with pytest.raises(InputError, match="holds the decision for fra_Latn of another model or origin; delete it"):
        kept.find("m", "deu_Latn", "auto")
