"""TikTok: own videos, comments and replies of the Business API (business-api.tiktok.com, "Accounts API").

Errors have status 200 and a code. Lists have offsets, newest first, and may hold fewer items than were asked for.
"""

from __future__ import annotations

import json
from typing import Any

from tests.platforms.base import SECRET, Answer, Base, Post, Request


class Platform(Base):
    kind = "tiktok"
    page = 10
    has_edits = False

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        tops = self.posts[::40]
        self.by_id = {p.id: p for p in self.posts}
        for number, post in enumerate(self.posts):
            if number % 40 == 0:
                post.parent = None
            elif post.parent is None or self.by_id[post.parent] not in tops:
                is_reply = number % 4 == 0 and post.parent and self.by_id[post.parent].parent in {p.id for p in tops}
                post.parent = post.parent if is_reply else tops[self.chance.randrange(number // 40 + 1)].id
        above = {p.parent for p in self.posts}
        for post in self.posts:
            post.deleted_at = None if post.id in above or post in tops else post.deleted_at

    def stanza(self) -> dict[str, Any]:
        return {
            "token": "env:PLATFORM_TOKEN", "business_id": "b1", "page": self.page, "base_url": self.url, "rate": "25/1s",
        }

    def place(self, post: Post) -> list[Post]:
        above = [self.by_id[post.parent]] if post.parent else []
        return [*(self.place(above[0]) if above else []), post]

    def expected(self) -> dict[str, str | None]:
        texts = super().expected().values()
        return {"-".join(p.id for p in self.place(post)): text for post, text in zip(self.posts, texts, strict=True)}

    def answer(self, request: Request) -> Answer:
        if request.headers.get("access-token") != SECRET:
            return Answer({"code": 40105, "message": "Access token is incorrect or has been revoked", "data": {}})
        values, path = request.values, request.path.removeprefix("/open_api/v1.3/business/")
        newest = self.visible()[::-1]
        if path == "video/list/":
            wanted = json.loads(values.get("filters", "{}")).get("video_ids")
            rows = [self._video(p) for p in newest if not p.parent and (wanted is None or p.id in wanted)]
            return self._page(rows, "videos", values)
        if path == "comment/list/":
            wanted = json.loads(values.get("comment_ids", "null"))
            below = [p for p in newest if p.parent == values["video_id"] and (wanted is None or p.id in wanted)]
            return self._page([self._comment(p) for p in below], "comments", values)
        if path == "comment/reply/list/":
            return self._page([self._comment(p) for p in newest if p.parent == values["comment_id"]], "comments", values)
        return Answer({"code": 40002, "message": "no such path", "data": {}})

    def _page(self, rows: list[dict[str, Any]], name: str, values: dict[str, str]) -> Answer:
        start, size = int(values.get("cursor", 0)), int(values["max_count"])
        data = {name: rows[start : start + size], "cursor": start + size, "has_more": start + size < len(rows)}
        return Answer({"code": 0, "message": "OK", "request_id": "r", "data": data})

    def _video(self, post: Post) -> dict[str, Any]:
        count = sum(p.parent == post.id for p in self.visible())
        return {
            "item_id": post.id, "caption": post.text, "create_time": str(int(post.at.timestamp())), "comments": count,
            "likes": post.likes, "shares": 0, "video_views": 100, "share_url": f"https://www.tiktok.com/@jetblue/video/{post.id}",
        }

    def _comment(self, post: Post) -> dict[str, Any]:
        return {
            "comment_id": post.id, "video_id": self.place(post)[0].id, "text": post.text, "user_id": f"u-{post.author}",
            "create_time": str(int(post.at.timestamp())), "likes": post.likes, "owner": int(post.id) % 5 == 0,
            "username": post.author, "replies": sum(p.parent == post.id for p in self.visible()), "status": "PUBLIC",
        }
