"""The command that trains the embedded model on two CPU cores; it can be stopped and resumed.

Options are checked and the corpora read before torch is loaded, so a wrong path fails at once.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from glotmill.engine.embedded.training.experiment import TrainingOptions, prepare

EPILOG = """
example, with the shape of the shipped model, in one phase:
  python -m glotmill.engine.embedded.training.train --multi30k MULTI30K_FOLDER --xgqa XGQA_FOLDER --out RUN
to go on for another hour after its 90 minutes:
  the same command with --resume RUN/state.pt --minutes 150
"""


def main() -> None:
    """Read the command line and train."""
    options = parse()
    options.out.mkdir(parents=True, exist_ok=True)
    data = prepare(options)
    # Set before torch is loaded, hence the late imports: beside other busy processes, spinning OpenMP threads
    # made a step take 5.1 s instead of 0.8 s.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    import torch

    from glotmill.engine.embedded.training.loop import Trainer

    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    Trainer(options, data).run()


def parse(arguments: list[str] | None = None) -> TrainingOptions:
    """The options of a command line (by default, of this process)."""
    parser = argparse.ArgumentParser(
        prog="python -m glotmill.engine.embedded.training.train",
        description="Train a small model of NLLB's architecture on captions, questions and phrases.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--multi30k", type=Path, required=True, help="folder with train.en.gz, ...")
    parser.add_argument("--xgqa", type=Path, help="folder with en/train_48.json, de/train_48.json, ...")
    parser.add_argument("--out", type=Path, required=True, help="folder of the run, made if missing")
    parser.add_argument("--resume", type=Path, help="state.pt of an earlier run; its minutes count")
    parser.add_argument("--sentencepiece", type=Path, help="use this SentencePiece model; default: train one")
    _add_shape(parser)
    _add_schedule(parser)
    return TrainingOptions(**vars(parser.parse_args(arguments)))


def _add_shape(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("model")
    group.add_argument("--vocab-size", type=int, default=5000, help="SentencePiece pieces (%(default)s)")
    group.add_argument("--d-model", type=int, default=128, help="width of the layers (%(default)s)")
    group.add_argument("--ffn", type=int, default=512, help="width of the feed-forward layers (%(default)s)")
    group.add_argument("--heads", type=int, default=4, help="attention heads (%(default)s)")
    group.add_argument("--encoder-layers", type=int, default=3, help="(%(default)s)")
    group.add_argument("--decoder-layers", type=int, default=2, help="(%(default)s)")
    group.add_argument("--dropout", type=float, default=0.1, help="(%(default)s)")


def _add_schedule(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("training")
    group.add_argument("--minutes", type=float, default=90, help="budget of the loop (%(default)s)")
    group.add_argument("--learning-rate", type=float, default=3e-3, help="its peak (%(default)s)")
    group.add_argument("--warmup", type=int, default=500, help="steps of rising rate (%(default)s)")
    group.add_argument(
        "--cooldown",
        type=float,
        default=0.35,
        help="last part of the budget, of falling rate (%(default)s)",
    )
    group.add_argument("--label-smoothing", type=float, default=0.1, help="(%(default)s)")
    group.add_argument("--max-tokens", type=int, default=1536, help="padded tokens a batch (%(default)s)")
    group.add_argument("--question-repeat", type=int, default=2, help="copies of a question (%(default)s)")
    group.add_argument("--phrase-repeat", type=int, default=3, help="copies of a phrase, or 0 (%(default)s)")
    group.add_argument("--ema", type=float, default=0.998, help="decay of averaged weights (%(default)s)")
    group.add_argument("--validation-minutes", type=float, default=5, help="between two (%(default)s)")
    group.add_argument("--threads", type=int, default=2, help="CPU threads (%(default)s)")
    group.add_argument("--seed", type=int, default=1, help="(%(default)s)")


if __name__ == "__main__":
    main()
