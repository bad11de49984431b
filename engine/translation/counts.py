"""What a translate stage did, in numbers that add up over its engines."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Usage:
    """What language models took.

    Attributes:
        requests: Requests to a server, repeated ones included.
        prompt_tokens: Tokens that they read, as they count them.
        completion_tokens: Tokens that they wrote.
        cost: What these cost at the recipe's prices; None where it names none.
    """

    requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float | None = None

    def expectation(self) -> str | None:
        """The line that gives the cost before the work; None where no engine with a price is sent anything."""
        if self.cost is None or not self.requests:
            return None
        return (
            f"cost: about {self.cost:,.4f} at the recipe's prices: {self.requests:,} requests, "
            f"{self.prompt_tokens:,} tokens to read, {self.completion_tokens:,} to write"
        )

    def __add__(self, other: Usage) -> Usage:
        costs = [cost for cost in (self.cost, other.cost) if cost is not None]
        return Usage(
            self.requests + other.requests,
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            sum(costs) if costs else None,
        )


@dataclass(frozen=True, slots=True)
class SegmentCount:
    """What a translate stage did.

    Attributes:
        requested: Segments of all records, repetitions included, copied text not.
        unique: Different (segment, direction) pairs among them.
        translated: Of those, sent to an engine in this run.
        from_memory: Of those, known when the stage began.
        retried: Of the unique ones, those that were decoded again, whenever that was.
        failed: Of the unique ones, those without a translation.
        unanswered: Of those, the ones that a server did not answer; the next build sends them again.
        second: Of the unique ones, those that were sent to the second engine.
        repaired: Of the unique ones, those whose translation took the place of one that failed the recipe's rules.
        usage: What language models took in this run.
    """

    requested: int = 0
    unique: int = 0
    translated: int = 0
    from_memory: int = 0
    retried: int = 0
    failed: int = 0
    unanswered: int = 0
    second: int = 0
    repaired: int = 0
    usage: Usage = Usage()

    def __add__(self, other: SegmentCount) -> SegmentCount:
        return SegmentCount(
            self.requested + other.requested,
            self.unique + other.unique,
            self.translated + other.translated,
            self.from_memory + other.from_memory,
            self.retried + other.retried,
            self.failed + other.failed,
            self.unanswered + other.unanswered,
            self.second + other.second,
            self.repaired + other.repaired,
            self.usage + other.usage,
        )

    def with_second(self, more: SegmentCount) -> SegmentCount:
        """The count where a second engine translates what the first one failed on."""
        return replace(
            self + replace(more, requested=0, unique=0, from_memory=0),
            failed=more.failed, unanswered=more.unanswered, second=more.unique,
        )  # fmt: skip

    def with_repair(self, more: SegmentCount, repaired: int) -> SegmentCount:
        """The count where another engine translated what failed the recipe's rules, and so many were repaired."""
        both = self + replace(more, requested=0, unique=0, from_memory=0, failed=0, retried=0)
        return replace(both, repaired=repaired)

    def after(self, before: SegmentCount) -> SegmentCount:
        """The count of a phase that runs again, for its earlier requests and for more."""
        return replace(
            self,
            translated=self.translated + before.translated,
            from_memory=self.from_memory - before.translated,
            usage=self.usage + before.usage,
        )

    def with_records(self, whole: SegmentCount) -> SegmentCount:
        """The count of segments with what the whole records before them took."""
        return replace(self, usage=self.usage + whole.usage)


@dataclass(frozen=True, slots=True)
class RecordCount:
    """What became of records that were sent whole.

    Attributes:
        requested: Different (record, language) pairs.
        whole: Of those, answered by a translation for each text.
        by_segment: The others, sent segment by segment, by reason.
    """

    requested: int
    whole: int
    by_segment: dict[str, int]
