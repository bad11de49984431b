"""The closed list of tasks: what a row teaches."""

from __future__ import annotations

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
