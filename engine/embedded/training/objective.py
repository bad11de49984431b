"""What the model is trained to do: padded batches, the training loss, and its two validation measures.

Neither measure changes the model or its mode; both take a model that is already in evaluation mode.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sacrebleu
import torch
from transformers import M2M100ForConditionalGeneration as Model

from glotmill.engine.embedded.training.corpus import EOS, PAD, Example, Row, Vocabulary, batches

IGNORED_LABEL = -100
VALIDATION_BATCH_TOKENS = 4096
GENERATION_BATCH = 64
GENERATION_LENGTH = 61  # the decoder's first `</s>` counts


@dataclass(frozen=True, slots=True)
class TensorBatch:
    """Source ids, decoder input ids and labels, padded: each int64 of shape [sentences, longest]."""

    source: torch.Tensor
    decoder: torch.Tensor
    labels: torch.Tensor


def collate(batch: Sequence[Example]) -> TensorBatch:
    """Pad a batch; the decoder reads `</s> [language] pieces` and is to say `[language] pieces </s>`."""
    return TensorBatch(
        source=_padded([example.source for example in batch], PAD),
        decoder=_padded([(EOS, *example.target[:-1]) for example in batch], PAD),
        # The language code is forced when translating, so it is not learnt.
        labels=_padded([(IGNORED_LABEL, *example.target[1:]) for example in batch], IGNORED_LABEL),
    )


def _padded(rows: Sequence[tuple[int, ...]], filler: int) -> torch.Tensor:
    width = max(map(len, rows))
    return torch.tensor([(*row, *[filler] * (width - len(row))) for row in rows])


def loss(model: Model, batch: Sequence[Example], smoothing: float) -> tuple[torch.Tensor, int]:
    """Label-smoothed cross-entropy over a batch's target tokens (mean, nats a token), and their number."""
    tensors = collate(batch)
    hidden = model.model(
        input_ids=tensors.source,
        attention_mask=tensors.source.ne(PAD).long(),
        decoder_input_ids=tensors.decoder,
        use_cache=False,
    ).last_hidden_state
    kept = tensors.labels.ne(IGNORED_LABEL)
    # Logits of kept positions only: padding would cost a vocabulary-wide product each.
    logits = model.lm_head(hidden[kept])
    entropy = torch.nn.functional.cross_entropy(logits, tensors.labels[kept], label_smoothing=smoothing)
    return entropy, int(kept.sum())


def validation_loss(model: Model, data: Sequence[Example]) -> float:
    """Mean cross-entropy (nats a target token, no smoothing) over all of `data`."""
    total, count = 0.0, 0
    with torch.no_grad():
        for batch in batches(data, VALIDATION_BATCH_TOKENS):
            value, tokens = loss(model, batch, 0.0)
            total, count = total + value.item() * tokens, count + tokens
    return total / count


def validation_bleu(
    model: Model,
    vocabulary: Vocabulary,
    rows: Sequence[Row],
    source: str,
    target: str,
) -> float:
    """BLEU (sacrebleu defaults) of greedy translations of `rows` from language `source` into `target`."""
    order = sorted(range(len(rows)), key=lambda i: len(rows[i][source]))
    hypotheses = [""] * len(rows)
    for start in range(0, len(order), GENERATION_BATCH):
        part = order[start : start + GENERATION_BATCH]
        ids_of_part = [vocabulary.ids(rows[i][source]) for i in part]
        sources = _padded([(vocabulary.index[source], *ids, EOS) for ids in ids_of_part], PAD)
        with torch.no_grad():
            generated = model.generate(
                input_ids=sources,
                attention_mask=sources.ne(PAD).long(),
                num_beams=1,
                max_length=GENERATION_LENGTH,
                forced_bos_token_id=vocabulary.index[target],
            )
        for i, ids in zip(part, generated.tolist(), strict=True):
            hypotheses[i] = vocabulary.text(ids)
    return float(sacrebleu.corpus_bleu(hypotheses, [[row[target] for row in rows]]).score)
