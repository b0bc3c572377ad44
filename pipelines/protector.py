"""From mentions as sources yield them to rows that may be stored: no personal data in the text, pseudonyms for authors."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, replace

import pyarrow as pa

from pipelines import forgotten
from pipelines.batches import mention_batch, quarantine_batch
from pipelines.forgotten import NOTHING, Forgotten
from pipelines.landing import WindowWriter
from pipelines.privacy import Pseudonymiser, protect, protect_batch
from pipelines.records import RAW_LIMIT, Brand, Mention, Rejected

BATCH_ROWS = 10_000  # held in memory at a time; one row group of the landed file
VERSION = 3  # raised where the same input lands differently: landed files are then made again


class Protector:
    """Protects batches of mentions of one source.

    Args:
        brands: whose handles and phone lines are not personal.
        salt: secret behind the pseudonyms.
        struck: what people asked us to forget: it lands as withdrawn.
    """

    def __init__(self, brands: Sequence[Brand], salt: str, struck: Forgotten = NOTHING) -> None:
        self._brands, self._forgotten = tuple(brands), struck
        self._pseudonyms = Pseudonymiser(salt)
        self._notes: dict[str, str] = {}

    @property
    def made_with(self) -> str:
        """Changes whenever the same mention would be stored in another way."""
        parts = [VERSION, self._pseudonyms.author_id("", "earshot"), [asdict(b) for b in self._brands]]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]

    def mentions(self, mentions: Sequence[Mention]) -> pa.RecordBatch:
        """Mentions as MENTION_SCHEMA, safe to store."""
        author = self._pseudonyms.author_id
        authors = [author(m.channel, m.author_id) or None if m.author_id else None for m in mentions]
        if self._forgotten:
            mentions = [forgotten.struck(m, a, self._forgotten) for m, a in zip(mentions, authors, strict=True)]
        texts = [m.text for m in mentions]
        protected = protect_batch(texts, [m.channel for m in mentions], self._brands)
        references = [m.references + p.references for m, p in zip(mentions, protected, strict=True)]
        described = [self._described(m) if m.media or m.time_note else m for m in mentions]
        return mention_batch(described, [p.text for p in protected], references, authors)

    def _described(self, mention: Mention) -> Mention:
        media = tuple(replace(m, alt=protect(m.alt, self._brands).text) if m.alt else m for m in mention.media)
        return replace(mention, media=media, time_note=self._noted(mention.time_note))

    def _noted(self, note: str | None) -> str | None:
        """A note quotes what stood in the place of a date. Most notes are of a few wordings."""
        if note and note not in self._notes:
            if len(self._notes) >= BATCH_ROWS:
                self._notes.clear()
            self._notes[note] = protect(note, self._brands).text
        return self._notes[note] if note else note

    def rejected(self, rejected: Sequence[Rejected], file_id: str) -> pa.RecordBatch:
        """Rejected rows as QUARANTINE_SCHEMA; what they say, and what their reasons quote of it, is protected like any text."""
        raws, reasons = (
            protect_batch([t[:RAW_LIMIT] for t in texts], None, self._brands)
            for texts in ([r.raw for r in rejected], [r.reason for r in rejected])
        )
        safe = [
            replace(r, reason=_storable(why.text), raw=_storable(raw.text)[:RAW_LIMIT])
            for r, why, raw in zip(rejected, reasons, raws, strict=True)
        ]
        return quarantine_batch(safe, file_id)


def _storable(text: str) -> str:
    """Odd characters spelled out; only after redaction, because letters hide what follows them."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")


def write(writer: WindowWriter, protector: Protector, mentions: list[Mention], rejected: list[Rejected], key: str) -> None:
    """Protect and append what has been gathered, and empty both lists.

    A mention that no store takes (half of a character in one of its fields, a number beyond 64 bits) is rejected; the
    others are stored.
    """
    if mentions:
        try:
            writer.add(protector.mentions(mentions))
        except (UnicodeEncodeError, OverflowError):
            good, bad = _told_apart(protector, mentions)
            writer.add(protector.mentions(good))
            rejected += bad
    if rejected:
        writer.reject(protector.rejected(rejected, key))
    mentions.clear()
    rejected.clear()


def _told_apart(protector: Protector, mentions: list[Mention]) -> tuple[list[Mention], list[Rejected]]:
    good, bad = [], []
    for number, mention in enumerate(mentions, 1):
        try:
            protector.mentions([mention])
            good.append(mention)
        except (UnicodeEncodeError, OverflowError) as error:
            reason = f"{mention.native_id!r} cannot be stored: {getattr(error, 'reason', error)}"
            bad.append(Rejected(source=mention.source, file=mention.channel, line=number, reason=reason, raw=mention.text))
    return good, bad
