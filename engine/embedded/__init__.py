"""A tiny NLLB-architecture model that ships with the code, for translating without network or GPU.

`MODEL_DIR` is the folder of the CTranslate2 model (`model.bin`, `config.json`, `shared_vocabulary.json`) and
its SentencePiece model (`sentencepiece.bpe.model`). `ANSWERS` is a table of short answers in four languages,
for what the model cannot do: translate a lone word. `VOCABULARIES` has lists of output tokens for
`translate.vocabulary: auto`. `training` holds the code that made the model; nothing
else imports it. See README.md beside this file for quality, limits and license: the weights are for
non-commercial research only.
"""

from __future__ import annotations

from pathlib import Path

MODEL_DIR = Path(__file__).resolve().parent / "model"
ANSWERS = Path(__file__).resolve().parent / "answers.tsv"
VOCABULARIES = Path(__file__).resolve().parent / "vocabularies"

__all__ = ["ANSWERS", "MODEL_DIR", "VOCABULARIES"]
