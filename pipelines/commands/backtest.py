"""Run a rule over the past and say what it would have raised, when, and how often.

    earshot backtest --series FILE.csv --scores OUT.csv --alerts OUT.jsonl      a series of counts: columns timestamp,value
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

from pipelines import series
from pipelines.errors import InputError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--series", type=Path, metavar="FILE.csv", help="a series of counts: columns timestamp,value")
    parser.add_argument("--scores", type=Path, metavar="OUT.csv", help="where the scores of the series go, 0 to 1, one a row")
    parser.add_argument("--alerts", type=Path, metavar="OUT.jsonl", help="where its alerts go, one JSON object an episode")


def run(args: argparse.Namespace) -> int:
    """Run what was asked for and print a summary."""
    if args.series is None:
        raise InputError("name a file with --series FILE.csv.")
    return _series(args)


def _series(args: argparse.Namespace) -> int:
    read = series.read(args.series)
    found = series.detect(read)
    if args.scores:
        _write(args.scores, series.written_scores(read, found))
    if args.alerts:
        _write(args.alerts, series.written_alerts(found))
    worst = max((alert["severity"] for alert in found.alerts), default=0)
    print(
        f"{len(read.values):,} rows of {read.seconds} seconds, {len(found.alerts)} alerts"
        + (f", the worst of severity {worst}." if worst else ".")
    )
    return 0


def _write(path: Path, lines: Iterable[str]) -> None:
    part = path.with_name(path.name + ".part")
    try:
        with part.open("w", encoding="utf-8") as file:
            file.writelines(lines)
        part.replace(path)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}.") from None
    finally:
        part.unlink(missing_ok=True)
