"""An Atom feed of everything, newest first (RFC 4287), with ETag, Last-Modified and answers 304 (RFC 9110)."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any, ClassVar
from xml.sax.saxutils import escape

from tests.platforms.base import Answer, Base, Post, Request


class Platform(Base):
    kind = "rss"
    search = "google_news"
    searched: ClassVar[dict[str, Any] | None] = {"urls": [], "news": True}
    has_deletes = False  # entries leave a feed for many reasons

    def stanza(self) -> dict[str, Any]:
        return {"urls": [f"{self.url}/feed.atom"], "news_url": self.url, "rate": "25/1s", "window": "1h"}

    def answer(self, request: Request) -> Answer:
        if request.path not in ("/feed.atom", "/rss/search"):
            return Answer({}, 404)
        text = request.values.get("q")
        entries = "".join(self._entry(p) for p in self.visible()[::-1] if text is None or self.finds(text, p))
        feed = '<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en"><title>Air</title>'
        body = f"{feed}<id>urn:air</id><updated>{_iso(self.now)}</updated>{entries}</feed>".encode()
        tag = f'"{hashlib.sha256(entries.encode()).hexdigest()[:16]}"'
        headers = {"ETag": tag, "Content-Type": "application/atom+xml"}
        if request.headers.get("if-none-match") == tag:
            return Answer(body=b"", status=304, headers=headers)
        return Answer(body=body, headers=headers)

    def _entry(self, post: Post) -> str:
        return (
            f"<entry><id>{post.id}</id><title>{escape(post.text_at(self.now))}</title><link href='http://e.org/{post.id}'/>"
            f"<published>{_iso(post.at)}</published><updated>{_iso(post.edited_at(self.now))}</updated>"
            f"<author><name>{post.author}</name></author><x:new xmlns:x='urn:new'>1</x:new></entry>"
        )


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
