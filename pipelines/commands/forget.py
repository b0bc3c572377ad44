"""Erase an author or a mention on request, everywhere and for good.

    earshot forget --author HANDLE --channel CHANNEL     all that this account wrote there
    earshot forget --mention ID                          one mention: its id as pages show it, or the platform's own

Nothing of it is left in landing files, the warehouse, snapshots, rejected rows and people's notes, and what is collected of it
again stays out. How many mentions were withdrawn is still counted. Where nothing matches, nothing is done: exit code 2.
"""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

from pipelines.commands import config
from pipelines.errors import InputError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    config.add_arguments(parser)
    chosen = parser.add_mutually_exclusive_group(required=True)
    chosen.add_argument("--author", metavar="HANDLE", help="an account, as the platform writes it, or its id there")
    chosen.add_argument("--mention", metavar="ID", help="a mention's id")
    parser.add_argument("--channel", help="where the author wrote, such as x or youtube")


def run(args: argparse.Namespace) -> int:
    """Find, erase, and say what was done."""
    from pipelines import forgetting

    settings = config.settings(args)
    if args.author is not None and not args.channel:
        raise InputError("--author needs --channel: the same name is somebody else elsewhere.")
    request = (
        forgetting.mention(settings, args.mention)
        if args.author is None
        else forgetting.author(settings, args.author, args.channel)
    )
    erased = forgetting.carry_out(settings, request, now=datetime.now(UTC))
    before = " (asked for before)" if request.is_known else ""
    files, snapshots = _count(erased.files, "landed file"), _count(erased.snapshots, "snapshot")
    print(
        f"Forgotten{before}: {request.what}. {_count(erased.withdrawn, 'mention')} withdrawn; erased from {files}, {snapshots} "
        "and the warehouse. It stays out from now on."
    )
    print("next: earshot run   (figures and alerts follow)")
    return 0


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
