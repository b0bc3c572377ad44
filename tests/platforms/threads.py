"""Threads: keyword search, mentions, own posts and conversations (developers.facebook.com, "Threads API").

Search gives no cursor. `until` is not included. Posts of others are not given by id, edits and deletions not told.
"""

from __future__ import annotations

from typing import Any, ClassVar

from tests.platforms._graph import GraphPlatform, error, since_1970, stamp
from tests.platforms.base import Answer, Post

USER = "2468"


class Platform(GraphPlatform):
    kind = "threads"
    version = "/v1.0"
    searched: ClassVar[dict[str, Any] | None] = {}
    has_edits = False
    has_deletes = False

    def stanza(self) -> dict[str, Any]:
        return {
            "token": "env:PLATFORM_TOKEN", "user_id": USER, "username": "jetblue", "page": self.page, "base_url": self.url,
            "rate": "25/1s",
        }

    def is_own(self, post: Post) -> bool:
        return post.parent is None and int(post.id) % 24 == 16 and not post.is_noise

    def one(self, path: str, values: dict[str, str]) -> Answer:
        node, _, edge = path.partition("/")
        newest = self.visible()[::-1]
        if path == "keyword_search":
            found = [p for p in newest if self.finds(values["q"], p) and not self.is_own(self.root(p))]
            page = self.paged([(p, self._post(p)) for p in self._within(found, values)], values)
            return Answer({"data": page["data"]})
        if node == USER and edge == "mentions":
            found = [p for p in newest if int(p.id) % 4 == 1 and not self.is_own(self.root(p)) and not p.is_noise]
            return Answer(self.paged([(p, self._post(p)) for p in self._within(found, values)], values))
        if node == USER and edge == "threads":
            found = [p for p in newest if self.is_own(p)]
            return Answer(self.paged([(p, self._post(p)) for p in self._within(found, values)], values))
        if edge == "conversation":
            found = [p for p in newest if p.parent and self.root(p).id == node]
            return Answer(self.paged([(p, self._post(p)) for p in found], values))
        return error(100)

    def _within(self, posts: list[Post], values: dict[str, str]) -> list[Post]:
        since, until = since_1970(values["since"]), since_1970(values["until"])
        return [p for p in posts if since <= p.at < until]

    def _post(self, post: Post) -> dict[str, Any]:
        found: dict[str, Any] = {
            "id": post.id, "text": post.text, "media_type": "TEXT_POST", "permalink": f"https://www.threads.net/t/{post.id}",
            "timestamp": stamp(post.at), "username": "jetblue" if self.is_own(post) else post.author,
            "is_reply": bool(post.parent), "has_replies": any(p.parent == post.id for p in self.visible()), "alt_text": None,
        }
        above = {"root_post": {"id": self.root(post).id}, "replied_to": {"id": post.parent}} if post.parent else {}
        return found | above
