"""What people asked us to forget: one small file a request, which keeps it from ever being stored again.

    landing/forgotten/author-<digest>.json         {"requested_at": "..."}
    landing/forgotten/mention-<mention_id>.json

An author is named by a digest of the pseudonym, a mention by its id, so that the list itself tells nobody's name. `collect`
strikes what is listed before it lands, `load` before it is stored (it may have landed before the request came), and `erase`
what is stored. An author stays out with whatever they write later, too. A new salt makes new pseudonyms, by which nobody is
recognised any more.
"""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from pipelines.landing import Landing, read_json, write_json
from pipelines.records import Mention, mention_id
from warehouse.withdrawing import NOTHING, Forgotten, digest

__all__ = ["NOTHING", "Forgotten", "add", "digest", "folder", "read", "struck"]


def folder(landing: Landing) -> Path:
    """Where the requests lie."""
    return landing.root / "forgotten"


def read(landing: Landing) -> Forgotten:
    """All requests."""
    authors, mentions = {}, {}
    for path in folder(landing).glob("*.json"):
        kind, _, key = path.stem.partition("-")
        at = datetime.fromisoformat(str((read_json(path) or {})["requested_at"]))
        if kind == "author":
            authors[key] = at
        else:
            mentions[uuid.UUID(key)] = at
    return Forgotten(authors, mentions)


def add(landing: Landing, *, authors: tuple[str, ...] = (), mentions: tuple[uuid.UUID, ...] = (), now: datetime) -> None:
    """Write down a request; one that is there already stays as it is.

    Args:
        authors: pseudonyms.
    """
    for name in [f"author-{digest(a)}" for a in authors] + [f"mention-{m}" for m in mentions]:
        path = folder(landing) / f"{name}.json"
        if not path.exists():
            write_json(path, {"requested_at": now.isoformat()})


def struck(mention: Mention, author_id: str | None, forgotten: Forgotten) -> Mention:
    """The mention as it may land: as it is, or withdrawn where it or its author is to be forgotten.

    Args:
        author_id: the author's pseudonym.
    """
    at = forgotten.authors.get(digest(author_id)) if author_id and forgotten.authors else None
    if at is None and forgotten.mentions:
        at = forgotten.mentions.get(mention_id(mention.source, mention.native_id))
    return mention if at is None or mention.deleted_at else replace(mention, deleted_at=at, text="", media=(), references=())
