"""Every error that Glotmill raises on purpose, as one small tree; its message holds no secret in use.

A command turns each into one line on standard error and the exit code that the class names; anything else
that escapes is a bug and shows its traceback.
"""

from __future__ import annotations

import errno
from typing import Any, ClassVar

from glotmill.schemas.redact import redact


class GlotmillError(Exception):
    """A build or a command failed for a stated reason (exit code 1)."""

    exit_code: ClassVar[int] = 1

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*(redact(value) if isinstance(value, str) else value for value in arguments))


class InputError(GlotmillError):
    """A recipe, an option or a file that is unreadable as a whole: exit 2, nothing written.

    The message says what is wrong, where, what was expected and what to do.
    """

    exit_code: ClassVar[int] = 2


class RowError(GlotmillError):
    """One row that is not usable; its reader turns it into a rejected row with this reason.

    Attributes:
        reason: Stable code, such as ``missing_field.question``.
        detail: What was found, for people.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        # There may be millions of these, and what they quote is the source's own.
        Exception.__init__(self, f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


class SchemaError(GlotmillError):
    """A table that breaks the shared schema; the message names the column, the row and the rule."""


class ConservationError(GlotmillError):
    """A balance that does not come out: rows would have been lost or invented. Nothing is committed."""


class TranslatorError(GlotmillError):
    """A translation engine that failed as a whole (it broke its contract, or could not be loaded)."""


class WorkerError(GlotmillError):
    """A unit of work that kept failing, or workers that cannot be started."""


class StoreError(GlotmillError):
    """A file of the translation memory or of a build that cannot be trusted."""


class PublishError(GlotmillError):
    """A target that refused, did not answer or changed meanwhile; what it holds is the old version or the new one."""


# What only another path mends: no file can have such a name, a link leads to itself, a file stands for a folder.
NO_SUCH_PATH = (errno.ENAMETOOLONG, errno.ELOOP, errno.ENOTDIR)


# A file of a build is not there, or something else has its name.
MISPLACED = (FileNotFoundError, FileExistsError, IsADirectoryError, NotADirectoryError)


def from_system(error: OSError) -> GlotmillError:
    """What the operating system said, as an error of ours: of a path that cannot be, a lost file, or a full disk."""
    if error.errno in NO_SUCH_PATH:
        return InputError(f"{shortened(str(error.filename))}: {error.strerror}; name another path")
    if isinstance(error, MISPLACED):
        name = f"{shortened(str(error.filename))}: " if error.filename is not None else ""
        what = f"{name}{error.strerror or one_line(error)}"
        return InputError(f"{what}; expected what Glotmill put there: put it back, or name another place")
    return GlotmillError(f"{error}; nothing that was committed is lost, run the same command again")


def one_line(error: BaseException) -> str:
    """What an error of a library says, as a part of a message of ours: one line, without secrets."""
    return redact(" ".join(str(error).split()))


SHOWN = 120  # characters of a user's value in a message
LONGEST = 1500  # characters of a message: what came from outside may stand in it several times


def shortened(text: str, most: int = SHOWN) -> str:
    """A user's value as a part of a message: cut where it is long, with escapes for what no terminal can show."""
    plain = redact(text.encode("utf-8", "backslashreplace").decode())
    return plain if len(plain) <= most else f"{plain[: most - 3]}..."


def message_line(error: BaseException) -> str:
    """An error's message as the one line that a command prints: a long one keeps its beginning and its end."""
    line = " ".join(str(error).splitlines())
    if len(line) <= LONGEST:
        return line
    end = LONGEST // 4  # what to do stands there
    return f"{line[: LONGEST - end]} [...] {line[-end:]}"
