"""Reads files of rows, one row at a time and in parts: CSV, JSON lines, JSON, Parquet and Excel.

Whatever the bytes are, every row comes out: with its values, or with what is wrong with it. Only a file that cannot be
read at all is an error.
"""

from __future__ import annotations

import csv
import io
import json
import re
from array import array
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from pipelines.errors import InputError
from pipelines.lines import Line, csv_records, lines
from pipelines.mapping import Mapping
from pipelines.rows import Row, as_raw

PART_ROWS = 50_000
_LOOKED_AT = 1_000  # rows that tell which columns a JSON file has
_ARRAY_LIMIT = 256 * 2**20  # bytes of a JSON array, which must be read as a whole
_BY_SUFFIX = {
    ".csv": "csv", ".tsv": "csv", ".tab": "csv", ".txt": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json",
    ".parquet": "parquet", ".pq": "parquet", ".xlsx": "excel", ".xlsm": "excel",
}
_DELIMITERS = ",;\t|"
_GAP = re.compile(r"[\s,]*")
_NEXT_OBJECT = re.compile(r"\n\s*\{")
SUFFIXES = tuple(_BY_SUFFIX)


class Part(NamedTuple):
    """A slice of a file: bytes [start, end) of a text file, rows [start, end) of another."""

    start: int
    end: int
    first_line: int  # 1-based line of the first row
    seen: dict[bytes, int]  # rows that also stand in earlier parts -> how often


class Table:
    """One file of rows."""

    columns: list[str]

    def __init__(self, path: Path, mapping: Mapping) -> None:
        self.path, self.file = path, mapping.file

    def parts(self) -> list[Part]:
        """The file in parts of at most PART_ROWS rows."""
        raise NotImplementedError

    def rows(self, part: Part) -> Iterator[Row]:
        """The rows of a part."""
        raise NotImplementedError

    def whole(self) -> Iterator[Row]:
        """All rows."""
        for part in self.parts():
            yield from self.rows(part)


def open_table(path: Path, mapping: Mapping) -> Table:
    """The table in a file that has a column for the text.

    Raises:
        InputError: the file is missing, empty, of an unknown kind, or has no column for the text.
    """
    try:
        if path.is_dir():
            raise InputError(f"{path}: is a folder; give one file, or configure a source of kind 'file' for the folder.")
        with path.open("rb") as file:
            head = file.read(4096)
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file.") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}.") from None
    if not head.strip():
        raise InputError(f"{path}: is empty.")
    table = _KINDS[mapping.file.format or _kind(path, head)](path, mapping)
    mapping.check_columns(table.columns, path)
    return table


def _kind(path: Path, head: bytes) -> str:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError(f"{path}: is written in UTF-16; save it as UTF-8.")
    if head.startswith(b"\x1f\x8b"):
        raise InputError(f"{path}: is compressed; unpack it first.")
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"PK\x03\x04"):
        return "excel"
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise InputError(f"{path}: is an old Excel file (.xls); save it as .xlsx.")
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    kind = _BY_SUFFIX.get(path.suffix.lower())
    if kind in (None, "json", "jsonl") and start in (b"[", b"{"):
        return "json" if start == b"[" and kind != "jsonl" else "jsonl"
    return "jsonl" if kind == "json" else kind or "csv"


class TextTable(Table):
    """A file of lines: what CSV and JSON lines have in common."""

    header_lines = 0

    def records(self, part: Part) -> Iterator[Line]:
        """Lines of a part that make up one row each."""
        return lines(self.path, part.start, part.end, part.first_line)

    def _body(self) -> Part:
        return Part(0, self.path.stat().st_size, 1, {})

    def parts(self) -> list[Part]:
        body = self._body()
        if self._line_count() <= PART_ROWS:
            return [body]
        offsets, numbers, hashes = array("q"), array("q"), array("q")
        for record in self.records(body):
            offsets.append(record.offset)
            numbers.append(record.number)
            hashes.append(hash(record.raw.strip()))
        size = -(-len(offsets) // -(-len(offsets) // PART_ROWS))  # parts of equal size
        ends = [*offsets[size::size], body.end]
        repeated = self._repeated(hashes, size)
        return [
            Part(start, end, first, seen)
            for start, end, first, seen in zip(offsets[::size], ends, numbers[::size], repeated, strict=True)
        ]

    def _line_count(self) -> int:
        count = 1
        with self.path.open("rb") as file:
            while block := file.read(2**20):
                count += block.count(b"\n")
        return count

    def _repeated(self, hashes: array[int], size: int) -> list[dict[bytes, int]]:
        """For each part, rows that stand in an earlier part too: their occurrence numbers go on from there."""
        import numpy as np

        from pipelines.rows import row_key

        values, counts = np.unique(np.frombuffer(hashes, dtype=np.int64), return_counts=True)
        twice = set(values[counts > 1].tolist())
        before: Counter[bytes] = Counter()
        found: list[dict[bytes, int]] = []
        for count, record in enumerate(self.records(self._body()) if twice else ()):
            if count % size == 0:
                found.append(dict(before))
            if hashes[count] in twice:
                before[row_key(record.raw)] += 1
        return found or [{} for _ in hashes[::size]]


class CsvTable(TextTable):
    """Comma, semicolon, tab or bar between the columns, whose names stand in the first line."""

    def __init__(self, path: Path, mapping: Mapping) -> None:
        super().__init__(path, mapping)
        csv.field_size_limit(2**30)  # a long field is a row's problem, not the file's
        first = next(lines(path, 0, path.stat().st_size, 1), None)
        self._header = first.raw if first else b""
        try:
            text = self._header.decode("utf-8-sig" if self.file.encoding.lower() in ("utf-8", "utf8") else self.file.encoding)
        except UnicodeDecodeError:
            raise InputError(f"{path}: its first line is not {self.file.encoding}; name the encoding in a mapping.") from None
        self._delimiter = self.file.delimiter or self._sniff(text)
        self.columns = [c.strip() for c in _split(text, self._delimiter)]

    def _sniff(self, header: str) -> str:
        from pipelines.mapping import guess

        def quality(delimiter: str) -> tuple[bool, int]:
            found = [c.strip() for c in _split(header, delimiter)]
            return guess(found)[0].text is not None, len(found)

        return max(_DELIMITERS, key=quality)

    def _body(self) -> Part:
        return Part(len(self._header), self.path.stat().st_size, 2, {})

    def records(self, part: Part) -> Iterator[Line]:
        return (record for record, _ in self._parsed(part))

    def _parsed(self, part: Part) -> Iterator[tuple[Line, list[str] | str]]:
        raw = lines(self.path, part.start, part.end, part.first_line)
        return csv_records(raw, self._delimiter, len(self.columns), self.file.encoding)

    def rows(self, part: Part) -> Iterator[Row]:
        columns = self.columns
        for record, fields in self._parsed(part):
            if isinstance(fields, str):
                yield Row(record.number, record.raw, {}, fields)
            else:
                yield Row(record.number, record.raw, dict(zip(columns, fields, strict=True)))


class JsonLinesTable(TextTable):
    """One JSON object a line."""

    def __init__(self, path: Path, mapping: Mapping) -> None:
        super().__init__(path, mapping)
        found: dict[str, None] = {}
        for count, row in enumerate(self.rows(self._body())):
            if found and count >= _LOOKED_AT:
                break
            found |= dict.fromkeys(row.values)
        if not found:
            raise InputError(f"{path}: no line of it is a JSON object.")
        self.columns = list(found)

    def rows(self, part: Part) -> Iterator[Row]:
        for number, raw, _ in self.records(part):
            yield _json_row(number, raw, self.file.encoding)


def _json_row(number: int, raw: bytes, encoding: str) -> Row:
    try:
        text = raw.decode(encoding)
        values = json.loads(text.removeprefix("\ufeff") if number == 1 else text)
    except UnicodeDecodeError as error:
        return Row(number, raw, {}, _undecodable(raw, error))
    except RecursionError:
        return Row(number, raw, {}, "is not valid JSON: nested too deeply")
    except ValueError as error:
        reason = "the line is empty" if not raw.strip() else f"is not valid JSON: {getattr(error, 'msg', error)}"
        return Row(number, raw, {}, reason)
    return _object_row(number, raw, values)


def _undecodable(raw: bytes, error: UnicodeDecodeError) -> str:
    return f"is not valid {error.encoding.upper()}: byte 0x{raw[error.start]:02x} at position {error.start + 1}"


def _object_row(number: int, raw: bytes, values: Any) -> Row:
    if isinstance(values, dict):
        return Row(number, raw, values)
    return Row(number, raw, {}, f"is a JSON {type(values).__name__.replace('NoneType', 'null')}, not an object")


class JsonTable(Table):
    """A JSON array of objects; read as a whole. A broken element is passed over to the next line that begins one."""

    def __init__(self, path: Path, mapping: Mapping) -> None:
        super().__init__(path, mapping)
        if path.stat().st_size > _ARRAY_LIMIT:
            raise InputError(f"{path}: a JSON array of more than 256 MB must be written as JSON lines, one object a line.")
        self._rows = list(self._elements(path.read_bytes()))
        self.columns = list(dict.fromkeys(k for row in self._rows[:_LOOKED_AT] for k in row.values))
        if not self.columns:
            raise InputError(f"{path}: holds no JSON object.")

    def _elements(self, raw: bytes) -> Iterator[Row]:
        text = raw.decode(self.file.encoding, "surrogateescape").removeprefix("\ufeff")
        decoder, at, line, counted = json.JSONDecoder(), text.index("[") + 1, 1, 0
        while True:
            at = _gap(text, at)
            if at >= len(text) or text[at] == "]":
                return
            line, counted = line + text.count("\n", counted, at), at
            try:
                values, end = decoder.raw_decode(text, at)
                problem = None
            except (ValueError, RecursionError) as error:
                values, problem = {}, f"is not valid JSON: {getattr(error, 'msg', 'nested too deeply')}"
                following = _NEXT_OBJECT.search(text, at)
                end = following.start() if following else len(text)
            element = text[at:end].encode(self.file.encoding, "surrogateescape")
            row = Row(line, element, {}, problem) if problem else _object_row(line, element, values)
            yield row if problem else _decodable(row, self.file.encoding)
            at = end

    def parts(self) -> list[Part]:
        return _row_parts(len(self._rows))

    def rows(self, part: Part) -> Iterator[Row]:
        return iter(self._rows[part.start : part.end])


def _gap(text: str, at: int) -> int:
    found = _GAP.match(text, at)
    return found.end() if found else at


def _decodable(row: Row, encoding: str) -> Row:
    try:
        row.raw.decode(encoding)
    except UnicodeDecodeError as error:
        return Row(row.line, row.raw, {}, _undecodable(row.raw, error))
    return row


def _row_parts(count: int) -> list[Part]:
    return [Part(s, min(s + PART_ROWS, count), s + 1, {}) for s in range(0, max(count, 1), PART_ROWS)]


class ParquetTable(Table):
    """Apache Parquet."""

    def __init__(self, path: Path, mapping: Mapping) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        super().__init__(path, mapping)
        try:
            self._file = pq.ParquetFile(path)
        except (pa.ArrowException, OSError) as error:
            raise InputError(f"{path}: is not a Parquet file that can be read: {error}.") from None
        self.columns = self._file.schema_arrow.names

    def parts(self) -> list[Part]:
        return _row_parts(self._file.metadata.num_rows)

    def rows(self, part: Part) -> Iterator[Row]:
        at = 0
        for group in range(self._file.metadata.num_row_groups):
            count = self._file.metadata.row_group(group).num_rows
            if at < part.end and at + count > part.start:
                yield from self._group(group, at, part)
            at += count

    def _group(self, group: int, at: int, part: Part) -> Iterator[Row]:
        for batch in _unbroken(self._file.iter_batches(batch_size=10_000, row_groups=[group]), self.path):
            if at < part.end and at + batch.num_rows > part.start:
                for number, values in enumerate(batch.to_pylist(), at):
                    if part.start <= number < part.end:
                        yield Row(number + 1, as_raw(values), values)
            at += batch.num_rows


class ExcelTable(Table):
    """The first sheet, or the one named, of an .xlsx file; the names of the columns stand in its first row."""

    def __init__(self, path: Path, mapping: Mapping) -> None:
        super().__init__(path, mapping)
        values = next(self._sheet(), ())
        self.columns = [str(v).strip() if v is not None else "" for v in values]

    def _sheet(self) -> Iterator[tuple[Any, ...]]:
        import openpyxl

        try:
            book = openpyxl.load_workbook(io.BytesIO(self.path.read_bytes()), read_only=True, data_only=True)
        except Exception as error:  # openpyxl raises whatever its parsers raise
            raise InputError(f"{self.path}: is not an Excel file that can be read: {error}.") from None
        name = self.file.sheet or book.sheetnames[0]
        if name not in book.sheetnames:
            raise InputError(f"{self.path}: has no sheet {name!r}; there are: {', '.join(book.sheetnames)}.")
        return _unbroken(book[name].iter_rows(values_only=True), self.path)

    def parts(self) -> list[Part]:
        return _row_parts(sum(1 for _ in self._sheet()) - 1)

    def rows(self, part: Part) -> Iterator[Row]:
        for number, fields in enumerate(islice(self._sheet(), part.start + 1, part.end + 1), part.start + 2):
            values = dict(zip(self.columns, fields, strict=False))
            empty = all(v is None for v in fields)
            yield Row(number, as_raw(values), values, "the row is empty" if empty else None)


def _unbroken(found: Iterator[Any], path: Path) -> Iterator[Any]:
    """A file that is damaged inside is an unreadable file, whatever its reader raises."""
    try:
        yield from found
    except Exception as error:
        raise InputError(f"{path}: is damaged: {error}.") from None


def _split(text: str, delimiter: str) -> list[str]:
    return next(csv.reader([text.rstrip("\r\n")], delimiter=delimiter), [])


_KINDS: dict[str, type[Table]] = {
    "csv": CsvTable, "jsonl": JsonLinesTable, "json": JsonTable, "parquet": ParquetTable, "excel": ExcelTable,
}
