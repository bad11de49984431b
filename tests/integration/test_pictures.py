"""One picture under several names is one picture: in splits, against evaluation sets, among duplicates, in tasks."""

from __future__ import annotations

import json
import shutil
from io import BytesIO
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest

from glotmill.engine.commands.build import build
from glotmill.engine.commands.job import prepare
from glotmill.engine.commands.load_recipe import load_recipe
from glotmill.engine.commands.plan import make_plan
from glotmill.engine.commands.verify.verify_dataset import verify
from glotmill.engine.runs.progress import ProgressReport
from glotmill.schemas.errors import InputError
from glotmill.schemas.keys import derived_id, image_id

SPLITS = {"validation": 0.25, "test": 0.25}
HELD = Path(__file__).parent.parent / "fixtures" / "round_two"


def name_2014(number: int) -> str:
    return f"http://images.cocodataset.org/val2014/COCO_val2014_{number:012}.jpg"


def name_2017(number: int) -> str:
    return f"coco/train2017/{number:012}.jpg"


def source(folder: Path, name: str, names: list[str], text: str = "Dog {n} of {name} runs.", **keys: Any) -> Any:
    """A source of captions, one an image."""
    rows = [
        {"id": f"{name}{n}", "task": "caption", "image": image, "caption": text.format(n=n, name=name)}
        for n, image in enumerate(names)
    ]
    path = folder / f"{name}.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return {"format": "jsonl", "path": str(path), "license": "mit", **keys}


@pytest.fixture
def coco(tmp_path: Path):
    """Sources of the same 80 pictures under their names of two years."""

    def go(**keys: Any) -> dict[str, Any]:
        return {
            "old": source(tmp_path, "old", [name_2014(n) for n in range(80)], **keys),
            "new": source(tmp_path, "new", [name_2017(n) for n in range(80)], **keys),
        }

    return go


def records(out: Path, lang: str = "deu_Latn") -> pl.DataFrame:
    return pl.read_parquet(sorted((out / f"dataset/data/{lang}").glob("*.parquet")), include_file_paths="file")


def splits_of_numbers(out: Path) -> dict[str, set[str]]:
    """The splits that each number of COCO stands in, told from URIs alone."""
    rows = records(out).select(
        number=pl.col("image_refs").list.first().struct.field("uri").str.extract(r"(\d{12})\.jpg$"),
        split=pl.col("file").str.extract(r"(\w+)-\d+\.parquet$"),
    )
    return {number: set(part["split"]) for (number,), part in rows.partition_by("number", as_dict=True).items()}


def removed(out: Path) -> dict[str, str]:
    frame = pl.read_parquet(out / "samples/rejected.parquet")
    return dict(frame.select(pl.col("position").str.strip_prefix("row "), "reason").iter_rows())


def test_no_picture_stands_in_two_splits_under_two_names(recipe_file, run, coco, tmp_path):
    run(recipe_file(sources=coco(), splits=SPLITS))
    found = splits_of_numbers(tmp_path / "out")
    assert len(found) == 80
    assert {len(splits) for splits in found.values()} == {1}
    assert set().union(*found.values()) == {"train", "validation", "test"}


def test_a_picture_is_in_the_same_split_of_two_datasets_that_name_it_differently(recipe_file, run, coco, tmp_path):
    sources = coco()
    for name in sources:
        run(recipe_file(sources={name: sources[name]}, splits=SPLITS), out=name)
    assert splits_of_numbers(tmp_path / "old") == splits_of_numbers(tmp_path / "new")


def test_records_publish_the_key_of_each_picture(recipe_file, run, tmp_path):
    vg = r"VG_100K(?:_2)?/(?P<vg>\d+)\.jpg"
    names = [name_2014(7), "VG_100K_2/2405722.jpg", "photos/1.jpg"]
    run(recipe_file(sources={"mixed": source(tmp_path, "mixed", names, images={"id": vg})}))
    keys = records(tmp_path / "out")["image_keys"].to_list()
    assert keys == [["coco:000000000007"], ["vg:2405722"], [image_id("photos/1.jpg")]]
    assert verify(tmp_path / "out", ProgressReport(), deep=True).problems == []


def test_a_picture_of_an_evaluation_set_goes_under_its_other_name(recipe_file, run, tmp_path):
    sources = {"train": source(tmp_path, "train", [name_2017(n) for n in range(6)])}
    against = {"val": source(tmp_path, "val", [name_2014(2), name_2014(4)], "Nothing alike {n}.")}
    clean = [{"step": "contamination", "sources": ["train"], "against": against}]
    run(recipe_file(sources=sources, clean=clean))
    assert removed(tmp_path / "out") == dict.fromkeys(("train2", "train4"), "clean.contaminated_image")


def test_a_picture_meets_its_bytes_and_its_address_where_only_one_of_them_was_opened(recipe_file, run, tmp_path):
    from PIL import Image

    def png(shade: int) -> bytes:
        file = BytesIO()
        Image.new("L", (8, 8), shade).save(file, "png")
        return file.getvalue()

    for name, shade in (("a.png", 0), ("b.png", 90), ("c.png", 180), ("copy.png", 90)):
        (tmp_path / name).write_bytes(png(shade))
    images = {"base": "http://example.org/", "check": True, "folder": str(tmp_path)}
    sources = {"train": source(tmp_path, "train", ["a.png", "b.png", "c.png"], images=images)}
    opened = {"check": True, "folder": str(tmp_path), "reject": True}
    against = {
        "by_bytes": source(tmp_path, "by_bytes", ["copy.png", "gone.png"], "Nothing alike {n}.", images=opened),
        "by_name": source(tmp_path, "by_name", ["http://example.org/c.png"], "Nor here {n}."),
    }
    clean = [{"step": "contamination", "sources": ["train"], "against": against}]
    run(recipe_file(sources=sources, clean=clean))
    assert removed(tmp_path / "out") == dict.fromkeys(("train1", "train2"), "clean.contaminated_image")


def test_a_pattern_that_finds_nothing_in_an_evaluation_set_is_refused(recipe_file, run, tmp_path):
    slip = {"id": r"VG_100k/(?P<vg>\d+)"}
    against = {"val": source(tmp_path, "val", ["VG_100K/2.jpg"], images=slip)}
    recipe = recipe_file(clean=[{"step": "contamination", "sources": ["small"], "against": against}])
    with pytest.raises(InputError, match=r"clean\.against\.val\.images\.id: the pattern finds nothing"):
        run(recipe)
    assert not (tmp_path / "out/dataset").exists()
    run(recipe_file(sources={"s": source(tmp_path, "s", ["1.jpg", "VG_100K/2.jpg"], images=slip)}), "limit=1")


@pytest.mark.parametrize("step", ["exact", "near_duplicates"])
def test_the_same_caption_is_a_duplicate_on_the_same_picture_only(recipe_file, run, tmp_path, step):
    same = "A brown dog runs over the wet grass."
    sources = {
        "old": source(tmp_path, "old", [name_2014(1), name_2014(2)], same),
        "new": source(tmp_path, "new", [name_2017(2), name_2017(3)], same),
    }
    run(recipe_file(sources=sources, clean=[{"step": step, "sources": ["old", "new"]}]))
    assert list(removed(tmp_path / "out")) == ["new0"]
    run(recipe_file(sources=sources, clean=[{"step": step, "sources": ["old", "new"], "by": "text"}]))
    assert set(removed(tmp_path / "out")) == {"old1", "new0", "new1"}


def test_tasks_take_a_picture_of_two_names_for_one(recipe_file, run, tmp_path):
    names = [f(n) for n in range(4) for f in (name_2014, name_2017)]
    text = "Caption {n} of one dog on the grass."
    derive = {
        "one": {"kind": "captions", "sources": ["all"], "pick": "longest"},
        "fits": {"kind": "matching", "sources": ["all"], "negative_share": 1.0, "ranks": [1], "random_share": 0},
    }
    run(recipe_file(sources={"all": source(tmp_path, "all", names, text)}, derive=derive, templates={}))
    samples = {name: pl.read_parquet(tmp_path / f"out/samples/{name}.parquet") for name in ("all", *derive)}
    assert samples["one"]["image_keys"].to_list() == [[f"coco:{n:012}"] for n in range(4)]
    # What the rows were called before there were keys.
    assert samples["one"]["source_id"].to_list() == [derived_id(image_id(name_2014(n)), "one", "") for n in range(4)]
    keys = dict(samples["all"].select("source_id", pl.col("image_keys").list.first()).iter_rows())
    pairs = samples["fits"]["derived_from"].to_list()
    assert len(pairs) == 8
    assert all(keys[own] != keys[other] for own, other in pairs)


def without_keys(out: Path) -> None:
    """Makes the samples of a build such as they were before there were keys."""
    for path in (out / "samples").glob("*.parquet"):
        table = pq.read_table(path)
        if "image_keys" in table.column_names:
            pq.write_table(table.drop_columns(["image_keys"]), path)


def test_published_rows_that_the_key_would_move_are_refused_before_anything_is_translated_and_compact_moves_them(
    recipe_file, run, coco, tmp_path
):
    apart = {"images": {"id": r"(?P<old>.*2014.*)|(?P<new>.*2017.*)"}}
    run(recipe_file(sources=coco(**apart), splits=SPLITS))
    assert {len(splits) for splits in splits_of_numbers(tmp_path / "out").values()} == {1, 2}
    without_keys(tmp_path / "out")
    recipe = recipe_file(sources=coco(), splits=SPLITS, memory=str(tmp_path / "empty"))
    words = r"^splits: several splits .* \(\d+, such as coco:0000000000\d\d\), .* build --compact$"
    with pytest.raises(InputError, match=words):
        run(recipe)
    with pytest.raises(InputError, match=words):
        make_plan(prepare(load_recipe(str(recipe)), out=tmp_path / "out"), ProgressReport())
    assert not list((tmp_path / "empty").rglob("*.parquet"))
    run(recipe, compact=True)
    assert {len(splits) for splits in splits_of_numbers(tmp_path / "out").values()} == {1}
    assert verify(tmp_path / "out", ProgressReport()).problems == []


def test_a_build_goes_on_from_samples_without_keys(recipe_file, run, tmp_path):
    names = [name_2014(n) for n in range(30)]
    sources = {"old": source(tmp_path, "old", names)}
    run(recipe_file(sources=sources, splits=SPLITS))
    before = records(tmp_path / "out")
    without_keys(tmp_path / "out")
    sources = {"old": source(tmp_path, "old", [*names, name_2017(3), name_2017(40)])}
    summary = run(recipe_file(sources=sources, splits=SPLITS))
    assert summary.segments.translated == 4
    after = records(tmp_path / "out")
    assert after.join(before, on="record_id", how="semi", maintain_order="left").equals(before)
    assert {len(splits) for splits in splits_of_numbers(tmp_path / "out").values()} == {1}


def test_a_withdrawn_record_of_the_first_schema_gets_its_keys(tmp_path):
    held = tmp_path / "held"
    shutil.copytree(HELD, held)
    lines = (held / "samples.jsonl").read_text().splitlines(keepends=True)
    (held / "samples.jsonl").write_text("".join(lines[1:]))
    job = prepare(load_recipe(str(held / "fake.yaml")), out=held / "builds/fake", memory=held / "memory_fake")
    build(job, ProgressReport())
    rows = records(held / "builds/fake")
    gone = rows.filter(pl.col("filter_reasons").list.first() == "withdrawn")
    assert gone["image_keys"].to_list() == [[image_id("photos/0.jpg")]]
    assert verify(held / "builds/fake", ProgressReport(), deep=True).problems == []
