"""People correct an exported memory, and what they changed wins from then on."""

from __future__ import annotations

from pathlib import Path

import orjson
import polars as pl
import pyarrow as pa
import pytest

from glotmill.engine.memory.corrections import export_tmx, import_tmx
from glotmill.engine.memory.entries import MEMORY_SCHEMA, Direction
from glotmill.engine.memory.translations import Memory
from glotmill.engine.storage.folder import Folder
from glotmill.schemas.errors import InputError
from glotmill.schemas.keys import memory_key

GERMAN = Direction("eng_Latn", "deu_Latn")
TEXTS = {"a dog": "ein Hund", "a cat": "ein Kater", "a car": "ein Auto"}


def entries(texts: dict[str, str], translator: str = "t", lang: str = "deu_Latn") -> pa.Table:
    rows = [
        {
            "key": memory_key(translator, "eng_Latn", lang, request), "translator": translator,
            "source_lang": "eng_Latn", "target_lang": lang, "request": request, "text": text, "attempt": 1,
            "settings": "first", "hit_limit": False, "origin": "machine",
        }
        for request, text in texts.items()
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, schema=MEMORY_SCHEMA)


@pytest.fixture
def memory(tmp_path: Path) -> Memory:
    memory = Memory(Folder(tmp_path / "memory"))
    memory.commit(entries(TEXTS))
    memory.commit(entries({"a dog": "un chien"}, lang="fra_Latn"))
    return memory


def in_force(memory: Memory, translator: str = "t") -> dict[str, str]:
    keys = [memory_key(translator, "eng_Latn", "deu_Latn", text) for text in TEXTS]
    languages = {"source_lang": "eng_Latn", "target_lang": "deu_Latn"}
    found = memory.lookup(pl.DataFrame({"key": keys, "text": list(TEXTS), **languages}))
    return dict(found.select("request", "text").iter_rows())


def edit(path: Path, old: str, new: str) -> None:
    path.write_text(path.read_text().replace(old, new))


def test_what_a_person_changed_wins_over_every_engine_and_the_rest_stays(memory: Memory, tmp_path: Path):
    path = tmp_path / "german.tmx"
    assert export_tmx(memory, path, ("deu_Latn",)) == (3, 0)
    edit(path, "ein Kater", "eine Katze")
    count = import_tmx(memory, path)
    assert (count.units, count.corrected, count.unchanged, count.rejected) == (3, 1, 2, {})
    assert in_force(memory) == {**TEXTS, "a cat": "eine Katze"}
    memory.commit(entries(TEXTS, "another engine"))
    assert in_force(memory, "another engine") == {**TEXTS, "a cat": "eine Katze"}


def test_a_correction_keeps_its_provenance(memory: Memory, tmp_path: Path):
    export_tmx(memory, tmp_path / "german.tmx", ("deu_Latn",))
    edit(tmp_path / "german.tmx", "<tuv", '<tuv changeid="Anna"')
    edit(tmp_path / "german.tmx", "ein Kater", "eine Katze")
    import_tmx(memory, tmp_path / "german.tmx")
    row = memory.winners(GERMAN).row(by_predicate=pl.col("origin") == "human", named=True)
    provenance = orjson.loads(row["provenance"])
    assert (provenance["file"], provenance["by"], len(provenance["sha256"])) == ("german.tmx", "Anna", 64)


def test_importing_the_same_file_again_changes_nothing(memory: Memory, tmp_path: Path):
    export_tmx(memory, tmp_path / "x.tmx")
    edit(tmp_path / "x.tmx", "ein Kater", "eine Katze")
    import_tmx(memory, tmp_path / "x.tmx")
    again = import_tmx(memory, tmp_path / "x.tmx")
    assert (again.units, again.corrected, again.unchanged) == (4, 0, 4)
    assert len(memory.corrections.live()) == 1


def test_a_correction_can_be_corrected_and_taken_back(memory: Memory, tmp_path: Path):
    export_tmx(memory, tmp_path / "old.tmx")
    for wording in ("eine Katze", "die Katze"):
        export_tmx(memory, tmp_path / "new.tmx")
        edit(tmp_path / "new.tmx", in_force(memory)["a cat"], wording)
        assert import_tmx(memory, tmp_path / "new.tmx").corrected == 1
        assert in_force(memory)["a cat"] == wording
    assert import_tmx(memory, tmp_path / "old.tmx").corrected == 1
    assert in_force(memory) == TEXTS


def test_of_two_wordings_in_one_file_the_last_one_counts(memory: Memory, tmp_path: Path):
    memory.commit(entries({"a cat": "eine Mieze"}, "another engine"))
    export_tmx(memory, tmp_path / "x.tmx")
    edit(tmp_path / "x.tmx", "ein Kater", "eins")
    edit(tmp_path / "x.tmx", "eine Mieze", "zwei")
    count = import_tmx(memory, tmp_path / "x.tmx")
    assert (count.units, count.corrected, count.unchanged, count.rejected) == (5, 1, 3, {"corrected_again_below": 1})


def test_a_broken_file_imports_nothing(memory: Memory, tmp_path: Path):
    export_tmx(memory, tmp_path / "x.tmx")
    edit(tmp_path / "x.tmx", "ein Kater", "eine Katze")
    (tmp_path / "x.tmx").write_text((tmp_path / "x.tmx").read_text()[:-20])
    with pytest.raises(InputError):
        import_tmx(memory, tmp_path / "x.tmx")
    assert in_force(memory) == TEXTS


def test_one_engines_wording_can_be_preferred_to_anothers(memory: Memory, tmp_path: Path):
    memory.commit(entries({"a cat": "eine Katze"}, "another engine"))
    export_tmx(memory, tmp_path / "x.tmx")
    unedited = import_tmx(memory, tmp_path / "x.tmx")
    assert (unedited.corrected, unedited.unchanged) == (0, 5)
    edit(tmp_path / "x.tmx", "ein Kater", "eine Katze")
    count = import_tmx(memory, tmp_path / "x.tmx")
    assert (count.units, count.corrected, count.unchanged, count.rejected) == (5, 1, 4, {})
    assert in_force(memory)["a cat"] == in_force(memory, "another engine")["a cat"] == "eine Katze"
    assert import_tmx(memory, tmp_path / "x.tmx").corrected == 0


def test_an_unedited_export_of_odd_texts_corrects_nothing(tmp_path: Path):
    memory = Memory(Folder(tmp_path / "odd"))
    memory.commit(entries({"a\rb": "x\r\ny", "cafe": "Cafe\u0301", "tab": "a\tb"}))
    export_tmx(memory, tmp_path / "x.tmx")
    count = import_tmx(memory, tmp_path / "x.tmx")
    assert (count.units, count.corrected) == (3, 0)
