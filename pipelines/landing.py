"""Where stages hand files to each other: paths computed from (source, window), schemas, whole-file replacement.

    landing/mentions/source=S/window=W.parquet           MENTION_SCHEMA, redacted; one row group a batch
    landing/quarantine/source=S/window=W.parquet         QUARANTINE_SCHEMA; only where rows were rejected
    landing/manifests/source=S/window=W.json             written last: a window exists when its manifest does
    landing/enrichments/model=M/source=S/window=W.parquet
    landing/cursors/source=S.json                        one row for each query of the source
    landing/attendance/source=S.json                     when it last answered and last brought something
    landing/gaps/source=S.json                           spans that could not be read as a whole, open and filled
    landing/forgotten/author-D.json, mention-M.json      what people asked us to forget: see `forgotten.py`

The schemas and what their columns mean are in `batches.py`.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipelines.batches import ENRICHMENT_SCHEMA, MENTION_SCHEMA, QUARANTINE_SCHEMA, mention_batch, quarantine_batch, text_hash
from pipelines.records import Cursor

__all__ = [
    "ENRICHMENT_SCHEMA", "MENTION_SCHEMA", "QUARANTINE_SCHEMA", "Landing", "Manifest", "WindowWriter", "file_hash",
    "mention_batch", "quarantine_batch", "read_json", "replacing", "text_hash", "write_json",
]

@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What one landed window holds. rows_in = mentions + rejected."""

    source: str
    window: str
    file: str  # the file or address that the rows came from
    file_id: str  # the window key: key of `loads` and `quarantine` together with the source
    rows_in: int
    mentions: int
    rejected: int
    part: int = 0  # of a large file: which part this is, and of how many
    parts: int = 1
    made_with: str = ""  # hash of everything but the input that decided what was landed
    content_hash: str = ""  # of the landed Parquet files
    sealed: bool = True  # False: collected before the window had ended, so there may be more


class Landing:
    """Paths and small files of one storage folder."""

    def __init__(self, storage: Path) -> None:
        self.root = storage / "landing"

    def mentions(self, source: str, window: str) -> Path:
        """Path of a window's mentions."""
        return self.root / "mentions" / f"source={source}" / f"window={window}.parquet"

    def quarantine(self, source: str, window: str) -> Path:
        """Path of a window's rejected rows; absent when none was rejected."""
        return self.root / "quarantine" / f"source={source}" / f"window={window}.parquet"

    def enrichment(self, model: str, source: str, window: str) -> Path:
        """Path of what `model` (name@version) says about a window."""
        return self.root / "enrichments" / f"model={model}" / f"source={source}" / f"window={window}.parquet"

    def enrichments(self, source: str, window: str) -> dict[str, Path]:
        """All models that have scored a window: name@version -> path."""
        found = self.root.glob(f"enrichments/model=*/source={source}/window={window}.parquet")
        return {p.parent.parent.name.removeprefix("model="): p for p in sorted(found)}

    def manifest(self, source: str, window: str) -> Path:
        """Path of a window's manifest."""
        return self.root / "manifests" / f"source={source}" / f"window={window}.json"

    def cursor(self, source: str) -> Path:
        """Path of a source's cursor."""
        return self.root / "cursors" / f"source={source}.json"

    def actions(self) -> list[Path]:
        """Files of what people did on the pages, in order of their names."""
        return sorted((self.root / "actions").glob("*.json"))

    def windows(self, source: str) -> list[str]:
        """Keys of all landed windows of a source, in order."""
        found = (self.root / "manifests" / f"source={source}").glob("window=*.json")
        return sorted(p.name.removeprefix("window=").removesuffix(".json") for p in found)

    def sources(self) -> list[str]:
        """Names of all sources that have landed something."""
        return sorted(p.name.removeprefix("source=") for p in (self.root / "manifests").glob("source=*"))

    def read_manifest(self, source: str, window: str) -> Manifest | None:
        """The manifest of a window; None where the window has not landed."""
        values = read_json(self.manifest(source, window))
        return None if values is None else Manifest(**values)

    def write_manifest(self, manifest: Manifest) -> None:
        """Declare a window landed. Everything else of it must lie in its place before."""
        write_json(self.manifest(manifest.source, manifest.window), asdict(manifest))

    def read_cursors(self, source: str) -> dict[str, Cursor]:
        """What the source wanted back, by query; empty at the first collection."""
        found = read_json(self.cursor(source)) or {}
        if "rows" not in found:  # as it was written before there were several
            return {"": Cursor(values=found)} if found else {}
        return {row["query"]: Cursor(**row) for row in found["rows"]}

    def write_cursors(self, source: str, cursors: Iterable[Cursor]) -> None:
        """Keep cursors in the place of those of the same queries; only after their window has landed."""
        kept = self.read_cursors(source) | {c.query: c for c in cursors}
        write_json(self.cursor(source), {"rows": [asdict(c) for c in kept.values()]})

    def attendance(self, source: str) -> Path:
        """Path of the record of when a source last brought something."""
        return self.root / "attendance" / f"source={source}.json"

    def gaps(self, source: str) -> Path:
        """Path of a source's gaps."""
        return self.root / "gaps" / f"source={source}.json"

def sweep(landing: Landing, *, before: datetime) -> None:
    """Remove what killed processes had begun to write and nobody has touched since `before`."""
    for stale in landing.root.rglob(".*.tmp"):
        is_ours = re.search(r"\.(parquet|json)\.\d+\.tmp$", stale.name) is not None
        with suppress(FileNotFoundError):
            if is_ours and stale.stat().st_mtime < before.timestamp() and not _alive(stale):
                stale.unlink()


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path that takes the place of `path` when the block ends well; otherwise nothing is left of it.

    Temporary files of killed processes for the same path are removed first.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    for stale in path.parent.glob(f".{_escape(path.name)}.*.tmp"):
        if not _alive(stale):
            stale.unlink(missing_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        with temporary.open("rb") as written:
            os.fsync(written.fileno())  # after a power cut a window is whole or absent
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _escape(name: str) -> str:
    return re.sub(r"([\[\]*?])", r"[\1]", name)


def _alive(temporary: Path) -> bool:
    pid = temporary.name.split(".")[-2]
    if not pid.isdigit() or int(pid) == os.getpid():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def read_json(path: Path) -> dict[str, Any] | None:
    """The object in a JSON file; None where there is no such file."""
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None


def write_json(path: Path, values: dict[str, Any]) -> None:
    """Write an object as JSON, replacing the file as a whole."""
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(values, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def file_hash(*paths: Path) -> str:
    """SHA-256 of the bytes of files, one after another; an absent file counts as empty."""
    digest = hashlib.sha256()
    for path in paths:
        if path.exists():
            with path.open("rb") as source:
                digest.update(hashlib.file_digest(source, "sha256").digest())
        else:
            digest.update(b"-")
    return digest.hexdigest()


class WindowWriter:
    """Writes one window in batches; memory holds one batch. A window that is not finished leaves nothing behind.

        with WindowWriter(landing, source, window) as writer:
            writer.add(mention_batch(...))
            writer.reject(quarantine_batch(...))
            manifest = writer.finish(file="feed", made_with="...")
    """

    def __init__(self, landing: Landing, source: str, window: str) -> None:
        self._landing, self._source, self._window = landing, source, window
        self._stack = ExitStack()
        self.mention_count = self.rejected_count = 0

    def __enter__(self) -> WindowWriter:
        self._landing.manifest(self._source, self._window).unlink(missing_ok=True)  # until it is whole again, it is absent
        self._mentions = self._open(self._landing.mentions(self._source, self._window), MENTION_SCHEMA)
        self._quarantine: Any = None
        return self

    def __exit__(self, *error: Any) -> None:
        self._stack.__exit__(*error)

    def _open(self, path: Path, schema: pa.Schema) -> Any:
        import pyarrow.parquet as pq

        temporary = self._stack.enter_context(replacing(path))
        return self._stack.enter_context(pq.ParquetWriter(temporary, schema, compression="zstd", compression_level=1))

    def add(self, batch: pa.RecordBatch) -> None:
        """Append mentions as one row group."""
        if batch.num_rows:
            self._mentions.write_batch(batch)
            self.mention_count += batch.num_rows

    def reject(self, batch: pa.RecordBatch) -> None:
        """Append rejected rows."""
        if batch.num_rows:
            if self._quarantine is None:
                self._quarantine = self._open(self._landing.quarantine(self._source, self._window), QUARANTINE_SCHEMA)
            self._quarantine.write_batch(batch)
            self.rejected_count += batch.num_rows

    def finish(self, *, file: str, part: int = 0, parts: int = 1, made_with: str = "", sealed: bool = True) -> Manifest:
        """Move the files into place, then write and return the manifest."""
        self._stack.close()
        mentions = self._landing.mentions(self._source, self._window)
        quarantine = self._landing.quarantine(self._source, self._window)
        if not self.rejected_count:
            quarantine.unlink(missing_ok=True)
        manifest = Manifest(
            source=self._source, window=self._window, file=file, file_id=self._window, part=part, parts=parts,
            rows_in=self.mention_count + self.rejected_count, mentions=self.mention_count, rejected=self.rejected_count,
            made_with=made_with, content_hash=file_hash(mentions, quarantine), sealed=sealed,
        )
        self._landing.write_manifest(manifest)
        return manifest
