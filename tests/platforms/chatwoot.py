"""Chatwoot: conversations by their last activity, and messages before one of them (developers.chatwoot.com).

Pages of conversations have a fixed size, pages of messages go from old to new. Deleted messages stay, marked.
"""

from __future__ import annotations

from typing import Any

from tests.platforms.base import SECRET, Answer, Base, Post, Request

AT_ONCE = 10


class Platform(Base):
    kind = "chatwoot"
    has_edits = False

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        tops = self.posts[::12]
        for number, post in enumerate(self.posts):
            post.parent = None if number % 12 == 0 else tops[self.chance.randrange(number // 12 + 1)].id
        for post in tops:
            post.deleted_at = None

    def stanza(self) -> dict[str, Any]:
        return {
            "token": "env:PLATFORM_TOKEN", "account_id": 7, "text": True, "base_url": self.url, "rate": "25/1s",
            "recheck": ["1h", "7d"],
        }

    def top(self, post: Post) -> str:
        return post.parent or post.id

    def expected(self) -> dict[str, str | None]:
        return {f"{self.top(p)}-{p.id}": t for p, t in zip(self.posts, super().expected().values(), strict=True)}

    def answer(self, request: Request) -> Answer:
        if request.headers.get("api_access_token") != SECRET:
            return Answer({"error": "Invalid Access Token"}, 401)
        path = request.path.removeprefix("/api/v1/accounts/7/")
        if path == "conversations":
            tops = [p for p in self.visible() if not p.parent]
            tops.sort(key=lambda p: self._active(p), reverse=True)
            first = (int(request.values["page"]) - 1) * AT_ONCE
            rows = [self._conversation(p) for p in tops[first : first + AT_ONCE]]
            return Answer({"data": {"meta": {"all_count": len(tops)}, "payload": rows}})
        parts = path.split("/")
        top = next((p for p in self.visible() if p.id == parts[1] and not p.parent), None)
        if top is None:
            return Answer({"error": "Resource could not be found"}, 404)
        if len(parts) == 2:
            return Answer(self._conversation(top))
        found = [p for p in self.posts if self.top(p) == top.id and p.at <= self.now]
        if "before" in request.values:
            found = [p for p in found if int(p.id) < int(request.values["before"])]
        return Answer({"meta": {}, "payload": [self._message(p) for p in found[-AT_ONCE:]]})

    def _active(self, top: Post) -> float:
        return max(p.at.timestamp() for p in self.posts if self.top(p) == top.id and p.at <= self.now)

    def _conversation(self, top: Post) -> dict[str, Any]:
        channel = ("Email", "WebWidget", "Whatsapp", "Api")[int(top.id) // 12 % 4]
        return {
            "id": int(top.id), "last_activity_at": int(self._active(top)), "inbox_id": 3, "status": "open",
            "meta": {"channel": f"Channel::{channel}", "sender": {"id": 5, "name": "Ann", "email": "ann@example.org"}},
        }

    def _message(self, post: Post) -> dict[str, Any]:
        is_deleted = bool(post.deleted_at and post.deleted_at <= self.now)
        kind = int(post.id) % 3 % 2 if post.parent else 0
        return {
            "id": int(post.id), "content": "This message was deleted" if is_deleted else post.text, "message_type": kind,
            "created_at": int(post.at.timestamp()), "private": False, "sender": {"id": 5, "type": "user" if kind else "contact"},
            "content_attributes": {"deleted": True} if is_deleted else {}, "attachments": None,
        }
