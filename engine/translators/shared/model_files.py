"""Finding a model's files: the embedded one, a converted folder, or a Hub checkpoint converted once.

Guarantees: a Hub model is downloaded at one pinned commit, converted aside and moved into the cache whole, so a
killed conversion leaves nothing that looks finished; what is missing is one clear line.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from httpx2 import HTTPError
from huggingface_hub import HfApi, snapshot_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, OfflineModeIsEnabled

from glotmill.engine.embedded import MODEL_DIR
from glotmill.engine.translators.contract import TranslatorSpec
from glotmill.recipes.sections.translate import Ct2Translate
from glotmill.schemas.errors import InputError, TranslatorError
from glotmill.schemas.keys import DIGEST_CHARS, digest, file_sha256

FILES = ("config.json", "model.bin", "sentencepiece.bpe.model", "shared_vocabulary.json")
# What NLLB and T5 checkpoints call their SentencePiece model; a converted folder has the first name.
PIECES = ("sentencepiece.bpe.model", "spiece.model")
# A float16 file serves every compute type: CTranslate2 converts when it loads.
SAVED_AS = "float16"


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A converted model on disk.

    Attributes:
        folder: Folder that holds `FILES`.
        name: Public name with the revision or checksum.
        license: License of the weights, as a Hub license id.
        checksums: SHA-256 by file name.
    """

    folder: Path
    name: str
    license: str
    checksums: dict[str, str]


def find_model(section: Ct2Translate) -> ModelFiles:
    """The files of a recipe's ``translate.model``.

    Raises:
        InputError: They are not there and cannot be made.
    """
    if section.model == "embedded":
        return _described(MODEL_DIR, "embedded", "cc-by-nc-sa-4.0")
    if section.model.startswith(("/", ".", "~")):
        folder = Path(section.model).expanduser()
        return _described(folder, "local", "other")
    return _from_hub(section.model, section.revision)


def _described(folder: Path, name: str, license: str) -> ModelFiles:  # noqa: A002 - the field's name
    missing = [file for file in FILES if not (folder / file).is_file()]
    if missing:
        msg = (
            f"translate.model: {folder} is not a converted NLLB model, {', '.join(missing)} not found; "
            f"expected the output of ct2-transformers-converter with sentencepiece.bpe.model copied in"
        )
        raise InputError(msg)
    checksums = {file: file_sha256(folder / file) for file in FILES}
    return ModelFiles(folder, f"{name}@sha256:{digest(checksums)}", license, checksums)


def verify_files(spec: TranslatorSpec) -> None:
    """Compare a model's files on this machine with those that the driver described.

    Raises:
        TranslatorError: They are not there, or are others.
    """
    for file, expected in spec.identity.get("checksums", {}).items():
        path = (spec.folder or Path()) / file
        if not path.is_file():
            msg = f"{path} is not on this node: a model must lie at the same path on every node"
            raise TranslatorError(msg)
        if file_sha256(path) != expected:
            msg = f"{path} on this node is another file than the driver's: copy the model again"
            raise TranslatorError(msg)


def cache_folder() -> Path:
    """Where converted models are kept: ``GLOTMILL_CACHE``, or ``glotmill`` in the user's cache folder."""
    root = os.environ.get("GLOTMILL_CACHE")
    if root:
        return Path(root)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "glotmill"


def _from_hub(model: str, revision: str | None) -> ModelFiles:
    """A Hub checkpoint, converted at its pinned commit; a commit already in the cache needs no network."""
    pinned = revision if is_commit(revision) else None
    if pinned is None or not _cached(model, pinned).is_dir():
        pinned, license_id = resolve_commit(model, revision)
        if not _cached(model, pinned).is_dir():
            _convert(model, pinned, license_id)
    folder = _cached(model, pinned)
    license_id = (folder / "LICENSE_ID").read_text(encoding="utf-8").strip()
    found = _described(folder, model, license_id)
    return ModelFiles(folder, f"{model}@{pinned}", license_id, found.checksums)


def is_commit(revision: str | None) -> bool:
    """Whether a revision is a commit, which never changes."""
    return revision is not None and len(revision) == 40 and set(revision) <= set("0123456789abcdef")


def _cached(model: str, commit: str) -> Path:
    return cache_folder() / "models" / f"{model.replace('/', '--')}@{commit[:DIGEST_CHARS]}-{SAVED_AS}"


def resolve_commit(model: str, revision: str | None) -> tuple[str, str]:
    """(commit, license) of a Hub model.

    Raises:
        InputError: It cannot be found.
    """
    try:
        info = HfApi().model_info(model, revision=revision)
    except HFValidationError:
        msg = f"translate.model: '{model}' is neither 'embedded', a folder (./NAME) nor a Hub id (ORG/NAME)"
        raise InputError(msg) from None
    except (HfHubHTTPError, OfflineModeIsEnabled, HTTPError, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        msg = f"translate.model: cannot find '{model}' on the Hub: {reason}"
        raise InputError(msg) from None
    if info.sha is None:
        msg = f"translate.model: the Hub names no commit for '{model}'"
        raise InputError(msg)
    license_id = info.card_data.get("license") if info.card_data else None
    return info.sha, str(license_id or "other")


def _convert(model: str, commit: str, license_id: str) -> None:
    require_converter(model)
    from ctranslate2.converters import TransformersConverter

    source = Path(snapshot_download(model, revision=commit))
    convert_folder(source, _cached(model, commit), license_id, TransformersConverter)


def require_converter(model: str) -> None:
    """Refuse with the command that installs it where the converter's libraries are missing."""
    missing = [name for name in ("torch", "transformers") if find_spec(name) is None]
    if missing:
        msg = (
            f"translate.model: '{model}' must be converted to CTranslate2 once, which needs "
            f"{' and '.join(missing)}: pip install 'glotmill[convert]'"
        )
        raise InputError(msg)


def convert_folder(source: Path, target: Path, license_id: str, converter: type) -> None:
    """Convert a Hugging Face folder aside, then move it into place whole.

    Args:
        source: Folder with the checkpoint and its SentencePiece model (`PIECES`).
        target: Where the converted folder goes.
        license_id: License of the weights, kept beside them.
        converter: CTranslate2's ``TransformersConverter``.

    Raises:
        InputError: The folder has no SentencePiece model.
    """
    pieces = next((source / name for name in PIECES if (source / name).is_file()), None)
    if pieces is None:
        msg = f"translate.model: {source.name} has none of {', '.join(PIECES)}: it is no NLLB or MADLAD checkpoint"
        raise InputError(msg)
    aside = target.with_name(f"{target.name}.{os.getpid()}.partial")
    shutil.rmtree(aside, ignore_errors=True)
    aside.parent.mkdir(parents=True, exist_ok=True)
    converter(str(source)).convert(str(aside), quantization=SAVED_AS)
    shutil.copy(pieces, aside / PIECES[0])
    (aside / "LICENSE_ID").write_text(license_id + "\n", encoding="utf-8")
    aside.rename(target)
