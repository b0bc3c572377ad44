"""What the intake server has acknowledged and no collection has landed yet: one file an event, written through to the disk.

    storage/inbox/source=S/<id>.json     an event that waits; its text is as it came, so the folder is for its owner alone
    storage/inbox/source=S/<id>.seen     an event that has landed: empty, kept for a day so that a replay is known

The id is a hash of the sender's event id. A file comes into being under its name as a whole or not at all, so an event that was
acknowledged is there after any crash, and one that is sent twice is stored once.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

_REMEMBERED = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Event:
    """One acknowledged event."""

    id: str  # of the file
    received_at: datetime
    body: Any


class Inbox:
    """The events of one source."""

    def __init__(self, storage: Path, source: str) -> None:
        self.folder = storage / "inbox" / f"source={source}"

    def put(self, event_id: str, body: Any, *, now: datetime) -> bool:
        """Store an event so that it survives a crash; False where it is known already."""
        name = hashlib.sha256(event_id.encode()).hexdigest()[:40]
        path = self.folder / f"{name}.json"
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if path.exists() or path.with_suffix(".seen").exists():
            return False
        temporary = self.folder / f".{name}.{os.getpid()}-{os.urandom(4).hex()}.tmp"
        content = json.dumps({"received_at": now.isoformat(), "body": body}, ensure_ascii=True)
        try:
            with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.link(temporary, path)  # fails where another process has just stored the same event
        except FileExistsError:
            return False
        finally:
            temporary.unlink(missing_ok=True)
        self._sync()
        return True

    def waiting(self) -> Iterator[Event]:
        """Events that have not landed, in a fixed order."""
        for path in sorted(self.folder.glob("*.json")):
            found = json.loads(path.read_text(encoding="ascii"))
            yield Event(path.stem, datetime.fromisoformat(found["received_at"]), found["body"])

    def settle(self, ids: Iterable[str], *, now: datetime) -> None:
        """These have landed: their content goes, their ids are remembered for a day."""
        for name in ids:
            (self.folder / f"{name}.seen").touch()
            (self.folder / f"{name}.json").unlink(missing_ok=True)
        oldest = (now - _REMEMBERED).timestamp()
        for path in (*self.folder.glob("*.seen"), *self.folder.glob(".*.tmp")):
            if path.stat().st_mtime < oldest:
                path.unlink(missing_ok=True)

    def _sync(self) -> None:
        handle = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(handle)  # the name too
        finally:
            os.close(handle)
