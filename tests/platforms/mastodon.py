"""Mastodon: hashtag timelines, search and posts by id (docs.joinmastodon.org/methods).

What loses data here: pages are cut before the instance filters them, so that one may be short in the middle; posts of other
servers arrive up to ten minutes late, under an id of the time at which they were written; a list of posts may lack some.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from tests.platforms.base import SECRET, Answer, Base, Post, Request


def id_at(moment: datetime) -> int:
    return int(moment.timestamp() * 1000) << 16


class Platform(Base):
    kind = "mastodon"
    page = 10
    searched: ClassVar[dict[str, Any] | None] = {"search": True}

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        ids = {p.id: str(id_at(p.at) + int(p.id) % 60_000) for p in self.posts}
        self.late = {ids[p.id]: timedelta(minutes=10 if n % 9 == 0 else 0) for n, p in enumerate(self.posts)}
        for post in self.posts:
            post.id, post.parent = ids[post.id], ids.get(post.parent or "")

    def stanza(self) -> dict[str, Any]:
        return {"token": "env:PLATFORM_TOKEN", "page": self.page, "base_url": self.url, "rate": "25/1s", "window": "1h"}

    def limit_headers(self, left: int, reset: float) -> dict[str, str]:
        until = datetime.fromtimestamp(int(reset) + 1, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        return {"X-RateLimit-Limit": "25", "X-RateLimit-Remaining": str(left), "X-RateLimit-Reset": until}

    def answer(self, request: Request) -> Answer:
        if request.headers.get("authorization") != f"Bearer {SECRET}":
            return Answer({"error": "The access token is invalid"}, 401)
        here = [p for p in self.visible() if p.at + self.late[p.id] <= self.now]
        if request.path.lower() == "/api/v1/timelines/tag/jetblue":
            return Answer(self._timeline([p for p in here if "jetblue" in p.text.lower()], request.values))
        if request.path == "/api/v2/search":
            return Answer({"accounts": [], "hashtags": [], "statuses": self._search(here, request.values)})
        if request.path == "/api/v1/statuses":
            wanted = request.values["id[]"].split(",")
            return Answer([self._status(p) for p in here if p.id in wanted and int(p.id) % 11])  # a list may lack some that exist
        single = [p for p in here if request.path == f"/api/v1/statuses/{p.id}"]
        return Answer(self._status(single[0])) if single else Answer({"error": "Record not found"}, 404)

    def _timeline(self, here: list[Post], values: dict[str, str]) -> list[dict[str, Any]]:
        low, high, size = int(values["min_id"]), int(values["max_id"]), int(values["limit"])
        shown = sorted((p for p in here if low < int(p.id) < high), key=lambda p: int(p.id))[: size - low % 4]
        return [self._status(p) for p in shown[::-1]]

    def _search(self, here: list[Post], values: dict[str, str]) -> list[dict[str, Any]]:
        """Bounds become times in whole seconds, both left out."""
        low, high = (datetime.fromtimestamp((int(values[n]) >> 16) // 1000, UTC) for n in ("min_id", "max_id"))
        found = sorted((p for p in here if low < p.at < high and self.finds(values["q"], p)), key=lambda p: -int(p.id))
        return [self._status(p) for p in found[: int(values["limit"])]]

    def _status(self, post: Post) -> dict[str, Any]:
        text, edited = post.text_at(self.now), post.edited_at(self.now)
        return {
            "id": post.id, "created_at": post.at.strftime("%Y-%m-%dT%H:%M:%S.000Z"), "in_reply_to_id": post.parent,
            "edited_at": edited.strftime("%Y-%m-%dT%H:%M:%S.000Z") if edited > post.at else None, "sensitive": False,
            "spoiler_text": "", "visibility": "public", "language": "en", "uri": f"{self.url}/p/{post.id}",
            "url": f"{self.url}/@{post.author}/{post.id}", "content": f"<p>{text}</p>", "reblog": None, "not_documented": [1],
            "favourites_count": post.likes, "reblogs_count": 0, "replies_count": 0, "media_attachments": [], "mentions": [],
            "tags": [{"name": "jetblue", "url": f"{self.url}/tags/jetblue"}], "emojis": [], "card": None, "poll": None,
            "account": {"id": post.author[6:], "username": post.author, "acct": post.author, "followers_count": 3},
        }
