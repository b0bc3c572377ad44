"""Measure the shipped encoder on labelled sets again and compare with its card in models/cards/.

    earshot evaluate --data DIR            exit code 1 when the card says something else
    earshot evaluate --data DIR --write    renew the card
    earshot evaluate --data DIR --folds RUN ...    intents as runs with different --hold-out know them
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from pipelines.errors import ModelError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder with the labelled sets")
    parser.add_argument("--tier", choices=["fast", "accurate"], default="fast", help="which encoder (default: fast)")
    parser.add_argument("--write", action="store_true", help="write the numbers into the card")
    parser.add_argument("--folds", type=Path, nargs="+", metavar="RUN", help="cross-validate intents with these training runs")


def run(args: argparse.Namespace) -> int:
    """Print what was measured; 0 when the card agrees."""
    from models.base import ModelFault
    from models.evaluation import folds
    from models.evaluation.report import card_of, evaluate

    try:
        if args.folds:
            print(folds.render(folds.measure(args.tier, args.folds, args.data)))
            return 0
        block, agrees = evaluate(args.data, tier=args.tier, write=args.write)
    except ModelFault as error:
        raise ModelError(str(error)) from None
    print(block)
    if not agrees:
        again = f"earshot evaluate --data {args.data} --tier {args.tier} --write"
        print(f"\n{card_of(args.tier).name} is out of date. next: {again}", file=sys.stderr)
    return 0 if agrees else 1
