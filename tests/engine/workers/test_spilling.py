"""What Ray writes to the disk for want of memory is noted, each time that it changes."""

from __future__ import annotations

from pathlib import Path

from glotmill.engine.workers import spilling
from glotmill.engine.workers.spilling import SpillWatch


def test_a_change_of_the_spilled_bytes_is_noted_once(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(spilling, "EVERY_S", 0.0)
    noted: list[int] = []
    watch = SpillWatch(lambda name, **values: noted.append(values["bytes"]))
    watch.look(tmp_path)
    folder = tmp_path / "ray_spilled_objects_1"
    folder.mkdir()
    (folder / "a").write_bytes(b"12345")
    for _ in range(2):
        watch.look(tmp_path)
    (folder / "a").unlink()
    watch.look(tmp_path)
    watch.look(None)
    assert noted == [5, 0]
