"""The bytes of a dataset's images, for formats that carry them.

Guarantees: bytes come from the dataset's own config ``images`` or from one folder, never from a network; a path or
link that leads out of that folder is no image of it.
"""

from __future__ import annotations

import errno
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import pyarrow.compute as pc
import pyarrow.parquet as pq

from glotmill.engine.export.shared.row import ImageRef
from glotmill.engine.storage.inside import file_inside
from glotmill.schemas.errors import RowError


class ImageBytes:
    """Where the bytes of images are found.

    Args:
        shards: Parquet files of the config ``images``.
        folder: A folder below which the URIs are paths; None for none.
    """

    def __init__(self, shards: Sequence[Path], folder: Path | None) -> None:
        self._folder = folder
        # image id → (file, row group); a row group holds at most a hundred images.
        self._places: dict[str, tuple[Path, int]] = {}
        for path in shards:
            with pq.ParquetFile(path) as opened:
                for group in range(opened.num_row_groups):
                    ids = opened.read_row_group(group, columns=["image_id"])["image_id"].to_pylist()
                    self._places |= dict.fromkeys(ids, (path, group))

    def __bool__(self) -> bool:
        return bool(self._places) or self._folder is not None

    def read(self, image: ImageRef) -> bytes:
        """The bytes of an image.

        Raises:
            RowError: ``image_missing``: neither the dataset nor the folder has it.
        """
        if image.image_id in self._places:
            path, group = self._places[image.image_id]
            with pq.ParquetFile(path) as opened:
                table = opened.read_row_group(group, columns=["image_id", "image"])
            row = table.filter(pc.equal(table["image_id"], image.image_id)).to_pylist()[0]
            data: bytes = row["image"]["bytes"]
            return data
        inside = PurePosixPath(image.uri)
        if (
            self._folder is not None
            and "://" not in image.uri
            and not inside.is_absolute()
            and ".." not in inside.parts
        ):
            file = _found(self._folder, image.uri)
            if file is not None:
                return file.read_bytes()
        raise RowError("image_missing", image.uri)


def _found(folder: Path, name: str) -> Path | None:
    """The file of a name; None where there is none, and where no file can have the name."""
    try:
        path = file_inside(folder, name)
        return path if path is not None and path.is_file() else None
    except ValueError:
        return None
    except OSError as error:
        if error.errno not in (errno.ENAMETOOLONG, errno.ELOOP):
            raise
        return None
