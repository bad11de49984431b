"""Which output tokens a search uses, and which it thought of: what a list of output tokens is made from.

Guarantees: tokens are those that were decoded. The text of a translation does not say them: a model spells rare words
with other pieces than a text is cut into.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

Probabilities = npt.NDArray[np.float64]
LEAST = 1e-3  # expected occurrences in a text; tokens below are left out
HYPOTHESES = 4  # of a text that are looked at, however few its search keeps
LOGITS_AT_ONCE = 1 << 26  # numbers that one call gives: 256 MiB


@dataclass(frozen=True, slots=True)
class TokenUse:
    """What one text's search used of the output tokens, by their numbers.

    Attributes:
        best: The tokens of its best hypothesis, in order, end token included.
        others: Tokens that only its other hypotheses have, ascending; of a search with few beams those of a wider one.
        expected: How often each token was expected: the sum of its probabilities over the steps of a greedy search, as
            many as the best hypothesis has; those of `LEAST` or more.
    """

    best: tuple[int, ...]
    others: tuple[int, ...]
    expected: Mapping[int, float]

    def as_numbers(self) -> list[float]:
        """All of it as a row of numbers; single precision holds numbers of tokens exactly."""
        lengths = (len(self.best), len(self.others))
        return [*lengths, *self.best, *self.others, *self.expected.keys(), *self.expected.values()]

    @classmethod
    def of_numbers(cls, numbers: Sequence[float]) -> TokenUse:
        """What `as_numbers` wrote."""
        best, others = (int(length) for length in numbers[:2])
        tokens, expected = numbers[2 : 2 + best + others], numbers[2 + best + others :]
        half = len(expected) // 2
        ids = [int(token) for token in tokens]
        return cls(
            tuple(ids[:best]),
            tuple(ids[best:]),
            dict(zip(map(int, expected[:half]), expected[half:], strict=True)),
        )


def token_use(
    model: Any,
    sources: Sequence[list[str]],
    prefixes: Sequence[list[str]],
    numbers: Mapping[str, int],
    settings: Mapping[str, Any],
) -> Iterator[TokenUse]:
    """What searches use, in order.

    Args:
        model: The ``ctranslate2.Translator`` with all tokens.
        sources: The texts as the model reads them.
        prefixes: What their translations begin with; it does not count.
        numbers: The number of each token.
        settings: Of ``translate_batch``, ``beam_size`` among them.
    """
    into = {"target_prefix": prefixes} if any(prefixes) else {}
    beams = sorted({settings["beam_size"], max(settings["beam_size"], HYPOTHESES)})
    results = [
        model.translate_batch(sources, num_hypotheses=beam, **into, **{**settings, "beam_size": beam}) for beam in beams
    ]
    made = [
        [[numbers[token] for token in tokens[len(prefix) :]] for each in of_text for tokens in each.hypotheses]
        for *of_text, prefix in zip(*results, prefixes, strict=True)
    ]
    lengths = [len(hypotheses[0]) + len(prefix) for hypotheses, prefix in zip(made, prefixes, strict=True)]
    expected = chain.from_iterable(
        _expected(
            model.translate_batch(
                sources[rows],
                return_logits_vocab=True,
                **({"target_prefix": prefixes[rows]} if into else {}),
                **{**settings, "beam_size": 1, "max_decoding_length": max(lengths[rows])},
            ),
            [len(hypotheses[0]) for hypotheses in made[rows]],
            len(numbers),
        )
        for rows in _portions(lengths, len(numbers))
    )
    for (best, *others), counts in zip(made, expected, strict=True):
        more = set().union(*others).difference(best)
        likely = np.flatnonzero(counts >= LEAST)
        yield TokenUse(
            tuple(best), tuple(sorted(more)), dict(zip(likely.tolist(), counts[likely].tolist(), strict=True))
        )


def _portions(lengths: Sequence[int], tokens: int) -> Iterator[slice]:
    """Rows whose logits come in one call: as many as `LOGITS_AT_ONCE` allows, one at the least."""
    start = longest = 0
    for row, length in enumerate(lengths):
        if row > start and (row + 1 - start) * max(longest, length) * tokens > LOGITS_AT_ONCE:
            yield slice(start, row)
            start, longest = row, 0
        longest = max(longest, length)
    if lengths:
        yield slice(start, len(lengths))


def _expected(results: Sequence[Any], steps: Sequence[int], tokens: int) -> Iterator[Probabilities]:
    """The sum of each token's probabilities over the steps of each search."""
    import ctranslate2  # half a second, and the driver needs no more than `TokenUse`

    for result, most in zip(results, steps, strict=True):
        total = np.zeros(tokens)
        for step in result.logits[0][:most]:
            logits = np.asarray(step.to_device(ctranslate2.Device.cpu).to(ctranslate2.DataType.float32))
            powers = np.exp(logits.ravel()[:tokens].astype(np.float64) - logits.max())
            total += powers / powers.sum()
        yield total
