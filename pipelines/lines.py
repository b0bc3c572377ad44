"""Lines of a file, and the rows of a CSV file made of them: an unclosed quote costs its own line, never its neighbours."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

LINE_LIMIT = 16 * 2**20  # bytes; what a longer line has beyond is not read
QUOTE_LINES = 200  # how many lines a quoted field may span


class Line(NamedTuple):
    """A line, or several that make up one row."""

    number: int  # 1-based
    raw: bytes
    offset: int  # where it begins in the file


def lines(path: Path, start: int, end: int, first: int) -> Iterator[Line]:
    """The lines that begin in bytes [start, end) of a file; `first` is the number of the first of them."""
    with path.open("rb") as file:
        file.seek(start)
        offset, number = start, first
        while offset < end:
            raw = file.readline(LINE_LIMIT)
            if not raw:
                return
            length = len(raw)
            if length == LINE_LIMIT and not raw.endswith(b"\n"):
                while rest := file.readline(LINE_LIMIT):
                    length += len(rest)
                    if rest.endswith(b"\n"):
                        break
            yield Line(number, raw, offset)
            offset += length
            number += 1


def csv_records(found: Iterator[Line], delimiter: str, width: int, encoding: str) -> Iterator[tuple[Line, list[str] | str]]:
    """Rows of a CSV file: each with its fields, or with what is wrong with it.

    A quoted field may span lines. Where the quote is not closed within QUOTE_LINES lines, or closing it does not give
    `width` fields, only the line with the quote is wrong, and reading goes on with the line after it.
    """
    waiting: deque[Line] = deque()
    while (line := waiting.popleft() if waiting else next(found, None)) is not None:
        fields = _fields(line.raw, delimiter, width, encoding)
        if fields is not None:
            yield line, fields
            continue
        ahead: list[Line] = []
        joined = _joined(line, ahead, waiting, found, delimiter, width, encoding)
        if joined is not None:
            yield joined
        else:
            waiting.extendleft(reversed(ahead))
            yield line, "a quote is opened and never closed"


def _joined(
    line: Line, ahead: list[Line], waiting: deque[Line], found: Iterator[Line], delimiter: str, width: int, encoding: str
) -> tuple[Line, list[str]] | None:
    """The row that begins in `line` and ends in a later one; lines that were looked at are added to `ahead`."""
    raw = line.raw
    while len(ahead) < QUOTE_LINES and len(raw) < LINE_LIMIT:
        more = waiting.popleft() if waiting else next(found, None)
        if more is None:
            return None
        ahead.append(more)
        raw += more.raw
        if b'"' in more.raw:
            fields = _fields(raw, delimiter, width, encoding)
            if isinstance(fields, list):
                return Line(line.number, raw, line.offset), fields
            if fields is not None:
                return None
    return None


def _fields(raw: bytes, delimiter: str, width: int, encoding: str) -> list[str] | str | None:
    """Fields of a row, what is wrong with it, or None where a quote is still open at its end."""
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        return f"is not valid {error.encoding.upper()}: byte 0x{raw[error.start]:02x} at position {error.start + 1}"
    text = text.rstrip("\r\n").replace("\r\n", "\n")
    if not text.strip():
        return "the line is empty"
    if '"' not in text:
        fields = text.split(delimiter)
    else:
        try:
            fields = next(csv.reader([text], delimiter=delimiter, strict=True), [])
        except csv.Error as error:
            return None if "unexpected end of data" in str(error) else f"its quotes are wrong: {error}"
    if len(fields) == width:
        return fields
    return f"has {len(fields)} fields where the header has {width}"
