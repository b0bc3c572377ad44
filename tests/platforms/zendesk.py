"""Zendesk: incremental export of tickets by cursor, and their comments (developer.zendesk.com, "Incremental Exports").

A ticket appears again, further on, whenever it changes. Comments are not edited; a deleted ticket is in the export, its comments
are not found.
"""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.platforms.base import SECRET, Answer, Base, Post, Request


class Platform(Base):
    kind = "zendesk"
    has_edits = False

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        tops = self.posts[::12]
        for number, post in enumerate(self.posts):
            post.parent = None if number % 12 == 0 else tops[self.chance.randrange(number // 12 + 1)].id
            post.deleted_at = None if post.parent or number % 60 != 48 else post.deleted_at
        for post in self.posts:  # comments go with their ticket
            post.deleted_at = self.top(post).deleted_at

    def top(self, post: Post) -> Post:
        return next(p for p in self.posts if p.id == post.parent) if post.parent else post

    def stanza(self) -> dict[str, Any]:
        return {
            "token": "env:PLATFORM_TOKEN", "subdomain": "acme", "text": True, "page": self.page, "base_url": self.url,
            "rate": "25/1s", "exports": "25/1s", "recheck": ["1h", "7d"],
        }

    def expected(self) -> dict[str, str | None]:
        return {f"{self.top(p).id}-{p.id}": t for p, t in zip(self.posts, super().expected().values(), strict=True)}

    def answer(self, request: Request) -> Answer:
        if request.headers.get("authorization") != f"Bearer {SECRET}":
            return Answer({"error": "Couldn't authenticate you"}, 401)
        path = request.path.removeprefix("/api/v2/").removesuffix(".json")
        if path == "incremental/tickets/cursor":
            return self._export(request.values)
        if path == "tickets/show_many":
            known = {p.id: p for p in self.visible() if not p.parent}
            found = [known[i] for i in request.values["ids"].split(",") if i in known]
            return Answer({"tickets": [self._ticket(p) for p in found], "users": self._users(), "count": len(found)})
        parts = path.split("/")
        top = next((p for p in self.visible() if p.id == parts[1] and not p.parent), None)
        if parts[0] != "tickets" or parts[2:] != ["comments"] or top is None:
            return Answer({"error": "RecordNotFound", "description": "Not found"}, 404)
        return self._comments(top, request.values)

    def _updated(self, top: Post) -> datetime:
        times = [p.at for p in self.posts if self.top(p) is top and p.at <= self.now]
        return max([*times, *([top.deleted_at] if top.deleted_at and top.deleted_at <= self.now else [])])

    def _export(self, values: dict[str, str]) -> Answer:
        order = sorted((self._updated(p), p.id, p) for p in self.posts if not p.parent and p.at <= self.now)
        order = [o for o in order if o[0] <= self.now - timedelta(minutes=1)]
        if "cursor" in values:
            at, last = base64.b64decode(values["cursor"]).decode().split("|")
            order = [o for o in order if (o[0].isoformat(), o[1]) > (at, last)]
        else:
            order = [o for o in order if o[0] >= datetime.fromtimestamp(int(values["start_time"]), UTC)]
        size = int(values.get("per_page", 1000))
        page, after = order[:size], values.get("cursor", "")
        if page:
            after = base64.b64encode(f"{page[-1][0].isoformat()}|{page[-1][1]}".encode()).decode()
        return Answer({
            "tickets": [self._ticket(p) for *_, p in page], "users": self._users(), "after_cursor": after or None,
            "after_url": f"https://acme.zendesk.com/api/v2/incremental/tickets/cursor.json?cursor={after}", "before_cursor": None,
            "before_url": None, "end_of_stream": len(order) <= size,
        })

    def _users(self) -> list[dict[str, Any]]:
        return [{"id": 1, "name": "Agent", "role": "agent"}, {"id": 2, "name": "Friend in copy", "role": "end-user"}]

    def _ticket(self, top: Post) -> dict[str, Any]:
        channels = ("email", "web", "voice", "native_messaging", "brand_new_channel")
        gone = top.deleted_at is not None and top.deleted_at <= self.now
        return {
            "id": int(top.id), "status": "deleted" if gone else "open", "via": {"channel": channels[int(top.id) // 12 % 5]},
            "requester_id": 100 + int(top.id), "updated_at": self._updated(top).strftime("%Y-%m-%dT%H:%M:%SZ"), "subject": None,
            "created_at": top.at.strftime("%Y-%m-%dT%H:%M:%SZ"), "not_documented_yet": {"new": [1]},
        }

    def _comments(self, top: Post, values: dict[str, str]) -> Answer:
        found = [p for p in self.visible() if self.top(p) is top]
        size, start = 5, int(values.get("page[after]", "0"))
        notes = [{"id": 1, "public": False, "author_id": 1, "body": "internal", "created_at": "2026-02-01T09:00:00Z"}]
        page = [self._comment(p) for p in found[start : start + size]]
        more = start + size < len(found)
        after = f"https://acme.zendesk.com/api/v2/tickets/{top.id}/comments.json?page%5Bafter%5D={start + size}"
        meta = {"has_more": more, "after_cursor": str(start + size) if more else None}
        return Answer({"comments": page + notes, "meta": meta, "links": {"next": after if more else None}})

    def _comment(self, post: Post) -> dict[str, Any]:
        author = 100 + int(self.top(post).id) if not post.parent else (1, 2, 100 + int(self.top(post).id))[int(post.id) % 3]
        return {
            "id": int(post.id), "public": True, "author_id": author, "body": post.text, "plain_body": post.text,
            "attachments": [], "created_at": post.at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "via": {"channel": "rule" if int(post.id) % 30 == 3 else "web"},
        }
