"""Hacker News: the search service (hn.algolia.com/api) and the official items (github.com/HackerNews/API).

What loses data here: a query gives only so many hits, however many there are; items are found some minutes after they were
posted; the search service goes on giving what was deleted for a while, and never says that it was.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any, ClassVar

from tests.platforms.base import Answer, Base, Post, Request

CAP = 20  # hits of one query


class Platform(Base):
    kind = "hackernews"
    searched: ClassVar[dict[str, Any] | None] = {}

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        self.late = {p.id: timedelta(minutes=8 if n % 9 == 0 else 0) for n, p in enumerate(self.posts)}
        for post in self.posts:  # edits end after two hours
            post.edits = [(at, text) for at, text in post.edits if at - post.at < timedelta(hours=2)]

    def stanza(self) -> dict[str, Any]:
        return {"base_url": f"{self.url}/api/v1", "items_url": f"{self.url}/v0", "rate": "25/1s", "window": "1h"}

    def answer(self, request: Request) -> Answer:
        if request.path == "/api/v1/search_by_date":
            return self._search(request.values)
        found = re.fullmatch(r"/v0/item/(\d+).json", request.path)
        return self._item(found[1]) if found else Answer({"error": "not found"}, 404)

    def _search(self, values: dict[str, str]) -> Answer:
        here = [p for p in self.posts if p.at + self.late[p.id] <= self.now]
        here = [p for p in here if not p.deleted_at or p.deleted_at + timedelta(minutes=30) > self.now]
        bounds = re.findall(r"created_at_i(>=|<|=)(\d+)", values["numericFilters"])
        tests = {">=": lambda a, b: a >= b, "<": lambda a, b: a < b, "=": lambda a, b: a == b}
        here = [p for p in here if all(tests[sign](int(p.at.timestamp()), int(bound)) for sign, bound in bounds)]
        text, tags = values["query"], values["tags"]
        here = [p for p in here if (self.finds(text, p) if text else f"author_{p.author}" in tags)]
        return Answer({"hits": [self._hit(p) for p in here[::-1][:CAP]], "nbHits": len(here), "hitsPerPage": 1000, "new": None})

    def _hit(self, post: Post) -> dict[str, Any]:
        edited = post.edited_at(self.now)
        found: dict[str, Any] = {
            "objectID": post.id, "created_at_i": int(post.at.timestamp()), "author": post.author, "_tags": ["story"],
            "updated_at": edited.strftime("%Y-%m-%dT%H:%M:%SZ") if edited > post.at else None, "story_id": int(post.id),
        }
        if post.parent:
            return found | {"comment_text": post.text_at(self.now), "parent_id": int(post.parent), "_tags": ["comment"]}
        return found | {"title": post.text_at(self.now), "points": post.likes, "num_comments": None}

    def _item(self, native_id: str) -> Answer:
        post = next((p for p in self.posts if p.id == native_id), None)
        if post is None:
            return Answer(None)
        kind = {"id": int(native_id), "type": "comment" if post.parent else "story", "time": int(post.at.timestamp())}
        if not post.is_visible(self.now):
            return Answer(kind | ({"deleted": True} if int(native_id) % 2 else {"dead": True, "by": post.author, "text": "x"}))
        return Answer(kind | {"by": post.author, "kids": [], "text": post.text_at(self.now)})
