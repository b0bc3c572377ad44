"""Score texts: sentiment, intents, emotion, irony, offensive and language, one JSON object a line, in input order.

    earshot score --input F.jsonl --output G.jsonl      lines {"id", "text"} in; a line without text is scored as empty
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from codecs import BOM_UTF8
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import IO, Any

from pipelines.errors import InputError, ModelError

_LINES = 4_096  # scored at a time: enough to sort them by length, few enough for the bar to move


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--input", type=Path, required=True, metavar="F.jsonl", help='lines {"id", "text"}')
    parser.add_argument("--output", type=Path, required=True, metavar="G.jsonl", help="where the answers go")
    parser.add_argument("--tier", choices=["fast", "accurate"], default="fast", help="which encoder (default: fast)")
    parser.add_argument("--device", default="cpu", help="cpu or cuda (default: cpu)")


def _read(lines: IO[bytes], path: Path) -> Iterator[tuple[Any, str, int]]:
    """(id, text, bytes read so far) of each line; a line without an id is known by its number from 0.

    The bytes are counted, because a pipe cannot tell how far it has been read.
    """
    read = 0
    for number, line in enumerate(lines):
        read += len(line)
        if number == 0:
            line = line.removeprefix(BOM_UTF8)
        if not line.strip():
            continue
        try:
            row = json.loads(line.decode("utf-8", "replace"))
            text = row.get("text")
        except (ValueError, AttributeError):
            expected = '{"id": ..., "text": ...}'
            raise InputError(f"{path}, line {number + 1}: not a JSON object; each line is {expected}.") from None
        yield row.get("id", number), text if isinstance(text, str) else "", read


def _progress(done: int, total: int, size: int, started: float) -> None:
    if sys.stderr.isatty():
        share = min(1.0, done / max(1, size))
        bar = f"[{'#' * int(30 * share):<30}] {share:4.0%}  " if size else ""  # nobody knows how much a pipe holds
        rate = total / max(1e-9, time.monotonic() - started)
        print(f"\r\x1b[K{bar}{total:,} texts, {rate:,.0f} a second", end="", file=sys.stderr, flush=True)


def run(args: argparse.Namespace) -> int:
    """Score every line, then say how many were unknown."""
    from models import base, encoder

    try:
        model = encoder.load(args.tier, args.device)
    except base.ModelFault as error:
        raise ModelError(str(error)) from None
    started, total, unknown = time.monotonic(), 0, 0
    part = args.output.with_name(args.output.name + ".part")
    try:
        with args.input.open("rb") as lines, part.open("w", encoding="utf-8") as out:
            rows = _read(lines, args.input)
            size = args.input.stat().st_size
            _progress(0, 0, size, started)
            while batch := list(islice(rows, _LINES)):
                scores = model.score([text for _, text, _ in batch], everything=True)
                for (key, _, _), answer in zip(batch, base.rows(scores, base.identity(model)), strict=True):
                    unknown += answer["unknown"]
                    out.write(json.dumps({"id": key} | answer, ensure_ascii=False) + "\n")
                total += len(batch)
                _progress(batch[-1][2], total, size, started)
        part.replace(args.output)
    except OSError as error:
        raise InputError(f"{error.filename or args.input}: {error.strerror}.") from None
    finally:
        part.unlink(missing_ok=True)
    if sys.stderr.isatty():
        print(file=sys.stderr)
    print(f"{total:,} texts scored, {unknown:,} unknown. next: earshot run --input FILE scores mentions and shows them")
    return 0
