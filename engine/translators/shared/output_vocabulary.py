"""Output vocabularies: the tokens of a model that translations into one language may be made of.

Guarantees: whatever the list, everything can be spelled: special tokens, language codes, tokens without a letter
(figures, punctuation, marks), and every letter of the language's script and of Latin that is a token of its own.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
import polars as pl

from glotmill.engine.translators.shared.ct2_weights import Ids, padded
from glotmill.filters.scorers.script import LATIN, script_class
from glotmill.schemas.keys import digest
from glotmill.schemas.languages import language

VERSION = 1
SPACE = "▁"  # how SentencePiece writes the space before a word
NAME_LETTERS = 3  # of Latin tokens that languages of other scripts keep, for names
_SPECIAL = r"^(?:<.*>|[a-z]{3}_[A-Z][a-z]{3})$"  # <s>, <2de>, <0x0A>, deu_Latn
LINES_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class OutputVocabulary:
    """The output tokens of a model for one target language.

    Attributes:
        size: Tokens of the model.
        members: One bit a token, the first token's in the highest bit of the first byte.
    """

    size: int
    members: bytes

    @classmethod
    def of(cls, ids: Ids, size: int) -> OutputVocabulary:
        """The vocabulary of some tokens, filled up to a number of rows that engines need not pad."""
        chosen = np.zeros(size, np.bool_)
        chosen[padded(ids, size)] = True
        return cls(size, np.packbits(chosen).tobytes())

    @property
    def ids(self) -> Ids:
        """Its tokens, ascending."""
        return np.flatnonzero(np.unpackbits(np.frombuffer(self.members, np.uint8))).astype(np.uint32)

    @property
    def tokens(self) -> int:
        """How many it has."""
        return int(np.unpackbits(np.frombuffer(self.members, np.uint8)).sum())

    def has(self, number: int) -> bool:
        """Whether a token is one of them."""
        return bool(self.members[number // 8] >> (7 - number % 8) & 1)

    @property
    def packed(self) -> str:
        """Its members as text, for a file."""
        return base64.b64encode(zlib.compress(self.members, 9)).decode()

    @classmethod
    def unpacked(cls, text: str, size: int) -> OutputVocabulary:
        """The vocabulary that `packed` wrote.

        Raises:
            ValueError: It wrote something else.
        """
        most = -(-size // 8)
        members = zlib.decompressobj().decompress(base64.b64decode(text, validate=True), most + 1)
        if len(members) != most:
            msg = f"the list is not one of {size:,} tokens"
            raise ValueError(msg)
        return cls(size, members)

    @property
    def digest(self) -> str:
        """Identifies it: a part of the fingerprint of what is translated with it."""
        return digest(["output_vocabulary", VERSION, self.size, sha256(self.members).hexdigest()])


def of_script(tokens: Sequence[str], lang: str) -> OutputVocabulary:
    """What can always be spelled, and every token whose letters are all of a language's script.

    Languages of other scripts than Latin keep Latin tokens of up to `NAME_LETTERS` letters, for names.

    Args:
        tokens: All tokens of the model.
        lang: The language, as a FLORES-200 code.

    Raises:
        InputError: The language is unknown.
    """
    facts = _facts(tokens, lang)
    short = (pl.col("latin") == pl.col("letters")) & (pl.col("letters") <= NAME_LETTERS)
    return _chosen(facts, (pl.col("own") == pl.col("letters")) | short)


def of_text(
    tokens: Sequence[str], lang: str, lines: Sequence[str], encode: Callable[[list[str]], list[list[int]]]
) -> OutputVocabulary:
    """What can always be spelled, and every token that occurs in a text.

    Args:
        tokens: All tokens of the model.
        lang: The language, as a FLORES-200 code.
        lines: The text.
        encode: The tokens' numbers of some lines.

    Raises:
        InputError: The language is unknown.
    """
    seen = np.zeros(len(tokens), np.bool_)
    for start in range(0, len(lines), LINES_AT_ONCE):
        for ids in encode(list(lines[start : start + LINES_AT_ONCE])):
            seen[ids] = True
    return _chosen(_facts(tokens, lang), pl.lit(pl.Series(seen)))


def of_ranked(
    tokens: Sequence[str], lang: str, used: Collection[int], ranked: Sequence[int] = (), size: int = 0
) -> OutputVocabulary:
    """What can always be spelled, the tokens that were used, and then the first others of a ranking.

    Args:
        tokens: All tokens of the model.
        lang: The language, as a FLORES-200 code.
        used: Tokens that are kept whatever they are.
        ranked: More tokens, the likeliest first.
        size: How many tokens the list is filled up to.

    Raises:
        InputError: The language is unknown.
    """
    kept = _facts(tokens, lang).select(_ALWAYS).to_series().to_numpy().copy()
    kept[list(used)] = True
    others = [number for number in ranked if not kept[number]]
    kept[others[: max(0, size - int(kept.sum()))]] = True
    return OutputVocabulary.of(np.flatnonzero(kept).astype(np.uint32), len(tokens))


def needed(tokens: Sequence[str], lang: str) -> list[str]:
    """The tokens without which not everything can be spelled.

    Raises:
        InputError: The language is unknown.
    """
    return [tokens[number] for number in _facts(tokens, lang).select(_ALWAYS).to_series().arg_true()]


def _facts(tokens: Sequence[str], lang: str) -> pl.DataFrame:
    """Letters of each token: all, of the language's script, and Latin ones; and whether it is a special one."""
    text = pl.col("token").str.strip_prefix(SPACE)
    return pl.DataFrame({"token": tokens}, schema={"token": pl.String}).select(
        letters=text.str.count_matches(r"\p{L}"),
        own=text.str.count_matches(script_class(language(lang).script)),
        latin=text.str.count_matches(rf"[{LATIN}&&[\p{{L}}]]"),
        characters=text.str.len_chars(),
        special=pl.col("token").str.contains(_SPECIAL),
    )


_LETTER = (pl.col("characters") <= 1) & ((pl.col("own") > 0) | (pl.col("latin") > 0))
_ALWAYS = pl.col("special") | (pl.col("letters") == 0) | _LETTER


def _chosen(facts: pl.DataFrame, more: pl.Expr) -> OutputVocabulary:
    """What can always be spelled, and more."""
    return OutputVocabulary.of(facts.select(_ALWAYS | more).to_series().arg_true().to_numpy(), facts.height)
