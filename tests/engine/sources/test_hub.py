"""Datasets of the Hub: read by `datasets` from a folder laid out like one; what the Hub says is a stand-in's."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import Features, Value
from datasets import Image as ImageFeature
from huggingface_hub.errors import OfflineModeIsEnabled
from PIL import Image as Pillow

from glotmill.engine.sources import hub, open_source, reader_of
from glotmill.engine.sources.hub import HubSource, pinned
from glotmill.engine.sources.shared.image_checks import ImageChecker
from glotmill.schemas.errors import InputError
from glotmill.schemas.keys import bytes_sha256

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def png(shade: int) -> bytes:
    buffer = BytesIO()
    Pillow.new("RGB", (8, 6), (shade, 0, 0)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """Parquet shards of two splits and a second config, images inside, as `push_to_hub` writes them."""
    features = Features({"uid": Value("string"), "image": ImageFeature(), "text": Value("string")})
    root = tmp_path / "dataset"
    for folder, split, start, count in (
        ("data", "train", 0, 250),
        ("data", "test", 900, 2),
        ("other", "train", 500, 3),
    ):
        rows = [
            {"uid": f"u{i}", "image": {"bytes": png(i % 256), "path": f"{i}.png"}, "text": f"Dog {i}."}
            for i in range(start, start + count)
        ]
        path = root / folder / f"{split}-00000-of-00001.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist(rows, schema=features.arrow_schema), path)
    configs = [
        {"config_name": "default", "data_files": [{"split": s, "path": f"data/{s}-*"} for s in ("train", "test")]},
        {"config_name": "other", "data_files": [{"split": "train", "path": "other/train-*"}]},
    ]
    (root / "README.md").write_text(f"---\nlicense: mit\nconfigs: {json.dumps(configs)}\n---\n")
    return root


FIELDS = {"id": "uid", "caption": "text", "image": "image"}


@pytest.fixture
def source(dataset: Path):
    def go(**keys: Any) -> HubSource:
        return HubSource.model_validate({"format": "hub", "path": dataset, "license": "mit", "fields": FIELDS, **keys})

    return go


def test_a_split_is_read_as_a_stream_with_references_to_its_images(source, samples, outcomes):
    reader = open_source("h", source())
    found = samples(reader)
    assert [sample.row_id for sample in found] == [f"u{i}" for i in range(250)]
    assert found[3].messages == (("user", "<image>"), ("assistant", "Dog 3."))
    image = found[3].images[0]
    assert (image.uri, image.image_id, image.data) == ("3.png", f"sha256:{bytes_sha256(png(3))}", png(3))
    assert [position for position, _ in outcomes(reader)][-1] == "row 250"


def test_another_split_or_config_is_read_by_its_name(source, samples):
    assert [sample.row_id for sample in samples(open_source("h", source(split="test")))] == ["u900", "u901"]
    assert [sample.row_id for sample in samples(open_source("h", source(config="other")))] == ["u500", "u501", "u502"]


def test_files_of_images_are_references_below_the_folder_wherever_it_is(tmp_path: Path, samples):
    folder = tmp_path / "pictures/train"
    folder.mkdir(parents=True)
    (folder / "a.png").write_bytes(png(1))
    (folder / "metadata.jsonl").write_text(json.dumps({"file_name": "a.png", "text": "A dog."}) + "\n")
    keys = {"format": "hub", "path": tmp_path / "pictures/../pictures", "license": "mit"}
    source = HubSource.model_validate({**keys, "fields": {"caption": "text", "image": "image"}})
    (sample,) = samples(open_source("h", source))
    assert (sample.images[0].uri, sample.messages[1]) == ("train/a.png", ("assistant", "A dog."))
    (tmp_path / "pictures").rename(tmp_path / "moved")
    assert samples(open_source("h", source.model_copy(update={"path": tmp_path / "moved"}))) == [sample]


def test_files_of_images_are_opened_where_the_recipe_asks(tmp_path: Path, samples):
    folder = tmp_path / "pictures/train"
    folder.mkdir(parents=True)
    (folder / "a.png").write_bytes(png(1))
    (folder / "metadata.jsonl").write_text(json.dumps({"file_name": "a.png", "text": "A dog."}) + "\n")
    keys = {"format": "hub", "path": tmp_path / "pictures", "license": "mit", "images": {"check": True}}
    source = pinned("h", HubSource.model_validate({**keys, "fields": {"caption": "text", "image": "image"}}))
    (sample,) = samples(reader_of("h", source))
    (check,) = ImageChecker(source.images).checked(sample).image_checks
    assert (check.status, check.sha256) == ("ok", bytes_sha256(png(1)))


def test_rows_of_our_own_names_need_no_map(tmp_path: Path, samples):
    (tmp_path / "d").mkdir()
    row = {"id": "1", "task": "vqa_open", "image": "a.jpg", "question": "What?", "answers": ["dog"]}
    (tmp_path / "d/train.jsonl").write_text(json.dumps(row) + "\n")
    source = HubSource.model_validate({"format": "hub", "path": tmp_path / "d", "license": "mit"})
    assert samples(open_source("h", source))[0].answers == ("dog",)


def test_a_folder_is_pinned_by_its_content(source, dataset: Path):
    before = pinned("h", source()).revision
    assert before is not None
    assert before.startswith("sha256:")
    assert pinned("h", source()).revision == before
    (dataset / "README.md").write_text("")
    assert pinned("h", source()).revision != before


@pytest.fixture
def on_the_hub(dataset: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """``org/dogs`` on a Hub whose main branch is at `COMMIT`; notes what `datasets` is asked for."""
    asked: dict[str, Any] = {}

    def resolve(name: str, repo: str, revision: str | None) -> tuple[str, str | None]:
        assert (repo, revision) == ("org/dogs", "main")
        return COMMIT, asked.get("license", "cc-by-4.0")

    def load(path: str, name: str | None, *, revision: str | None, **options: Any) -> Any:
        asked.update(path=path, revision=revision, **options)
        return original(str(dataset), name, **options)

    original = hub.load_dataset
    monkeypatch.setattr(hub, "resolve", resolve)
    monkeypatch.setattr(hub, "load_dataset", load)
    return asked


def of_the_hub(**keys: Any) -> HubSource:
    keys = {"format": "hub", "repo": "org/dogs", "revision": "main", "fields": FIELDS, **keys}
    return HubSource.model_validate(keys)


def test_a_branch_is_pinned_to_its_commit_and_that_commit_is_read(on_the_hub, samples):
    assert len(samples(open_source("h", of_the_hub()))) == 250
    assert (on_the_hub["path"], on_the_hub["revision"], on_the_hub["streaming"]) == ("org/dogs", COMMIT, True)


def test_dataset_commit_and_the_cards_license_are_recorded(on_the_hub):
    found = pinned("h", of_the_hub())
    assert (found.dataset, found.revision, found.license) == ("org/dogs", COMMIT, "cc-by-4.0")
    stated = pinned("h", of_the_hub(license="mit", dataset="dogs"))
    assert (stated.dataset, stated.license) == ("dogs", "mit")


def test_a_dataset_whose_card_names_no_license_needs_one_in_the_recipe(on_the_hub):
    on_the_hub["license"] = None
    with pytest.raises(InputError, match=r"sources\.h\.license: the card of 'org/dogs' names none"):
        pinned("h", of_the_hub())
    assert pinned("h", of_the_hub(license="mit")).license == "mit"


def test_without_a_network_there_is_one_line(monkeypatch: pytest.MonkeyPatch):
    def offline(*_: Any, **__: Any) -> None:
        raise OfflineModeIsEnabled("Cannot reach https://hub/api: offline mode is enabled.\nSecond line.")

    monkeypatch.setattr(hub.HfApi, "dataset_info", offline)
    with pytest.raises(InputError) as caught:
        open_source("h", of_the_hub())
    line = str(caught.value)
    assert line.startswith("sources.h.repo: cannot find the dataset 'org/dogs' at 'main' on the Hub: Cannot reach")
    assert "\n" not in line


def test_a_network_that_goes_away_is_one_line_that_says_how_far_it_was(source, monkeypatch: pytest.MonkeyPatch):
    reader = open_source("h", source())

    class Broken:
        def iter(self, **_: Any) -> Any:
            yield pa.table({"uid": ["u0"], "text": ["A dog."]})
            raise ConnectionError("reset by peer")

    monkeypatch.setattr(reader, "_stream", Broken())
    with pytest.raises(InputError, match="cannot be read after 1 rows: reset by peer"):
        list(reader.rows())


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"split": "validation"}, ["validation"]),
        ({"config": "nowhere"}, ["nowhere"]),
        ({"fields": {"caption": "txt"}}, ["no column 'txt'", "text"]),
    ],
)
def test_what_the_dataset_lacks_is_one_line(source, keys: dict[str, Any], words: list[str]):
    with pytest.raises(InputError) as caught:
        open_source("h", source(**keys))
    line = str(caught.value)
    assert line.startswith("sources.h.path: ")
    assert [word for word in words if word not in line] == []
    assert "\n" not in line


def test_a_folder_that_is_none_is_refused(tmp_path: Path, source):
    with pytest.raises(InputError, match=r"sources\.h\.path: .* does not exist"):
        open_source("h", source(path=tmp_path / "nowhere"))
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="is a file"):
        open_source("h", source(path=tmp_path / "file"))


def test_bad_rows_are_rejected_alone(tmp_path: Path, reasons):
    (tmp_path / "d").mkdir()
    texts = ["A dog.", "", None, "A\x00dog.", "A dog."]
    lines = [json.dumps({"text": text, "image": "a.jpg", "n": n}) for n, text in enumerate(texts)]
    (tmp_path / "d/train.jsonl").write_text("\n".join(lines) + "\n")
    keys = {"format": "hub", "path": tmp_path / "d", "license": "mit"}
    fields = {"caption": "text", "image": "image", "id": "n"}
    reader = open_source("h", HubSource.model_validate({**keys, "fields": fields}))
    assert reasons(reader) == ["ok", "empty_text.caption", "missing_field.caption", "nul_character", "ok"]


@pytest.mark.parametrize("data", [b"null\n", b'{"file_name": ' + b"[" * 100_000])
def test_a_folder_with_json_that_ends_the_parsers_process_is_refused(tmp_path: Path, data: bytes):
    (tmp_path / "0.png").write_bytes(png(1))
    (tmp_path / "metadata.jsonl").write_bytes(data)
    stated = {"format": "hub", "path": tmp_path, "license": "mit", "fields": {"caption": "caption"}}
    with pytest.raises(InputError, match=r"metadata\.jsonl: .* expected rows that are JSON objects"):
        open_source("h", HubSource(**stated))


def test_a_folder_with_a_name_that_is_not_utf8_is_refused(dataset: Path, source):
    (dataset / "data" / "\udcff.png").write_bytes(png(1))
    with pytest.raises(InputError, match=r"sources\.h\.path: .* is not UTF-8; rename the file"):
        open_source("h", source(revision="1"))
