"""A folder of whole files at any fsspec URL: a disk, S3, Google Cloud Storage.

Guarantees: a file appears whole or not at all, under a name that nobody had (put-if-absent) where that is asked
for; a file that others write, too, is replaced only as it was found; nothing here depends on renaming, which object
stores lack. A storage that cannot put if absent is refused, because two builds on it would overwrite each other.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fsspec

from glotmill.engine.storage.atomic_write import put_if_absent, whole_file, write_bytes
from glotmill.engine.storage.output_path import check_new_folder
from glotmill.schemas.errors import InputError, StoreError, one_line
from glotmill.schemas.redact import has_password, password_advice

CONFLICTS = 6
EXTRAS = {"s3": "s3", "gs": "gcs"}  # what to install for a storage
PROBE = "put-if-absent.probe"
NO_LOCKS = (errno.EBADF, errno.EINVAL, errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP)  # of some network file systems
CHANGED = ("PreconditionFailed", "ConditionalRequestConflict")  # S3's words where If-Match does not hold


@dataclass(frozen=True, slots=True)
class Held:
    """A file as it was found, so that it can be replaced only if it is still the same.

    Attributes:
        data: Its bytes; None where there was no file.
        tag: The storage's name of this content (S3's ETag); None on storages without one.
    """

    data: bytes | None
    tag: str | None = None


def without_password(address: str) -> str:
    """An address that may be shown and written down.

    Raises:
        InputError: It holds a password.
    """
    if "://" in address and has_password(address):
        msg = f"{address}: an address with a password in it: {password_advice(address)}"
        raise InputError(msg)
    return address


class Folder:
    """A folder, local or remote. Making one creates nothing.

    Args:
        url: A path, or a URL such as ``s3://bucket/folder``.

    Raises:
        InputError: The storage is unknown, its library is not installed, or the URL holds a password.
    """

    def __init__(self, url: str | Path) -> None:
        self.url = without_password(str(url)).removeprefix("file://")
        self.path = None if "://" in self.url else Path(self.url)
        self._fs: Any = None
        if self.path is None:
            try:
                self._fs, self._root = fsspec.url_to_fs(self.url.rstrip("/"), use_listings_cache=False)
            except (ValueError, ImportError, OSError) as error:
                extra = EXTRAS.get(self.url.partition("://")[0])
                how = f": pip install 'glotmill[{extra}]'" if extra else ""
                msg = f"{self.url}: no such storage here: {one_line(error)}{how}"
                raise InputError(msg) from None

    def __str__(self) -> str:
        return self.url

    def child(self, name: str) -> Folder:
        """A folder inside this one."""
        return Folder(f"{self.url.rstrip('/')}/{name}")

    def location(self, name: str) -> str:
        """Where a file of the folder is, as Polars and people read it."""
        return f"{self.url.rstrip('/')}/{name}"

    def names(self) -> list[str]:
        """The files in the folder itself, sorted; none where there is no such folder."""
        return sorted(self.sizes())

    def sizes(self) -> dict[str, int]:
        """Bytes of each file in the folder itself; none where there is no such folder."""
        try:
            if self.path is not None:
                with os.scandir(self.path) as entries:
                    return {entry.name: size for entry in entries if (size := _file_size(entry)) is not None}
            listed = self._remote("ls", self._root, detail=True)
        except FileNotFoundError:
            return {}
        except NotADirectoryError:
            msg = f"{self.url}: expected a folder, found a file"
            raise InputError(msg) from None
        files = (entry for entry in listed if entry["type"] != "directory")
        return {entry["name"].rpartition("/")[2]: int(entry["size"]) for entry in files}

    def read(self, name: str) -> bytes:
        """All of a file."""
        if self.path is not None:
            return (self.path / name).read_bytes()
        data: bytes = self._remote("cat_file", f"{self._root}/{name}")
        return data

    def size(self, name: str) -> int:
        """Bytes of a file."""
        if self.path is not None:
            return (self.path / name).stat().st_size
        return int(self._remote("size", f"{self._root}/{name}"))

    def size_or_none(self, name: str) -> int | None:
        """Bytes of a file; None where there is none."""
        try:
            return self.size(name)
        except FileNotFoundError:
            return None

    def put_file(self, name: str, source: Path) -> None:
        """Write a copy of a local file, whatever has the name, without holding it in memory."""
        if self.path is not None:
            with whole_file(self.path / name) as aside:
                shutil.copyfile(source, aside)
        else:
            self._remote("put_file", str(source), f"{self._root}/{name}")

    def get_file(self, name: str, to: Path) -> None:
        """Copy a file to this machine, without holding it in memory."""
        if self.path is not None:
            shutil.copyfile(self.path / name, to)
        else:
            self._remote("get_file", f"{self._root}/{name}", str(to))

    def open(self, name: str) -> Any:
        """A file to read ranges of."""
        if self.path is not None:
            return (self.path / name).open("rb")
        return self._remote("open", f"{self._root}/{name}", "rb", cache_type="none")

    def put_if_absent(self, name: str, data: bytes) -> bool:
        """Write a file under a name that nobody has yet.

        Returns:
            False where the name was taken; then nothing was written.
        """
        if self.path is not None:
            return put_if_absent(self.path / name, data)
        for attempt in range(CONFLICTS + 1):
            try:
                self._remote("pipe_file", f"{self._root}/{name}", data, mode="create")
            except FileExistsError:
                return False
            except StoreError as error:
                # S3 answers 409 while two writers race for a name: neither has it yet.
                busy = isinstance(error.__cause__, OSError) and error.__cause__.errno == errno.EBUSY
                if not busy or attempt == CONFLICTS:
                    raise
                time.sleep(0.1 * 2**attempt)
            else:
                return True
        return False

    def overwrite(self, name: str, data: bytes) -> None:
        """Write a file, whatever has the name."""
        if self.path is not None:
            write_bytes(self.path / name, data)
        else:
            self._remote("pipe_file", f"{self._root}/{name}", data)

    def held(self, name: str) -> Held:
        """A file as it is now, to be replaced by `replace`."""
        tag = None
        try:
            if self.path is None:  # before the bytes: if they are newer than the tag, nothing is replaced
                tag = self._remote("info", f"{self._root}/{name}").get("ETag")
            return Held(self.read(name), tag)
        except FileNotFoundError:
            return Held(None)

    def replace(self, name: str, data: bytes, held: Held) -> bool:
        """Write a file if it is still as it was found.

        A lock of the folder makes that one step on a disk, ``If-Match`` on S3. Other storages, and file systems without
        locks, have nothing of the kind: there another writer can come in between, so look again afterwards.

        Returns:
            False where the file had changed, or is being changed; then nothing was written.
        """
        if held.data is None:
            return self.put_if_absent(name, data)
        if self.path is not None:
            with _locked(self.path) as ours:
                if not ours or self.held(name) != held:
                    return False
                write_bytes(self.path / name, data)
                return True
        condition = {"IfMatch": held.tag} if held.tag else {}
        try:
            self._remote("pipe_file", f"{self._root}/{name}", data, **condition)
        except FileNotFoundError:  # taken away since
            return False
        except StoreError as error:
            if _s3_code(error) not in CHANGED:
                raise
            return False
        return True

    def delete(self, name: str) -> None:
        """Take a file away; a missing one is fine."""
        if self.path is not None:
            (self.path / name).unlink(missing_ok=True)
            return
        try:
            self._remote("rm_file", f"{self._root}/{name}")
        except FileNotFoundError:
            return

    def check(self) -> None:
        """Find out before work starts whether the folder can be used.

        Raises:
            InputError: It is a file, cannot be reached, or its storage cannot put if absent.
        """
        if self.path is not None:
            check_new_folder(self.path)
            return
        try:
            self.put_if_absent(PROBE, b"A second writer of this name must be refused.\n")
            refused = not self.put_if_absent(PROBE, b"This must never be seen.\n")
        except (StoreError, OSError) as error:
            msg = f"{error}; check the address and the credentials"
            raise InputError(msg) from None
        if not refused:
            msg = f"{self.url}: this storage overwrites what is there (no put-if-absent), so builds could lose entries"
            raise InputError(msg)

    def _remote(self, call: str, path: str, *arguments: Any, **options: Any) -> Any:
        try:
            return getattr(self._fs, call)(path, *arguments, **options)
        except (FileNotFoundError, FileExistsError):
            raise
        # Each storage library has errors of its own; all of them end here, and none goes on.
        except Exception as error:
            msg = f"{self.url}: {type(error).__name__}: {one_line(error)}"
            raise StoreError(msg) from error


def _file_size(entry: os.DirEntry[str]) -> int | None:
    """Bytes of a file; None of anything else, and of a file that went away while the folder was listed."""
    try:
        return entry.stat().st_size if entry.is_file() else None
    except FileNotFoundError:
        return None


@contextmanager
def _locked(folder: Path) -> Iterator[bool]:
    """Hold a folder for a moment: whether no other process holds it."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        ours = True
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            ours = False
        except OSError as error:
            if error.errno not in NO_LOCKS:
                raise
        yield ours
    finally:
        os.close(descriptor)


def _s3_code(error: StoreError) -> str | None:
    """S3's word for what it refused."""
    refused = error.__cause__.__cause__ if error.__cause__ else None
    code: str | None = getattr(refused, "response", {}).get("Error", {}).get("Code")
    return code
