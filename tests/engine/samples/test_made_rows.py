"""Files are read by portion, and nobody can tell from what comes out."""

from __future__ import annotations

import gzip
import json
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from glotmill.engine.commands import make_samples
from glotmill.engine.commands.load_recipe import load_recipe
from glotmill.engine.samples.ingest import ingest
from glotmill.engine.samples.made_rows import in_turn, make_portion
from glotmill.engine.sources import OpenSource, open_sources, parquet
from glotmill.engine.sources.contract import PortionedReader
from glotmill.engine.sources.shared import text_files
from glotmill.schemas.errors import InputError

PORTION_BYTES = 300  # three rows or so


def line(number: int, row_id: str, caption: str = "A dog runs.") -> bytes:
    row = {"id": row_id, "task": "caption", "image": f"{number}.jpg", "caption": f"{caption} {number}"}
    return json.dumps(row).encode()


ODD = {3: b"", 5: b"{not json", 8: b"   ", 9: b'{"id": "x", "task": "caption", "caption": ""}', 11: b"\xff\xfe"}


def captions(path: Path, rows: int = 60) -> Path:
    """Captions with blank and broken lines, returns, ids that stood in another portion, and no last line feed."""
    lines = [ODD.get(n % 17) if n % 17 in ODD else line(n, f"c{n // 2 if n % 7 == 6 else n}") for n in range(rows)]
    ends = [b"\r\n" if n % 4 else b"\n" for n in range(rows - 1)]
    path.write_bytes(b"\xef\xbb\xbf" + b"".join(a + b for a, b in zip(lines, [*ends, b""], strict=True)))
    return path


def source_of(recipe_file, path: Path, **stated: Any) -> OpenSource:
    source = {"format": path.suffix[1:], "path": str(path), "license": "cc0-1.0", **stated}
    (opened,) = open_sources(load_recipe(str(recipe_file(sources={"small": source}))))
    return opened


def ingested(source: OpenSource, folder: Path, **options: Any) -> tuple[pa.Table, list[tuple[Any, ...]], Any]:
    counts = ingest([source], folder, limit=None, advance=lambda _: None, **options)
    rejected = pq.read_table(folder / "rejected.parquet").select(["position", "reason", "detail"]).to_pylist()
    return pq.read_table(folder / "small.parquet"), [tuple(row.values()) for row in rejected], counts["small"]


@pytest.fixture
def small_portions(monkeypatch) -> None:
    monkeypatch.setattr(text_files, "PORTION_BYTES", PORTION_BYTES)
    monkeypatch.setattr(text_files, "LONGEST_LINE", 600)
    monkeypatch.setattr(text_files, "CHUNK", 50)
    monkeypatch.setattr(parquet, "PORTION_ROWS", 20)


@pytest.mark.usefixtures("small_portions")
def test_portions_of_lines_are_the_file_from_its_beginning(recipe_file, tmp_path: Path):
    path = captions(tmp_path / "samples.jsonl")
    long = line(99, "long", "x" * 2000)
    path.write_bytes(path.read_bytes() + b"\n" + long + b"\n" + line(100, "c100") + b"\n" + long)
    source = source_of(recipe_file, path)
    reader = source.reader
    assert isinstance(reader, PortionedReader)
    portions = reader.portions()
    assert len(portions) > 10
    rows = [(place, str(raw)) for portion in portions for place, raw in reader.rows_of(portion)]
    assert rows == [(place, str(raw)) for place, raw in reader.rows()]
    assert rows[-1][1].startswith("line_too_long")


@pytest.mark.usefixtures("small_portions")
def test_a_file_in_portions_gives_the_samples_and_rejections_of_one_read_as_a_stream(recipe_file, tmp_path: Path):
    path = captions(tmp_path / "samples.jsonl")
    portioned = ingested(source_of(recipe_file, path), tmp_path / "portions")
    path.write_bytes(gzip.compress(path.read_bytes()))
    source = source_of(recipe_file, path, revision=portioned[0]["source"][0]["revision"].as_py())
    assert isinstance(source.reader, PortionedReader)
    assert source.reader.portions() == []
    assert ingested(source, tmp_path / "stream") == portioned
    assert {"duplicate_row_id", "bad_json"} < {reason for _, reason, _ in portioned[1]}
    places = [int(place.split()[1]) for place, *_ in portioned[1]]
    assert places == sorted(places)


@pytest.mark.usefixtures("small_portions")
def test_row_groups_are_portions_unless_they_are_too_large(recipe_file, tmp_path: Path, monkeypatch):
    path = tmp_path / "samples.parquet"
    rows = [json.loads(line(n, f"c{n // 2 if n % 7 == 6 else n}", "" if n % 5 else "A cat.")) for n in range(100)]
    pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=7)
    source = source_of(recipe_file, path)
    assert isinstance(source.reader, PortionedReader)
    assert [(each.before, each.groups) for each in source.reader.portions()][:2] == [(0, [0, 1, 2]), (21, [3, 4, 5])]
    portioned = ingested(source, tmp_path / "portions")
    assert portioned[2].read == 100
    assert portioned[1]
    monkeypatch.setattr(parquet, "MOST_ROWS", 6)
    assert source.reader.portions() == []
    assert ingested(source, tmp_path / "stream") == portioned


@pytest.mark.usefixtures("small_portions")
def test_portions_are_made_by_copies_of_the_source_that_travel_to_other_processes(recipe_file, tmp_path: Path):
    source = source_of(recipe_file, captions(tmp_path / "samples.jsonl"))
    made: list[int] = []

    def elsewhere(source: OpenSource, portions: Any) -> Iterator[Any]:
        for portion in portions:
            again, there = pickle.loads(pickle.dumps((source, portion)))
            made.append(len(made))
            yield pickle.loads(pickle.dumps(make_portion(again, there)))

    away = ingested(source, tmp_path / "away", made=elsewhere)
    assert len(made) > 10
    assert ingested(source, tmp_path / "here") == away
    for name in ("small", "rejected"):
        file = f"{name}.parquet"
        assert (tmp_path / "away" / file).read_bytes() == (tmp_path / "here" / file).read_bytes()


@pytest.mark.usefixtures("small_portions", "local_ray")
def test_tasks_of_ray_give_the_same_bytes(recipe_file, tmp_path: Path):
    from glotmill.engine.workers.ray_tasks import RayTasks

    source = source_of(recipe_file, captions(tmp_path / "samples.jsonl"))
    tasks = RayTasks(None, lambda *_, **__: None, at_once=2)
    away = ingested(source, tmp_path / "away", made=lambda *made: tasks.run(make_portion, *made))
    assert ingested(source, tmp_path / "here") == away
    for name in ("small", "rejected"):
        file = f"{name}.parquet"
        assert (tmp_path / "away" / file).read_bytes() == (tmp_path / "here" / file).read_bytes()


def test_a_limit_reads_no_portions(recipe_file, tmp_path: Path):
    source = source_of(recipe_file, captions(tmp_path / "samples.jsonl"))

    def refuse(_source: OpenSource, _portions: Any) -> Iterator[Any]:
        raise AssertionError

    count = ingest([source], tmp_path / "out", limit=5, advance=lambda _: None, made=refuse)["small"]
    assert (count.read, count.samples, count.rejected) == (6, 5, 1)


@pytest.mark.usefixtures("small_portions")
def test_a_pattern_that_finds_pictures_in_a_later_portion_is_of_use(recipe_file, tmp_path: Path):
    path = captions(tmp_path / "samples.jsonl")
    images = {"id": r"(?P<vg>\d+)\.png"}
    with pytest.raises(InputError, match="the pattern finds nothing"):
        ingested(source_of(recipe_file, path, images=images), tmp_path / "none")
    path.write_bytes(path.read_bytes() + b"\n" + line(100, "last").replace(b".jpg", b".png"))
    assert ingested(source_of(recipe_file, path, images=images), tmp_path / "last")[2].read > 50


def test_only_large_files_are_read_by_other_processes(recipe_file, tmp_path: Path, monkeypatch):
    """To start them takes longer than to read a small file."""
    from glotmill.engine.commands.job import prepare

    asked: list[int | None] = []

    class Tasks:
        def run(self, function: Any, shared: Any, items: Any) -> Iterator[Any]:
            return (function(shared, item) for item in items)

    def tasks(workers: int | None, **_options: Any) -> Tasks:
        asked.append(workers)
        return Tasks()

    monkeypatch.setattr(make_samples, "make_tasks", tasks)
    monkeypatch.setattr(make_samples, "FEWEST_APART", 3)
    path = captions(tmp_path / "samples.jsonl")
    source = source_of(recipe_file, path)
    made = make_samples.portions_made(prepare(load_recipe(str(recipe_file(workers=2))), out=tmp_path / "out"))
    for size in (1 << 21, PORTION_BYTES):
        monkeypatch.setattr(text_files, "PORTION_BYTES", size)
        assert isinstance(source.reader, PortionedReader)
        portions = source.reader.portions()
        rows = sum(part.rows for part in made(source, portions))
        assert rows == sum(part.rows for part in in_turn(source, portions))
    assert asked == [0, 2]
