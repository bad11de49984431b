"""Opening images: are they there, do they decode, how large are they, and what are they by content.

Guarantees: an image is judged by all of its bytes, which are decoded to the end; nothing outside the folder that the
recipe names is opened, whatever paths and links say; what a damaged file does to the decoder is a status and never
the end of a build.
"""

from __future__ import annotations

import struct
import warnings
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from importlib.util import find_spec
from io import BytesIO
from stat import S_ISREG

from glotmill.engine.storage.inside import file_inside
from glotmill.recipes.sections.images import Images
from glotmill.schemas.errors import InputError, RowError
from glotmill.schemas.keys import bytes_sha256, image_id
from glotmill.schemas.sample import Image, ImageCheck, Sample

REMEMBERED = 100_000  # images: the captions of one image need not stand together
# What Pillow's decoders raise on damaged files.
DAMAGE = (OSError, SyntaxError, ValueError, EOFError, IndexError, TypeError, OverflowError, struct.error, zlib.error)

Seen = tuple[Image, ImageCheck]
Keep = Callable[[Image, ImageCheck], None]


class ImageChecker:
    """Opens the images of one source's samples.

    Args:
        section: What the recipe asks.
        keep: Is called with each image that decodes, and its bytes.

    Attributes:
        counts: References to images by status.
    """

    def __init__(self, section: Images, keep: Keep | None = None) -> None:
        self._section = section
        self._keep = keep
        self._file = lru_cache(maxsize=REMEMBERED)(self._look_at_file)
        self.counts: Counter[str] = Counter()

    def checked(self, sample: Sample) -> Sample:
        """The sample with what its images are like.

        Raises:
            RowError: An image cannot be used, and the recipe rejects such rows.
        """
        seen = [self._look(image) for image in sample.images]
        self.counts.update(check.status for _, check in seen)
        if self._section.reject:
            for image, check in seen:
                if check.status not in ("ok", "remote"):
                    raise RowError(f"image_{check.status}", image.uri)
        return replace(sample, images=tuple(image for image, _ in seen), image_checks=tuple(check for _, check in seen))

    def _look(self, image: Image) -> Seen:
        if image.data is not None:
            return self._judge(image, image.data)
        found, check = self._file(image.uri)
        return (found if check.sha256 else image), check

    def _look_at_file(self, uri: str) -> Seen:
        path = uri.removeprefix(self._section.base)
        unseen = Image(image_id(uri), uri)
        folder = self._section.folder
        if "://" in path or folder is None:
            return unseen, ImageCheck("remote")
        try:
            file = file_inside(folder, path)
            if file is None:
                return unseen, ImageCheck("outside")
            if not S_ISREG(file.stat().st_mode):  # a pipe would never end
                return unseen, ImageCheck("missing")
            data = file.read_bytes()
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError, ValueError):
            return unseen, ImageCheck("missing")
        except OSError:  # there, but not to be read
            return unseen, ImageCheck("broken")
        return self._judge(unseen, data)

    def _judge(self, image: Image, data: bytes) -> Seen:
        sha256 = bytes_sha256(data)
        named = replace(image, image_id=f"sha256:{sha256}", data=None)
        decoded = _decoded(data)
        if decoded is None:
            return named, ImageCheck("broken", sha256)
        width, height, mime, phash = decoded
        found = replace(named, width=width, height=height, mime=mime)
        check = ImageCheck("ok", sha256, phash)
        if self._keep is not None:
            self._keep(replace(found, data=data), check)
        return found, check


def _decoded(data: bytes) -> tuple[int, int, str | None, str] | None:
    """(width, height, media type, perceptual hash) of an image; None where it does not decode."""
    import imagehash
    from PIL import Image as Pillow

    try:
        with warnings.catch_warnings(action="ignore"), Pillow.open(BytesIO(data)) as picture:
            picture.load()
            width, height = picture.size
            return width, height, Pillow.MIME.get(picture.format or ""), str(imagehash.phash(picture))
    except (*DAMAGE, Pillow.DecompressionBombError):
        return None


def require_libraries(where: str) -> None:
    """Refuse with the command that installs them where the libraries that decode are missing.

    Args:
        where: The recipe's key that needs them.

    Raises:
        InputError: They are.
    """
    missing = [name for name, module in (("Pillow", "PIL"), ("ImageHash", "imagehash")) if find_spec(module) is None]
    if missing:
        msg = f"{where}: needs {' and '.join(missing)}: pip install 'glotmill[images]'"
        raise InputError(msg)
