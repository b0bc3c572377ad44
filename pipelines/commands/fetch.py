"""Fetch the backbone of a tier that does not come with `make setup` (about 400 MB, once, into the user's cache folder).

    earshot fetch --tier accurate
"""

from __future__ import annotations

import argparse
import sys

from pipelines.errors import ModelError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--tier", choices=["accurate"], default="accurate", help="which encoder (default: accurate)")


def run(args: argparse.Namespace) -> int:
    """Fetch, check and unpack; quick when that is done already."""
    from models import assemble, backbones
    from models.base import ModelFault

    try:
        folder = assemble.fetch(backbones.TIERS[args.tier], report=lambda line: print(line, file=sys.stderr))
    except ModelFault as error:
        raise ModelError(str(error)) from None
    print(f"{folder} holds the backbone. next: earshot score --tier {args.tier} --input F.jsonl --output G.jsonl")
    return 0
