"""Duplicates and n-gram contamination of English texts, found by datatrove's blocks.

Guarantees: of several rows that say the same the first stays; what is found depends on the texts and their order alone.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr
from functools import lru_cache
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from glotmill.recipes.sections.clean import NearDuplicates
from glotmill.schemas.errors import InputError

REMEMBERED = 100_000  # texts whose n-grams are kept at hand, about a kilobyte each
# Digits tell captions apart, so they are not folded into one.
_NORM = {"norm_numbers": False}


@contextmanager
def _datatrove() -> Iterator[Path]:
    """A folder for the intermediate files, with the library's log and progress bars silenced."""
    try:
        from loguru import logger
    except ImportError:
        msg = "clean: this step needs datatrove: pip install 'glotmill[curate]'"
        raise InputError(msg) from None
    logger.disable("datatrove")
    with TemporaryDirectory() as folder, redirect_stderr(StringIO()):
        yield Path(folder)


def _hashing() -> Any:
    """SHA-1: datatrove 0.10.1's other hash, xxhash, fails with xxhash 4."""
    from datatrove.utils.hashing import HashConfig

    return HashConfig(hash_fc="sha1")


def _documents(texts: Iterable[str]) -> Iterator[Any]:
    from datatrove.data import Document

    return (Document(text=text, id=str(place)) for place, text in enumerate(texts))


def _words(*, marked: bool = False) -> Any:
    """Words as white space cuts them: simplified texts have no punctuation left.

    Args:
        marked: The first word says with which texts a text is compared, and becomes part of every other one: texts
            with different marks have no word in common.
    """
    from datatrove.utils.word_tokenizers import WordTokenizer

    class Words(WordTokenizer):  # type: ignore[misc]  # the library has no types
        def word_tokenize(self, text: str) -> list[str]:
            words: list[str] = text.split()
            return [f"{words[0]}:{word}" for word in words[1:]] if marked else words

        def sent_tokenize(self, text: str) -> list[str]:
            return [text]

        def span_tokenize(self, text: str) -> list[tuple[int, int]]:
            return [(0, len(text))]

    return Words()


def simplified(text: str) -> str:
    """The text as it is compared: lower case, no punctuation, no diacritics, single spaces."""
    from datatrove.utils.text import TextNormConfig, simplify_text

    return str(simplify_text(text, TextNormConfig(**_NORM)))


def exact_duplicates(keys: Sequence[str]) -> dict[int, int]:
    """The place of each row whose key stands before, with the place where it stands first.

    Args:
        keys: What is compared, row by row, already simplified.
    """
    with _datatrove() as folder:
        from datatrove.pipeline.dedup.exact_dedup import ExactDedupConfig, ExactDedupSignature, ExactFindDedups

        def content(document: Any) -> str:
            return str(document.text)

        content.__annotations__["return"] = str  # what the block reads to choose its hash
        config = ExactDedupConfig(content_getter=content, hash_config=_hashing())
        ExactDedupSignature(str(folder / "signatures"), config).run(_documents(keys))
        ExactFindDedups(str(folder / "signatures"), str(folder / "found"), config).run()
        removed = sorted(place for path in (folder / "found").rglob("*.c4_dup") for place in _integers(path))
    first: dict[str, int] = {}
    for place, key in enumerate(keys):
        first.setdefault(key, place)
    # A hash may collide; the keys say whether two rows are the same.
    return {place: first[keys[place]] for place in removed if first[keys[place]] != place}


def near_duplicates(
    texts: Sequence[str], step: NearDuplicates, pictures: Sequence[Sequence[str]] | None = None
) -> dict[int, int]:
    """The place of each row that is nearly an earlier one, with the place of that one.

    Args:
        texts: Texts, row by row.
        step: The step.
        pictures: The keys of each row's pictures: texts of the same ones are compared. None compares all texts.
    """
    if pictures is not None:
        numbers: dict[tuple[str, ...], int] = {}
        marks = [numbers.setdefault(tuple(keys), len(numbers)) for keys in pictures]
        texts = [f"{mark} {text}" for mark, text in zip(marks, texts, strict=True)]
    with _datatrove() as folder:
        from datatrove.pipeline.dedup.minhash import (
            MinhashConfig,
            MinhashDedupBuckets,
            MinhashDedupCluster,
            MinhashDedupSignature,
        )
        from datatrove.utils.text import TextNormConfig

        config = MinhashConfig(
            n_grams=step.ngrams,
            num_buckets=step.buckets,
            hashes_per_bucket=step.hashes,
            seed=step.seed,
            norm_config=TextNormConfig(**_NORM),
            hash_config=_hashing(),
        )
        names = [str(folder / name) for name in ("signatures", "buckets", "clusters")]
        words = _words(marked=pictures is not None)
        MinhashDedupSignature(names[0], config, language=words).run(_documents(texts))
        for bucket in range(step.buckets):
            MinhashDedupBuckets(names[0], names[1], config=config).run(None, bucket, step.buckets)
        if step.similarity:
            found = [_integers(path) for path in sorted((folder / "buckets").glob("*.dups"))]
            return _verified(texts, words, found, step)
        MinhashDedupCluster(names[1], names[2], config=config, save_cluster_id=True).run()
        pairs = _integers(folder / "clusters" / "000000.clusters")
    first: dict[int, int] = {}
    for place, cluster in sorted(zip(pairs[::2], pairs[1::2], strict=True)):
        first.setdefault(cluster, place)
    return {p: first[c] for p, c in zip(pairs[::2], pairs[1::2], strict=True) if first[c] != p}


def _verified(texts: Sequence[str], words: Any, found: Iterable[list[int]], step: NearDuplicates) -> dict[int, int]:
    """Of the candidates, each row that has enough n-grams in common with an earlier one that is kept.

    Args:
        texts: Texts, row by row, as their signatures were made of them.
        words: Cuts a text into words.
        found: For each bucket its pairs of places that follow each other, as (0, place, 0, place) one after another.
        step: The step.
    """
    groups: dict[int, list[list[int]]] = {}  # of each place: the kept rows of every group that it is in
    for pairs in found:
        last = -1
        for first, second in zip(pairs[1::4], pairs[3::4], strict=True):
            if first != last:
                kept: list[int] = []
                groups.setdefault(first, []).append(kept)
            groups.setdefault(second, []).append(kept)
            last = second

    @lru_cache(maxsize=REMEMBERED)
    def grams(place: int) -> frozenset[str]:
        return frozenset(_ngrams(words.word_tokenize(simplified(texts[place])), step.ngrams))

    removed: dict[int, int] = {}
    for place in sorted(groups):
        own = grams(place)
        candidates = sorted({other for kept in groups[place] for other in kept})
        like = (other for other in candidates if len(own & grams(other)) >= step.similarity * len(own | grams(other)))
        original = next(like, None)
        if original is not None:
            removed[place] = original
            continue
        for kept in groups[place]:
            kept.append(place)
    return removed


def shared_ngrams(texts: Sequence[str], sets: dict[str, list[str]], ngrams: int) -> dict[int, tuple[str, str]]:
    """The place of each row that has an n-gram of an evaluation set, with the set and the n-gram.

    Args:
        texts: Texts, row by row.
        sets: Texts of the evaluation sets by name; one shorter than an n-gram counts as a whole text.
        ngrams: Words of an n-gram.
    """
    found: dict[int, tuple[str, str]] = {}
    short = {simplified(text): name for name, listed in sets.items() for text in listed}
    short = {text: name for text, name in short.items() if 0 < len(text.split()) < ngrams}
    with _datatrove() as folder:
        from datatrove.pipeline.decont.n_grams import NGramsDecontConfig, NGramsDecontFilter
        from datatrove.utils.text import TextNormConfig

        config = NGramsDecontConfig(n_grams=ngrams, norm_config=TextNormConfig(**_NORM), hash_config=_hashing())
        block = NGramsDecontFilter(str(folder), config, language=_words())
        # The library's indexer wants lighteval; its index is the hashes of the n-grams, one file a set.
        for number, listed in enumerate(sets.values()):
            hashes = {block.hash_func(gram) for text in listed for gram in _grams(simplified(text), ngrams)}
            np.array(sorted(hashes), dtype=config.hash_config.np_descr).tofile(folder / f"{number}.index.hashes")
        names = list(sets)
        for document in _documents(texts):
            whole = short.get(simplified(document.text))
            if whole is not None:
                found[int(document.id)] = (whole, simplified(document.text))
            elif block.filter(document) is not True:
                facts = document.metadata
                found[int(document.id)] = (names[int(facts["contaminated_task"])], facts["contaminated_ngram"])
    return found


def _grams(text: str, size: int) -> Iterator[str]:
    return _ngrams(text.split(), size)


def _ngrams(words: Sequence[str], size: int) -> Iterator[str]:
    return (" ".join(words[start : start + size]) for start in range(len(words) - size + 1))


def _integers(path: Path) -> list[int]:
    data = path.read_bytes() if path.is_file() else b""
    return list(struct.unpack(f"<{len(data) // 4}I", data))
