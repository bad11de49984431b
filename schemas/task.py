"""What a row teaches: the closed list of tasks, and the one table of what the code knows of each.

The list is closed because datasets hold it: whoever reads one knows every task, with whatever plug-ins it was made. A
row whose question has another form has a *kind* beside its task, which decides on its templates (`KINDS`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Task = Literal[
    "caption",
    "vqa_open",
    "vqa_mc",
    "vqg",
    "matching",
    "ocr",
    "conversation",
    "classification",
    "explanation",
    "translation",
]
# What a reply is: running text; a short answer, which the recipe's ``answers`` section treats; such an answer that
# comes from a table (yes and no, labels), or that is read off the image.
Reply = Literal["text", "answer", "table", "printed"]
# The kinds of text that thresholds are calibrated for.
CalibrationField = Literal["caption", "question", "response"]

LANGUAGE = "language"  # the slot for the name of the reply's language
OPTIONS = "options"  # the slot for the choices, each on a line of its own


@dataclass(frozen=True, slots=True)
class Slots:
    """What the templates of a kind of rows hold.

    Attributes:
        must: Slots that stand in the user's turn.
        may: Slots that can stand there.
        reply: Slots of the assistant's turn; where there are none, that turn stays as the source has it.
    """

    must: frozenset[str]
    may: frozenset[str]
    reply: frozenset[str]


def slots(*must: str, may: tuple[str, ...] = (LANGUAGE,), reply: tuple[str, ...] = ()) -> Slots:
    """The slots of a kind: those that its templates must have, those that they can have too, those of the reply."""
    return Slots(frozenset(must), frozenset([*must, *may]), frozenset(reply))


@dataclass(frozen=True, slots=True)
class TaskFacts:
    """What the code knows of a task.

    Attributes:
        reply: What the assistant's turn is.
        field: The kind of text that its records are calibrated as; a record of several turns is one of responses.
        hub_category: The Hub's task category.
        slots: What its templates hold; None where no template goes around its rows.
    """

    reply: Reply
    field: CalibrationField
    hub_category: str
    slots: Slots | None


TASKS: dict[Task, TaskFacts] = {
    "caption": TaskFacts("text", "caption", "image-to-text", slots()),
    "vqa_open": TaskFacts("answer", "question", "visual-question-answering", slots("question")),
    "vqa_mc": TaskFacts("answer", "question", "visual-question-answering", slots("question", may=(OPTIONS, LANGUAGE))),
    "vqg": TaskFacts("text", "question", "image-text-to-text", slots("answer")),
    "matching": TaskFacts("table", "question", "visual-question-answering", slots("caption")),
    "ocr": TaskFacts("printed", "question", "image-to-text", slots("question")),
    "conversation": TaskFacts("text", "response", "image-text-to-text", None),
    "classification": TaskFacts("table", "response", "visual-question-answering", slots()),
    "explanation": TaskFacts("text", "response", "image-text-to-text", slots("question", "answer")),
    "translation": TaskFacts("text", "response", "translation", slots("text")),
}

# Tasks whose short answers follow the recipe's answer policy.
ANSWER_TASKS: frozenset[str] = frozenset(task for task, facts in TASKS.items() if facts.reply != "text")

CROSS_LINGUAL = "cross_lingual"  # the kind of rows whose turns are in different languages, where no other kind fits

# Slots by kind of rows: every task that has templates, and the kinds of questions.
KINDS: dict[str, Slots] = {
    **{task: facts.slots for task, facts in TASKS.items() if facts.slots is not None},
    "decide": slots("label"),
    "cot": slots("question", reply=("rationale", "answer")),
    CROSS_LINGUAL: slots("question", LANGUAGE, may=()),
}
