"""Take personal data out of texts.

Each line of the input is {"id", "text"}; each line of the output {"id", "text", "spans": [{"start", "end", "type"}]},
in the same order: the text without personal data, and what was found, by offsets into the input text. Handles of the
brands in earshot.toml stay, where there is one.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pipelines.errors import ConfigError, InputError
from pipelines.privacy import find
from pipelines.records import Brand
from pipelines.redaction.search import replaced

_SHOWN = 60  # characters of a broken line that a message repeats


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--input", type=Path, metavar="FILE", help='JSON lines of {"id", "text"}')
    parser.add_argument("--output", type=Path, metavar="FILE", help="where the redacted lines go")
    parser.add_argument("--evaluate", type=Path, metavar="GOLD", help="instead: measure on lines with marked spans")
    parser.add_argument("--card", type=Path, metavar="FILE", help="with --evaluate: write the figures into this card")
    parser.add_argument("--config", type=Path, metavar="FILE", help="brands whose handles stay (default: earshot.toml if there)")


def run(args: argparse.Namespace) -> int:
    """Redact a file, or measure on a marked one.

    Raises:
        InputError: a file cannot be read or written, or a line is not as it should be.
        ConfigError: the options do not fit together, or earshot.toml is wrong.
    """
    if args.evaluate is not None:
        return _evaluate(args.evaluate, args.card)
    if args.input is None or args.output is None:
        raise ConfigError("give --input FILE and --output FILE, or --evaluate GOLD.")
    count = _redact(args.input, args.output, _brands(args.config))
    print(f"{count} texts redacted into {args.output}.\nnext: earshot try {args.input}   (the same beside sentiment and intents)")
    return 0


def _brands(config: Path | None) -> Sequence[Brand]:
    default = Path("earshot.toml")
    if config is None and not default.exists():
        return ()
    from pipelines.settings import read

    return read(config or default).query.brands


def _redact(source: Path, target: Path, brands: Sequence[Brand]) -> int:
    """Write the redacted lines beside the target and put them in its place when all is well; how many there are."""
    part, count = target.with_name(target.name + ".part"), 0
    try:
        # Half of a surrogate pair cannot be written as UTF-8; as an escape it is what the JSON of the input said.
        with part.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as out:
            for row in _rows(source, ("id", "text")):
                spans = find(row["text"], brands)
                answer = {"id": row["id"], "text": replaced(row["text"], spans), "spans": [s._asdict() for s in spans]}
                out.write(json.dumps(answer, ensure_ascii=False) + "\n")
                count += 1
        part.replace(target)
    except OSError as error:
        raise InputError(f"{target}: cannot be written: {error.strerror or error}.") from None
    finally:
        part.unlink(missing_ok=True)
    return count


def _rows(path: Path, keys: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """The objects in a file of JSON lines; blank lines are skipped.

    Raises:
        InputError: the file cannot be read, or a line is no object with these keys and a text.
    """
    try:
        lines = path.open("rb")
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}.") from None
    with lines:
        for number, raw in enumerate(lines, 1):
            if number == 1:
                raw = raw.removeprefix(b"\xef\xbb\xbf")
            if raw.strip():
                yield _row(path, number, raw, keys)


def _row(path: Path, number: int, raw: bytes, keys: tuple[str, ...]) -> dict[str, Any]:
    where = f"{path}, line {number}"
    try:
        row = json.loads(raw.decode("utf-8"))
    except UnicodeDecodeError:
        raise InputError(f"{where}: is not UTF-8 text.") from None
    except (ValueError, RecursionError):
        shown = raw[:_SHOWN].decode("utf-8", "replace").strip()
        raise InputError(f"{where}: is not JSON: {shown!r}.") from None
    if not isinstance(row, dict):
        raise InputError(f"{where}: is not an object with {' and '.join(keys)}.")
    for key in keys:
        if key not in row:
            raise InputError(f"{where}: has no {key!r}.")
    if not isinstance(row["text"], str):
        raise InputError(f"{where}: 'text' is not a string.")
    return row


def _evaluate(gold: Path, card: Path | None) -> int:
    from pipelines.redaction.measure import figures, in_card

    rows = list(_rows(gold, ("text", "spans")))
    try:
        table = figures(rows, find)
    except (KeyError, TypeError):
        raise InputError(f"{gold}: 'spans' must be a list of objects with start, end and type.") from None
    print(table)
    if card is not None:
        try:
            card.write_text(in_card(card.read_text(encoding="utf-8"), table), encoding="utf-8")
        except OSError as error:
            raise InputError(f"{card}: {error.strerror or error}.") from None
        except ValueError as error:
            raise InputError(f"{card}: {error}; it is marked by comments in models/cards/redaction.md.") from None
    return 0
