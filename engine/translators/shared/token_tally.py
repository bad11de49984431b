"""What the searches of a sample used of the output tokens, counted, and the lists that follow from it.

A list has the tokens that were used and then those that were expected most often. A token that no translation of a
sample shows may be the likeliest one in the next text; the probabilities of a sample say so long before it occurs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from glotmill.engine.translators.shared.output_vocabulary import OutputVocabulary, of_ranked
from glotmill.engine.translators.shared.token_use import TokenUse


class TokenTally:
    """Counts what searches use.

    Args:
        tokens: All tokens of the model.
        lang: The target language.
        known: Tokens that are kept whether or not they are used.
    """

    def __init__(self, tokens: Sequence[str], lang: str, known: Iterable[int] = ()) -> None:
        self._tokens = tokens
        self._lang = lang
        self._best = np.zeros(len(tokens), np.int64)
        self._used = np.zeros(len(tokens), np.bool_)
        self._used[list(known)] = True
        self._expected = np.zeros(len(tokens))

    def add(self, uses: Iterable[TokenUse]) -> None:
        """Count the searches of some texts."""
        for use in uses:
            np.add.at(self._best, use.best, 1)
            self._used[use.best] = self._used[use.others] = True
            self._expected[use.likely] += use.expected

    @property
    def unseen_mass(self) -> float:
        """The share of a further text's tokens that were not seen, as Good and Turing estimate it (Good 1953): the
        share of the tokens of the best translations that occurred once."""
        return int((self._best == 1).sum()) / max(1, int(self._best.sum()))

    def of_size(self, size: int) -> OutputVocabulary:
        """What can always be spelled, all tokens that were used, and up to a size those that were expected most."""
        # Of tokens that are equally likely the first is the most frequent one, as a vocabulary is sorted so.
        ranked = np.argsort(-self._expected, kind="stable")
        likely = ranked[self._expected[ranked] > 0]
        rest = np.flatnonzero(self._expected == 0)
        return of_ranked(
            self._tokens, self._lang, np.flatnonzero(self._used).tolist(), [*likely.tolist(), *rest.tolist()], size
        )


def lacking(uses: Iterable[TokenUse], kept: OutputVocabulary) -> int:
    """How many texts have a best translation that a list cannot spell as it was."""
    members = np.zeros(kept.size, np.bool_)
    members[kept.ids] = True
    return sum(not members[use.best].all() for use in uses)
