from __future__ import annotations

import gzip
import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from glotmill.schemas.errors import InputError

CAPTIONS = [("a.jpg", "A dog."), ("https://i.org/b.png", "A brown dog.")]


def table(separator: str, header: bool = True) -> str:
    rows = [("image", "caption"), *CAPTIONS] if header else CAPTIONS
    return "".join(separator.join(row) + "\n" for row in rows)


OBJECTS = [{"image": image, "caption": caption} for image, caption in CAPTIONS]
FILES = {
    "list.tsv": table("\t"),
    "list.csv": table(","),
    "list.jsonl": "".join(json.dumps(row) + "\n" for row in OBJECTS),
    "list.json": json.dumps(OBJECTS),
}


@pytest.fixture
def pairs(opened):
    return lambda content, file="list.tsv", **keys: opened(content, file=file, format="image_text", **keys)


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("packed", [False, True])
def test_every_layout_gives_the_same_samples(pairs, samples, file: str, packed: bool):
    content = FILES[file].encode()
    found = samples(pairs(gzip.compress(content), file + ".gz") if packed else pairs(content, file))
    assert [(sample.images[0].uri, sample.messages) for sample in found] == [
        (image, (("user", "<image>"), ("assistant", caption))) for image, caption in CAPTIONS
    ]
    assert {sample.task for sample in found} == {"caption"}
    assert [sample.row_id for sample in found] == [sample.row_id for sample in samples(pairs(FILES["list.tsv"]))]


def test_the_capfilt_list_of_blip_is_read_as_it_is(pairs, samples):
    rows = [{"url": "http://i.org/1.jpg", "caption": "a dog "}, {"url": "http://i.org/2.jpg", "caption": "two dogs"}]
    found = samples(pairs(rows, "ccs_synthetic_filtered_large.json"))
    assert [(sample.images[0].uri, sample.messages[1][1]) for sample in found] == [
        ("http://i.org/1.jpg", "a dog"), ("http://i.org/2.jpg", "two dogs"),
    ]  # fmt: skip


def test_a_file_without_a_header_is_read_by_columns_that_the_recipe_names(pairs, samples):
    reader = pairs("a very typical bus station\thttp://i.org/1.jpg\n", "Train_GCC.tsv", columns=["caption", "url"])
    (sample,) = samples(reader)
    assert (sample.images[0].uri, sample.messages[1][1]) == ("http://i.org/1.jpg", "a very typical bus station")


def test_columns_and_dotted_paths_of_other_names(pairs, samples):
    fields = {"caption": "TEXT", "image": "URL", "id": "key"}
    (row,) = samples(pairs("key\tURL\tTEXT\n7\ta.jpg\tA dog.\n", fields=fields))
    assert (row.row_id, row.images[0].uri) == ("7", "a.jpg")
    nested = {"meta": {"captions": ["A cat.", "A dog."], "id": 9}, "file": {"name": "b.jpg"}}
    fields = {"caption": "meta.captions.1", "image": "file.name", "id": "meta.id"}
    (row,) = samples(pairs([nested], "x.json", fields=fields))
    assert (row.row_id, row.images[0].uri, row.messages[1][1]) == ("9", "b.jpg", "A dog.")


def test_a_row_without_an_id_is_known_by_its_content(pairs, samples):
    first, second = samples(pairs("image\tcaption\na.jpg\tA dog.\nb.jpg\tA dog.\n"))
    assert first.row_id.startswith("content:")
    assert first.row_id != second.row_id
    assert samples(pairs("caption\timage\nA dog.\ta.jpg\n"))[0].row_id == first.row_id


def test_names_of_images_are_put_after_the_base_and_urls_stay(pairs, samples):
    found = samples(pairs(FILES["list.csv"], "list.csv", images={"base": "images/"}))
    assert [sample.images[0].uri for sample in found] == ["images/a.jpg", "https://i.org/b.png"]


def test_quotes_and_line_breaks_of_csv_are_understood_and_those_of_tsv_are_text(pairs, samples, outcomes):
    reader = pairs('image,caption\na.jpg,"A ""big"" dog,\nand a cat."\nb.jpg,A dog.\n', "list.csv")
    assert [sample.messages[1][1] for sample in samples(reader)] == ['A "big" dog,\nand a cat.', "A dog."]
    assert [position for position, _ in outcomes(reader)] == ["line 2", "line 4"]
    (sample,) = samples(pairs('image\tcaption\na.jpg\t"A dog\n'))
    assert sample.messages[1][1] == '"A dog'


@pytest.mark.parametrize("file", ["list.tsv", "list.csv"])
@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("a.jpg", "cell_count"),
        ("a.jpg|A dog.|x", "cell_count"),
        ("a.jpg|", "missing_field.caption"),
        ("a.jpg|  ", "empty_text.caption"),
        ("|A dog.", "missing_field.image"),
        ("a.jpg|A\x00dog.", "nul_character"),
        ("a.jpg|A caf\udce9.", "bad_unicode"),
        ("caf\udce9.jpg|A dog.", "bad_unicode"),
        ("a.jpg|An <image>.", "image_marker_outside_user_turn"),
    ],
)
def test_a_bad_row_of_a_table_is_rejected_alone(pairs, reasons, file: str, row: str, reason: str):
    separator = "\t" if file == "list.tsv" else ","
    content = f"image|caption\n{row}\nb.jpg|A dog.\n".replace("|", separator)
    assert reasons(pairs(content.encode("utf-8", "surrogateescape"), file)) == [reason, "ok"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("text", "not_an_object"),
        ({"image": "a.jpg"}, "missing_field.caption"),
        ({"image": "a.jpg", "caption": ["A dog."]}, "wrong_type.caption"),
        ({"image": "a.jpg", "caption": ""}, "empty_text.caption"),
        ({"image": "a.jpg", "caption": "\ud83d"}, "bad_unicode"),
        ({"image": "\ud83d.jpg", "caption": "A dog."}, "bad_unicode"),
        ({"image": 3, "caption": "A dog."}, "not_an_object"),
        ({"image": None, "caption": "A dog."}, "missing_field.image"),
        ({"caption": "A dog."}, "missing_field.image"),
    ],
)
def test_a_bad_object_is_rejected_alone(pairs, reasons, row: Any, reason: str):
    assert reasons(pairs([row, {"image": "b.jpg", "caption": "A dog."}], "x.json")) == [reason, "ok"]


def test_a_quote_that_never_ends_fails_rows_and_not_the_file(pairs, reasons):
    rows = "".join(f"{i}.jpg,A dog number {i}.\n" for i in range(20_000))
    found = reasons(pairs(f'image,caption\nx.jpg,"A dog\n{rows}', "list.csv"))
    assert found[0] == "bad_csv"
    assert found.count("bad_csv") == 1
    assert found.count("ok") > 10_000


@pytest.mark.parametrize(
    ("content", "file", "keys", "words"),
    [
        ("", "a.tsv", {}, ["first line", "columns"]),
        ("caption\tpicture\nA\tb\n", "a.tsv", {}, ["no column 'image'", "picture"]),
        ("A dog.\ta.jpg\n", "a.tsv", {}, ["no column 'caption'", "'columns'"]),
        ("a,b,a\n1,2,3\n", "a.csv", {"fields": {"caption": "b", "image": "a"}}, ["appears twice"]),
        ("A dog.\ta.jpg\n", "a.tsv", {"columns": ["caption", "x"]}, ["no column 'image'", "x"]),
        ("x", "captions.txt", {}, ["'.txt'", "layout", ".tsv"]),
        ("{}", "a.json", {}, ["a list of objects", "dict"]),
        ("[", "a.json", {}, ["not JSON"]),
        ("[]", "a.json", {"columns": ["a"]}, ["'columns' are for tsv and csv"]),
        (gzip.compress(b"a\tb\n" * 9999, mtime=0)[:30], "a.tsv.gz", {}, ["gzip"]),
    ],
)
def test_a_file_that_is_unreadable_as_a_whole_is_one_line(pairs, content, file: str, keys: dict, words: list[str]):
    with pytest.raises(InputError) as caught:
        list(pairs(content, file, **keys).rows())
    line = str(caught.value)
    assert line.startswith("sources.s.path: ")
    assert "\n" not in line
    assert [word for word in words if word not in line] == []


def test_the_layout_can_be_told_where_the_name_does_not(pairs, samples):
    assert len(samples(pairs(FILES["list.csv"], "captions.txt", layout="csv"))) == 2


@pytest.mark.parametrize("file", ["big.tsv", "big.csv", "big.json", "big.jsonl"])
def test_memory_does_not_grow_with_the_file(pairs, tmp_path: Path, file: str):
    caption = "A dog. " * 100
    row = json.dumps({"image": "a.jpg", "caption": caption})
    content = {
        "big.tsv": "image\tcaption\n" + f"a.jpg\t{caption}\n" * 20_000,
        "big.csv": "image,caption\n" + f"a.jpg,{caption}\n" * 20_000,
        "big.jsonl": f"{row}\n" * 20_000,
        "big.json": "[" + ",".join([row] * 20_000) + "]",
    }[file]
    tracemalloc.start()
    reader = pairs(content, file)
    del content
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]
    assert sum(1 for _ in reader.rows()) == 20_000
    peak = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    assert peak < 8e6
