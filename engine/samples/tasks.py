"""How each kind of derived row is made out of a sample."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from rapidfuzz import fuzz

from glotmill.engine.samples.hard_negatives import Negative
from glotmill.engine.text.answers import SOURCE, LabelTable
from glotmill.engine.text.instructions import with_images
from glotmill.engine.text.sentences import count_sentences, in_one_text
from glotmill.recipes.sections.derive import Captions, CrossLingual, Decide, Derived, Matching, Translation, Turns
from glotmill.schemas.keys import derived_id, draw, source_hash
from glotmill.schemas.languages import ENGLISH
from glotmill.schemas.sample import IMAGE_MARKER, messages_column
from glotmill.schemas.task import Task

_END = ".!?…。！？।"


@dataclass(slots=True)
class DerivationContext:
    """What a derivation is made with.

    Attributes:
        name: Its name in the recipe.
        spec: Its section.
        languages: The recipe's languages.
        labels: Names of things.
        negatives: Another image's caption, by the sample that is shown it.
    """

    name: str
    spec: Derived
    languages: tuple[str, ...]
    labels: LabelTable
    negatives: dict[str, Negative] = field(default_factory=dict)


Maker = Callable[[dict[str, Any], DerivationContext], Iterator[dict[str, Any]]]


def is_negative(name: str, seed: int, share: float, source_id: str) -> bool:
    """Whether a row is to be one whose answer is no."""
    return draw("negative", name, seed, source_id) < share


def _row(
    parent: dict[str, Any], making: DerivationContext, user: str, assistant: str, *, part: str = "", **columns: Any
) -> dict[str, Any]:
    """A derived row: its parent's provenance and images, its own identity, turns and columns."""
    images, keys = columns.pop("images", (parent["image_refs"], parent["image_keys"]))
    turns = (("user", with_images(user, len(images))), ("assistant", assistant))
    merged = {
        **dict.fromkeys(("kind", "slots", "turn_plan", "only", "instruction", "langs", "split", "template_id")),
        "task": parent["task"],
        "source_choices": None,
        "answer_index": None,
        "source_answers": None,
        "derived_from": [parent["source_id"]],
        **columns,
    }
    ids = [image["image_id"] for image in images]
    return {
        **parent,
        **merged,
        "image_refs": images,
        "image_keys": keys,
        "answer_confidence": None,
        "source_messages": messages_column(turns),
        "source_id": derived_id(parent["source_id"], making.name, part),
        "source_hash": source_hash(
            turns, merged["source_choices"], merged["answer_index"], merged["source_answers"], ids
        ),
    }


def _slot(name: str, text: str, label: str | None = None) -> dict[str, str | None]:
    return {"name": name, "text": text, "label": label}


def _asked(row: dict[str, Any]) -> str:
    return str(row["source_messages"][0]["content"]).replace(IMAGE_MARKER, "").strip()


def _is_single(row: dict[str, Any]) -> bool:
    return [turn["role"] for turn in row["source_messages"]] == ["user", "assistant"]


def answer_of(row: Mapping[str, Any]) -> str | None:
    """The answer that a row knows beside its turns: its choice, or the first of its answers."""
    if row["source_choices"] and row["answer_index"] is not None:
        return str(row["source_choices"][row["answer_index"]])
    return str(row["source_answers"][0]) if row["source_answers"] else None


def vqg(row: dict[str, Any], making: DerivationContext) -> Iterator[dict[str, Any]]:
    """The answer of a question is given, the question is the reply."""
    question = _asked(row)
    if row["task"] not in ("vqa_open", "vqa_mc") or not _is_single(row) or not question:
        return
    task: Task = "vqg"
    answer = row["source_messages"][1]["content"]
    yield _row(row, making, answer, question, task=task, source_answers=[answer], slots=[_slot("answer", answer)])


def turns(row: dict[str, Any], making: DerivationContext) -> Iterator[dict[str, Any]]:
    """Each question of a conversation with its reply."""
    assert isinstance(making.spec, Turns)
    given = row["source_messages"]
    for place, (asked, reply) in enumerate(pairwise(given)):
        question = asked["content"].replace(IMAGE_MARKER, "").strip()
        if asked["role"] != "user" or reply["role"] != "assistant" or not question:
            continue
        most = making.spec.max_sentences
        if most is None or count_sentences(reply["content"], row["source_lang"]) <= most:
            yield _row(row, making, question, reply["content"], part=str(place))


def cot(row: dict[str, Any], making: DerivationContext) -> Iterator[dict[str, Any]]:
    """The reply gives the rationale of an explanation row, then the answer."""
    answer, question = answer_of(row), _asked(row)
    if row["task"] != "explanation" or not _is_single(row) or answer is None or not question:
        return
    rationale = _ended(row["source_messages"][1]["content"])
    slots = [_slot("question", question), _slot("rationale", rationale), _slot("answer", answer)]
    yield _row(row, making, question, f"{rationale} {answer}", kind="cot", slots=slots, source_answers=[answer])


def _ended(text: str) -> str:
    text = text.strip()
    return text if text[-1] in _END else f"{text}."


def captions(rows: Iterable[dict[str, Any]], making: DerivationContext) -> Iterator[dict[str, Any]]:
    """One caption for each picture out of its several, in the order of the pictures' first captions."""
    by_picture: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        if row["task"] == "caption" and _is_single(row) and len(row["image_refs"]) == 1:
            by_picture.setdefault(row["image_keys"][0], []).append(row)
    for group in by_picture.values():
        image = group[0]["image_refs"][0]["image_id"]  # ids of rows go by the name of the picture that came first
        first, text = _picked(sorted(group, key=lambda row: str(row["source_id"])), making)
        parents = [first["source_id"], *(row["source_id"] for row in group if row is not first)]
        made = _row(first, making, "", text, derived_from=parents)
        yield {**made, "source_id": derived_id(image, making.name, "")}


def _picked(group: list[dict[str, Any]], making: DerivationContext) -> tuple[dict[str, Any], str]:
    """(the row that stands for an image, the caption)."""
    assert isinstance(making.spec, Captions)
    texts = [row["source_messages"][1]["content"] for row in group]
    match making.spec.pick:
        case "join":
            return group[0], in_one_text(texts, group[0]["source_lang"]) or texts[0]
        case "longest":
            best = max(range(len(group)), key=lambda i: (len(texts[i]), -i))
        case "central":
            best = max(range(len(group)), key=lambda i: (sum(fuzz.token_set_ratio(texts[i], t) for t in texts), -i))
        case "seeded":
            best = min(range(len(group)), key=lambda i: draw("pick", making.spec.seed, group[i]["source_id"]))
    return group[best], texts[best]


def matching(row: dict[str, Any], making: DerivationContext) -> Iterator[dict[str, Any]]:
    """Whether a caption fits the image: its own, or a hard negative."""
    assert isinstance(making.spec, Matching)
    if row["task"] != "caption" or not _is_single(row) or _asked(row) or not row["image_refs"]:
        return
    other = making.negatives.get(row["source_id"])
    caption = other.text if other else row["source_messages"][1]["content"]
    answer = "no" if other else "yes"
    parents = [row["source_id"], *([other.source_id] if other else [])]
    task: Task = "matching"
    yield _row(
        row, making, caption, answer, task=task, source_answers=[answer], slots=[_slot("caption", caption)],
        derived_from=parents,
    )  # fmt: skip


def cross_lingual(row: dict[str, Any], making: DerivationContext) -> Iterator[dict[str, Any]]:
    """Question in one language, reply in another."""
    assert isinstance(making.spec, CrossLingual)
    others = [code for code in making.languages if code != ENGLISH]
    roles = [turn["role"] for turn in row["source_messages"]]
    if making.spec.mode == "x2x":
        if len(others) < 2:
            return
        asks: str | None = others[int(draw("asks", making.name, making.spec.seed, row["source_id"]) * len(others))]
        plan = [None if role == "assistant" else asks for role in roles]
    else:
        asks = None
        english = "user" if making.spec.mode == "en2x" else "assistant"
        plan = [SOURCE if role == english else None for role in roles]
    made = _row(row, making, "", "", turn_plan=plan, only=[code for code in others if code != asks])
    kept = ("source_messages", "source_choices", "answer_index", "source_answers", "source_hash", "kind", "slots")
    yield {**made, **{name: row[name] for name in kept}}


def translation(row: dict[str, Any], making: DerivationContext) -> Iterator[dict[str, Any]]:
    """A turn's text and its translation, without image."""
    assert isinstance(making.spec, Translation)
    texts = [turn["content"] for turn in row["source_messages"] if turn["role"] == making.spec.text]
    text = texts[0].replace(IMAGE_MARKER, "").strip() if texts else ""
    if not text:
        return
    task: Task = "translation"
    yield _row(
        row, making, text, text, task=task, images=([], []), slots=[_slot("text", text)],
        turn_plan=[SOURCE, None] if making.spec.direction == "from_english" else [None, SOURCE],
        only=[code for code in making.languages if code != ENGLISH],
    )  # fmt: skip


def _named(making: DerivationContext, label: str) -> list[str]:
    return [code for code in making.languages if label in making.labels.get(code, {})]


def classification(row: dict[str, Any], making: DerivationContext) -> Iterator[dict[str, Any]]:
    """The name of what an image shows; the parent's reply is its label id."""
    label = row["source_messages"][-1]["content"].strip()
    name = making.labels.get(ENGLISH, {}).get(label)
    if name is None:
        return
    task: Task = "classification"
    yield _row(
        row, making, "", name, task=task, source_answers=[name], slots=[_slot("answer", name, label)],
        only=_named(making, label),
    )  # fmt: skip


def decide(row: dict[str, Any], making: DerivationContext) -> Iterator[dict[str, Any]]:
    """Whether a named thing is in an image; the parent's reply is its label id."""
    assert isinstance(making.spec, Decide)
    own = row["source_messages"][-1]["content"].strip()
    english = making.labels.get(ENGLISH, {})
    if own not in english:
        return
    asked, spec = own, making.spec
    if is_negative(making.name, spec.seed, spec.negative_share, row["source_id"]):
        others = sorted(label for label, name in english.items() if name.casefold() != english[own].casefold())
        if others:
            asked = others[int(draw("label", making.name, spec.seed, row["source_id"]) * len(others))]
    # Where both have the same name the answer no would be wrong.
    names = {code: making.labels.get(code, {}) for code in making.languages}
    alike = {code for code, known in names.items() if asked != own and known.get(own) == known.get(asked)}
    answer = "yes" if asked == own else "no"
    task: Task = "matching"
    yield _row(
        row, making, english[asked], answer, task=task, kind="decide", source_answers=[answer],
        slots=[_slot("label", english[asked], asked)], only=[c for c in _named(making, asked) if c not in alike],
    )  # fmt: skip


MAKERS: dict[str, Maker] = {
    "vqg": vqg, "turns": turns, "cot": cot, "matching": matching, "cross_lingual": cross_lingual,
    "translation": translation, "classification": classification, "decide": decide,
}  # fmt: skip
