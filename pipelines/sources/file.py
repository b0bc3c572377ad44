"""Files of mentions that somebody exports or drops into a folder: CSV, JSON lines, JSON, Parquet, Excel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from pydantic import Field

from pipelines.errors import InputError
from pipelines.landing import file_hash
from pipelines.mapping import Mapping, read_mapping
from pipelines.records import Cursor, Mention, Query, Rejected, Window
from pipelines.rows import mapper_of
from pipelines.sources.base import Card, Source
from pipelines.tables import SUFFIXES, open_table

SETTLED_SECONDS = 5  # a file that changed more recently may still be being written
_UNFINISHED = (".part", ".partial", ".tmp", ".crdownload", ".filepart", ".swp")


@dataclass(frozen=True)
class PendingFile:
    """A file that is not in the cursor as it is now, and what the cursor remembers of it afterwards."""

    path: Path
    is_new: bool  # False: the same bytes were collected before, only their name or time differs
    mark: dict[str, str]


class FileSource(Source):
    """A file, or a folder into which files keep dropping. Each file is collected once, known by its bytes and not its time."""

    title: ClassVar[str] = "Files (CSV, JSON, Parquet, Excel)"
    card: ClassVar[Card | None] = Card(
        channel="as the file says", collects="exports, surveys with weights; one file, or a folder that files drop into",
        cannot="what nobody exports", limits="none: large files land in parts",
        deletion="rows with deleted_at withdraw what has the same id",
    )

    path: Path = Field(description="A file of mentions, or a folder into which such files are dropped.")
    pattern: str = Field(
        default="*", description="Which files of the folder are meant, such as *.csv; **/*.csv looks into subfolders."
    )
    map: Path | None = Field(
        default=None, description="Mapping file that says which column is which field; without it, names decide."
    )

    def below(self, folder: Path) -> FileSource:
        """This source with relative paths taken from `folder`."""
        return self.model_copy(update={"path": folder / self.path, "map": folder / self.map if self.map else None})

    def mapping(self) -> Mapping:
        """The mapping of its files.

        Raises:
            ConfigError: the mapping file cannot be used.
        """
        return read_mapping(self.map) if self.map else Mapping()

    def files(self, now: datetime) -> list[Path]:
        """Complete files, by name. Hidden ones, those with a temporary name, and those still changing are left for later.

        Raises:
            InputError: the path does not exist.
        """
        if not self.path.exists():
            raise InputError(f"[sources.{self.name}] path = {str(self.path)!r}: there is no such file or folder.")
        if self.path.is_file():
            return [self.path]
        found = [p for p in self.path.glob(self.pattern) if p.is_file() and not p.name.startswith((".", "~"))]
        found = [p for p in found if p.suffix.lower() not in _UNFINISHED]
        if self.pattern == "*":
            found = [p for p in found if p.suffix.lower() in SUFFIXES]
        return sorted(p for p in found if not 0 <= now.timestamp() - p.stat().st_mtime < SETTLED_SECONDS)

    def pending(self, cursor: dict[str, str], *, now: datetime) -> Iterator[PendingFile]:
        """Files that are not in the cursor as they are. Size and time only spare reading a known file again.

        Under another mapping, a file is new.
        """
        made = self.mapping().digest.hex()[:8]
        known = {value.split(" ")[-1] for value in cursor.values()}
        for path in self.files(now):
            status = path.stat()
            stamp = f"{status.st_size} {status.st_mtime_ns}"
            name = str(path.relative_to(self.path)) if path != self.path else path.name
            before = cursor.get(name, "")
            if before.startswith(f"{stamp} ") and before.endswith(f"-{made}"):
                continue
            content = f"{file_hash(path)}-{made}"
            yield PendingFile(path, content not in known, {name: f"{stamp} {content}"})
            known.add(content)

    def collect(self, query: Query, window: Window) -> Iterator[Mention | Rejected | Cursor]:
        """Rows of all files that are not in the cursor yet; a file that cannot be read is one rejected row."""
        mapping = self.mapping()
        marks = dict(query.cursor)
        for file in self.pending(query.cursor, now=window.end):
            marks |= file.mark
            if not file.is_new:
                continue
            try:
                table = open_table(file.path, mapping)
                mapper = mapper_of(mapping, source=self.name, file=file.path.name, now=window.end, brands=query.brands)
                for row in table.whole():
                    yield mapper(row)
            except InputError as error:
                if file.path == self.path:
                    raise
                yield Rejected(source=self.name, file=file.path.name, line=0, reason=str(error), raw="")
        yield Cursor(values=marks)
