"""Run the whole line once: collect, enrich, load, aggregate, detect, publish, alert.

    earshot run                                        the sources of earshot.toml
    earshot run --input FILE [--map FILE.toml]         a CSV, JSONL, Parquet or Excel file of mentions

Stopped anywhere, by anything, the same command goes on where it was. Exit code 0 with a warning where rows were quarantined.
"""

from __future__ import annotations

import argparse
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from pipelines.commands import config
from pipelines.errors import ConfigError
from pipelines.line import Progress, Report
from pipelines.settings import Settings, span


def add_arguments(parser: argparse.ArgumentParser) -> None:
    config.add_arguments(parser)
    parser.add_argument("--input", type=Path, metavar="FILE", help="read this file instead of the configured sources")
    parser.add_argument("--map", type=Path, metavar="FILE.toml", help="which column of the file is which field")
    parser.add_argument("--model", choices=["encoder", "lexicon", "none"], help="which model scores (default: as configured)")
    parser.add_argument("--source", action="append", help="only this source (repeat)")
    parser.add_argument("--since", default="24h", help="how far back to collect, such as 24h or 7d (default: 24h)")
    parser.add_argument("--quiet", action="store_true", help="print the summary only")


def progress(quiet: bool) -> Progress:
    """One changing line on a terminal; elsewhere a line per stage, once it takes longer than two seconds."""
    started = time.monotonic()
    terminal = sys.stderr.isatty()
    last = ""

    def show(stage: str, window: str) -> None:
        nonlocal last
        seconds = time.monotonic() - started
        if quiet or (not terminal and (stage == last or seconds < 2)):
            return
        last = stage
        text = f"{seconds:6.1f} s  {stage:<9} {window}"
        print(f"\r\x1b[K{text}" if terminal else text, end="" if terminal else "\n", file=sys.stderr, flush=True)

    return show


def _closing(settings: Settings, report: Report, seconds: float, quiet: bool) -> int:
    from pipelines.summary import lines

    if sys.stderr.isatty() and not quiet:
        print("\r\x1b[K", end="", file=sys.stderr)
    print("\n".join(lines(settings, report, seconds=seconds)))
    return 1 if report.failed_sources else 0


def run(args: argparse.Namespace) -> int:
    """Run, then say what happened and what to do next."""
    from pipelines import line

    started = time.monotonic()
    now = datetime.now(UTC)
    if args.input:
        settings = config.settings(args, optional=True)
        report = line.run_file(settings, args.input, args.map, now=now, model=args.model, progress=progress(args.quiet))
        return _closing(settings, report, time.monotonic() - started, args.quiet)
    if args.map:
        raise ConfigError("--map goes with --input; a configured file source has its own `map` key.")
    settings = config.settings(args)
    if not settings.sources:
        raise ConfigError(f"{settings.path}: there is no source yet; `earshot add source KIND` adds one, or give --input FILE.")
    for name in args.source or []:
        settings.plugin("sources", name)
    since = now - span(args.since)
    report = line.run(settings, now=now, since=since, sources=args.source, model=args.model, progress=progress(args.quiet))
    return _closing(settings, report, time.monotonic() - started, args.quiet)
