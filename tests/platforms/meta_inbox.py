"""Conversations of a Page, by inbox, the last changed first (developers.facebook.com, "Conversations API").

Messages are neither edited nor given again when they were unsent. Every 40th is a mention in a story.
"""

from __future__ import annotations

import re
from typing import Any

from tests.platforms._graph import GraphPlatform, error, stamp
from tests.platforms.base import Answer, Post

PAGE, INSTAGRAM = "999", "178414"


class Platform(GraphPlatform):
    kind = "meta_inbox"
    has_edits = False
    has_deletes = False

    def stanza(self) -> dict[str, Any]:
        return {
            "token": "env:PLATFORM_TOKEN", "page_id": PAGE, "instagram_id": INSTAGRAM, "text": True, "page": self.page,
            "base_url": self.url, "rate": "25/1s",
        }

    def inbox(self, post: Post) -> str:
        return "instagram" if int(self.root(post).id) % 24 == 4 else "messenger"

    def one(self, path: str, values: dict[str, str]) -> Answer:
        node, _, edge = path.partition("/")
        if node == PAGE and edge == "conversations":
            tops = [p for p in self.visible() if not p.parent and self.inbox(p) == values["platform"]]
            tops.sort(key=lambda p: (self._messages(p)[0].at, p.id), reverse=True)
            return Answer(self.paged([(p, self._conversation(p, values["fields"])) for p in tops], values))
        top = {f"t_{p.id}": p for p in self.visible() if not p.parent}.get(node)
        if top is None or edge != "messages":
            return error(100)
        return Answer(self.paged([(p, self._message(p)) for p in self._messages(top)], values))

    def _messages(self, top: Post) -> list[Post]:
        return [p for p in self.visible() if self.root(p) is top][::-1]

    def _conversation(self, top: Post, fields: str) -> dict[str, Any]:
        asked = re.search(r"messages\.limit\((\d+)\)", fields)
        found: dict[str, Any] = {"id": f"t_{top.id}", "updated_time": stamp(self._messages(top)[0].at)}
        if asked:
            inner = self.paged([(p, self._message(p)) for p in self._messages(top)], {"limit": asked[1]})
            found["messages"] = inner
        return found

    def _message(self, post: Post) -> dict[str, Any]:
        own = INSTAGRAM if self.inbox(post) == "instagram" else PAGE
        found: dict[str, Any] = {
            "id": post.id, "created_time": stamp(post.at), "message": post.text,
            "from": {"id": own if post.parent and int(post.id) % 3 == 0 else f"u{self.root(post).id}", "email": "hidden"},
        }
        if int(post.id) % 40 == 7:
            found["story"] = {"mention": {"link": f"https://cdn.example/{post.id}", "id": "1"}}
        return found
