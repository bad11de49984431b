"""The training loop: an M2M100 model under AdamW, with averaged weights, within a wall-clock budget.

After each validation and at the end the run's folder holds a whole `state.pt`, written aside and then
renamed, so a run killed at any moment can be resumed from its last validation. The saved checkpoint is the
averaged weights.
"""

from __future__ import annotations

import copy
import json
import math
import random
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import torch
from transformers import M2M100Config, M2M100ForConditionalGeneration

from glotmill.engine.embedded.training.corpus import BOS, DIRECTIONS, EOS, PAD, Example, batches
from glotmill.engine.embedded.training.experiment import TrainingData, TrainingOptions
from glotmill.engine.embedded.training.objective import loss, validation_bleu, validation_loss

LOG_STEPS = 200
FIRST_VALIDATION_SECONDS = 60.0
QUICK_BLEU_CAPTIONS = 128
FINAL_BLEU_CAPTIONS = 256
QUICK_BLEU_DIRECTIONS = (("eng_Latn", "deu_Latn"), ("fra_Latn", "eng_Latn"))
TRAINED_POSITIONS = 256
GRADIENT_NORM = 1.0


def build_model(options: TrainingOptions, vocab_size: int) -> M2M100ForConditionalGeneration:
    """A model of NLLB's architecture with fresh weights and `vocab_size` tied embeddings."""
    config = M2M100Config(
        vocab_size=vocab_size,
        d_model=options.d_model,
        max_position_embeddings=TRAINED_POSITIONS,
        encoder_layers=options.encoder_layers,
        decoder_layers=options.decoder_layers,
        encoder_ffn_dim=options.ffn,
        decoder_ffn_dim=options.ffn,
        encoder_attention_heads=options.heads,
        decoder_attention_heads=options.heads,
        encoder_layerdrop=0.0,
        decoder_layerdrop=0.0,
        dropout=options.dropout,
        attention_dropout=0.0,
        activation_dropout=0.0,
        scale_embedding=True,
        init_std=options.d_model**-0.5 / 2,
        bos_token_id=BOS,
        pad_token_id=PAD,
        eos_token_id=EOS,
        decoder_start_token_id=EOS,
        tie_word_embeddings=True,
        tokenizer_class="NllbTokenizer",
    )
    model = M2M100ForConditionalGeneration(config)
    model.generation_config.max_length = 128
    return model


class Trainer:
    """One run: its model, averaged weights and optimizer, and how far it has come.

    `step` counts updates, `tokens` target tokens trained on, `seconds` wall-clock time of the loop, all three
    including those of a resumed state.
    """

    def __init__(self, options: TrainingOptions, data: TrainingData) -> None:
        """Build the model, or take it from `options.resume`."""
        self.options, self.data = options, data
        self.model = build_model(options, len(data.vocabulary))
        self.averaged = copy.deepcopy(self.model).eval()
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(),
            lr=options.learning_rate,
            betas=(0.9, 0.98),
            eps=1e-9,
            weight_decay=0.01,
            fused=True,
        )
        self.step, self.tokens = 0, 0
        self._seconds_before = 0.0
        if options.resume:
            self._restore(options.resume)
        self._started = time.monotonic()
        self._loss_sum, self._loss_tokens = 0.0, 0

    @property
    def seconds(self) -> float:
        """Wall-clock seconds of the training loop so far."""
        return self._seconds_before + time.monotonic() - self._started

    def run(self) -> None:
        """Train until the budget is spent, validating now and then, and save."""
        self._log(
            event="start",
            parameters=sum(parameter.numel() for parameter in self.model.parameters()),
            vocabulary=len(self.data.vocabulary),
            pairs=len(self.data.training),
            target_tokens=sum(len(example.target) for example in self.data.training),
            options={name: str(value) for name, value in asdict(self.options).items()},
        )
        # From the step, so that a resumed run does not see the data in the same order again.
        shuffle = random.Random(self.options.seed + self.step)
        next_validation = self.seconds + FIRST_VALIDATION_SECONDS
        self.model.train()
        while self._budget_left() > 0:
            for batch in batches(self.data.training, self.options.max_tokens, shuffle):
                left = self._budget_left()
                if left <= 0:
                    break
                self._update(batch, left)
                if self.seconds >= next_validation:
                    self._validate("validation", QUICK_BLEU_CAPTIONS, QUICK_BLEU_DIRECTIONS)
                    next_validation = self.seconds + self.options.validation_minutes * 60
        self._validate("end", FINAL_BLEU_CAPTIONS, DIRECTIONS)

    def _budget_left(self) -> float:
        """The part of the time budget that is left: 1 at the start, 0 or less when it is spent."""
        return 1 - self.seconds / (self.options.minutes * 60)

    def _update(self, batch: list[Example], left: float) -> None:
        """One optimizer step, with `left` of the budget left."""
        self.step += 1
        # Inverse square root after a linear warm-up, and a linear fall to zero at the end of the budget.
        warmup = self.options.warmup
        rise_and_decay = min(self.step / warmup, math.sqrt(warmup / self.step))
        rate = self.options.learning_rate * rise_and_decay * min(1.0, left / self.options.cooldown)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        value, tokens = loss(self.model, batch, self.options.label_smoothing)
        value.backward()  # type: ignore[no-untyped-call, unused-ignore]
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), GRADIENT_NORM)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self._average()
        self.tokens += tokens
        self._loss_sum += value.item() * tokens
        self._loss_tokens += tokens
        if self.step % LOG_STEPS == 0:
            self._log(
                step=self.step,
                minutes=round(self.seconds / 60, 2),
                train_loss=round(self._loss_sum / self._loss_tokens, 4),
                learning_rate=round(rate, 6),
                tokens=self.tokens,
                tokens_per_second=round(self.tokens / self.seconds),
            )
            self._loss_sum, self._loss_tokens = 0.0, 0

    def _average(self) -> None:
        """Move the averaged weights towards the model's, by more at first: they start out random."""
        decay = min(self.options.ema, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for mean, current in zip(self.averaged.parameters(), self.model.parameters(), strict=True):
                mean.lerp_(current, 1 - decay)

    def _validate(self, event: str, captions: int, directions: Sequence[tuple[str, str]]) -> None:
        """Save, then measure the averaged weights and log it."""
        self._save()
        data = self.data
        rows = data.captions[:captions]
        question_loss = validation_loss(self.averaged, data.questions) if data.questions else None
        bleu = {
            f"{source}-{target}": validation_bleu(self.averaged, data.vocabulary, rows, source, target)
            for source, target in directions
        }
        self._log(
            event=event,
            step=self.step,
            minutes=round(self.seconds / 60, 2),
            validation_loss=round(validation_loss(self.averaged, data.validation), 4),
            question_loss=None if question_loss is None else round(question_loss, 4),
            bleu={direction: round(score, 2) for direction, score in bleu.items()},
        )

    def _save(self) -> None:
        self.averaged.save_pretrained(self.options.out / "hf")
        state = {
            "model": self.model.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "tokens": self.tokens,
            "seconds": self.seconds,
        }
        aside = self.options.out / "state.pt.partial"
        torch.save(state, aside)
        aside.replace(self.options.out / "state.pt")

    def _restore(self, state_file: Path) -> None:
        state = torch.load(state_file)
        self.model.load_state_dict(state["model"])
        self.averaged.load_state_dict(state["averaged"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.tokens, self._seconds_before = state["step"], state["tokens"], state["seconds"]

    def _log(self, **entry: object) -> None:
        """Print one JSON line and append it to the run's log."""
        line = json.dumps(entry)
        print(line, flush=True)
        with (self.options.out / "log.jsonl").open("a", encoding="utf-8") as log:
            log.write(line + "\n")
