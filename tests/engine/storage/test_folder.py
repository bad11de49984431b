"""A folder on a disk, in memory and on a real S3 server: whole files, and names that are given once."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path

import pytest

from glotmill.engine.publish.addresses import parse_place
from glotmill.engine.storage.folder import PROBE, Folder
from glotmill.schemas.errors import InputError, StoreError


@pytest.fixture(params=["disk", "memory", "s3"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Folder:
    if request.param == "disk":
        return Folder(tmp_path / "folder")
    if request.param == "memory":
        return Folder(f"memory://{tmp_path.name}")
    return Folder(f"{request.getfixturevalue('s3_bucket')}/folder")


def test_a_name_is_given_once(folder: Folder):
    assert folder.put_if_absent("1.parquet", b"first")
    assert not folder.put_if_absent("1.parquet", b"second")
    assert folder.read("1.parquet") == b"first"
    assert folder.size("1.parquet") == 5


def test_a_folder_that_was_never_written_to_is_empty(folder: Folder):
    assert folder.names() == []


def test_files_are_listed_overwritten_and_deleted_at_once(folder: Folder):
    for name in ("b", "a"):
        folder.put_if_absent(name, b"x")
    folder.child("inner").put_if_absent("c", b"x")
    assert folder.names() == ["a", "b"]
    folder.overwrite("a", b"other")
    assert folder.read("a") == b"other"
    folder.delete("a")
    folder.delete("a")
    assert "a" not in folder.names()
    with pytest.raises(FileNotFoundError):
        folder.read("a")


def test_a_file_is_replaced_only_as_it_was_found(folder: Folder):
    nothing = folder.held("a")
    assert nothing.data is None
    assert folder.replace("a", b"first", nothing)
    assert not folder.replace("a", b"other", nothing)
    first = folder.held("a")
    assert first.data == b"first"
    assert folder.replace("a", b"second", first)
    assert folder.read("a") == b"second"
    if not folder.url.startswith("memory://"):  # which has no condition to write under
        assert not folder.replace("a", b"late", first)
        folder.delete("a")
        assert not folder.replace("a", b"late", first)
        assert folder.held("a").data is None


def test_a_folder_that_another_process_holds_is_not_written_to(tmp_path: Path):
    folder = Folder(tmp_path)
    folder.put_if_absent("a", b"first")
    descriptor = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    assert not folder.replace("a", b"second", folder.held("a"))
    os.close(descriptor)
    assert folder.replace("a", b"second", folder.held("a"))


def test_a_file_system_without_locks_can_be_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    folder = Folder(tmp_path)
    folder.put_if_absent("a", b"first")
    assert folder.replace("a", b"second", folder.held("a"))


def test_a_usable_folder_passes_its_check(folder: Folder):
    folder.check()
    folder.check()


def test_checking_a_folder_on_disk_writes_nothing(tmp_path: Path):
    Folder(tmp_path / "memory").check()
    assert not (tmp_path / "memory").exists()


def test_a_storage_that_overwrites_is_refused(monkeypatch: pytest.MonkeyPatch):
    folder = Folder("memory://overwrites")
    monkeypatch.setattr(folder._fs, "pipe_file", lambda path, data, mode: None)
    with pytest.raises(InputError, match="no put-if-absent"):
        folder.check()


def test_a_file_where_the_folder_should_be_is_refused(tmp_path: Path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="expected a folder, found a file"):
        Folder(tmp_path / "file").check()


def test_an_unknown_storage_is_refused():
    with pytest.raises(InputError, match="nosuch://x"):
        Folder("nosuch://x")


def test_a_bucket_that_is_not_there_is_one_clear_error(s3_bucket: str):
    with pytest.raises(InputError, match="check the address and the credentials"):
        Folder("s3://nosuchbucket/memory").check()


def test_whatever_a_storage_raises_names_the_folder(monkeypatch: pytest.MonkeyPatch):
    folder = Folder("memory://broken")

    def broken(path: str) -> bytes:
        raise ZeroDivisionError("odd")

    monkeypatch.setattr(folder._fs, "cat_file", broken)
    with pytest.raises(StoreError, match="memory://broken: ZeroDivisionError: odd"):
        folder.read(PROBE)


def test_two_writers_at_once_on_s3_are_told_apart_by_asking_again(monkeypatch: pytest.MonkeyPatch):
    """S3 answers 409 while two race for a name; the library makes EBUSY of it."""
    folder = Folder("memory://races")
    real, answers = folder._fs.pipe_file, [OSError(16, "conflict"), OSError(16, "conflict")]

    def racing(*args, **kwargs):
        if answers:
            raise answers.pop()
        return real(*args, **kwargs)

    monkeypatch.setattr(folder._fs, "pipe_file", racing)
    assert folder.put_if_absent("1", b"mine")
    assert folder.read("1") == b"mine"


@pytest.mark.parametrize(
    ("address", "way"),
    [
        ("s3://AKIA:w0rd/of+power@bucket/m", "AWS_SECRET_ACCESS_KEY"),
        ("gs://a:w0rd@b/m", "GOOGLE_APPLICATION_CREDENTIALS"),
        ("sftp://me:w0rd@host/m", "FSSPEC_SFTP_PASSWORD"),
    ],
)
def test_an_address_with_a_password_is_refused_with_the_way_to_do_it(address: str, way: str):
    for use in (Folder, lambda text: parse_place(text, "--to"), lambda text: parse_place(text, "FROM", versions=True)):
        with pytest.raises(InputError) as caught:
            use(address)
        assert "w0rd" not in str(caught.value)
        if not (address.startswith("sftp") and use is not Folder):  # no place to publish to
            assert way in str(caught.value)


def test_what_a_storage_says_is_passed_on_without_secrets(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "w0rd/of+power17")
    folder = Folder("memory://x")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError("SignatureDoesNotMatch: w0rd/of+power17 (w0rd%2Fof%2Bpower17)")

    monkeypatch.setattr(folder._fs, "cat_file", refuse)
    with pytest.raises(StoreError, match=r"SignatureDoesNotMatch: \*\*\* \(\*\*\*\)"):
        folder.read("a")
