"""Notifier `file`: one JSON object a line, for the demo, for tests, and for whatever follows a file."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar, Self

from pydantic import Field

from pipelines.errors import NotifierError
from pipelines.notifiers.base import Notifier
from pipelines.records import Alert


class File(Notifier):
    """Appends every alert to a file as one JSON object on a line of its own; `key` tells copies apart."""

    title: ClassVar[str] = "File of JSON lines"

    path: str = Field(default="alerts.jsonl", description="The file; relative to the storage folder.")

    def located(self, folder: Path) -> Self:
        return self.model_copy(update={"path": str(folder / Path(self.path).expanduser())})

    def send(self, alert: Alert) -> None:
        self._append({"key": alert.key, **asdict(alert)})

    def tell(self, title: str, text: str, *, key: str) -> None:
        self._append({"key": key, "title": title, "text": text})

    def _append(self, values: dict[str, Any]) -> None:
        line = json.dumps(values, ensure_ascii=False, default=str) + "\n"
        path = Path(self.path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # One write to a file opened for appending: a reader, or a second writer, never sees half a line among others.
            descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            try:
                written = os.write(descriptor, self._after_torn(path) + line.encode())
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise NotifierError(f"[notifiers.{self.name}] {path}: cannot be written: {error.strerror}.") from error
        if written < len(line.encode()):
            raise NotifierError(f"[notifiers.{self.name}] {path}: only part of the alert could be written; is the disk full?")

    @staticmethod
    def _after_torn(path: Path) -> bytes:
        """A line break where an earlier write was cut short, by a full disk or a power cut, so that only that line is lost."""
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            if size == 0:
                return b""
            file.seek(size - 1)
            return b"" if file.read(1) == b"\n" else b"\n"

    def check(self) -> str:
        path = Path(self.path)
        existing = next(p for p in (path, *path.absolute().parents) if p.exists())
        fits = existing.is_file() if existing == path else existing.is_dir()
        if not fits or not os.access(existing, os.W_OK):
            raise NotifierError(f"[notifiers.{self.name}] path = {self.path!r}: cannot be written; choose another file.")
        return f"{path} can be written."
