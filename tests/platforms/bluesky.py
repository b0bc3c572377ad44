"""Bluesky: sessions, search and posts by id (docs.bsky.app, app.bsky.feed.searchPosts and getPosts).

What loses data here: the cursor ends after two pages though there are more posts; posts are found only minutes after they say
that they were written; access tokens expire after some requests, told by status 400; lists of posts may leave one out.
"""

from __future__ import annotations

import hashlib
import time
from datetime import datetime, timedelta
from typing import Any, ClassVar

from pipelines.sealing import Sealer
from tests.platforms.base import SECRET, Answer, Base, Post, Request

HANDLE = "listener.bsky.social"
PAGES = 2  # that a cursor reaches
HOLDS = 15  # requests of one access token


def did(author: str) -> str:
    return "did:plc:" + hashlib.sha256(author.encode()).hexdigest()[:24]


class Platform(Base):
    kind = "bluesky"
    page = 10
    searched: ClassVar[dict[str, Any] | None] = {}
    has_edits = False  # the search and getPosts give the newest version and no date of it

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        self.uris = {p.id: f"at://{did(p.author)}/app.bsky.feed.post/3k{p.id}" for p in self.posts}
        self.late = {p.id: timedelta(minutes=10 if n % 9 == 0 else 0) for n, p in enumerate(self.posts)}
        self.token, self.used, self.expired = 0, 0, 0
        self.left_out: set[str] = set()

    def stanza(self) -> dict[str, Any]:
        return {
            "handle": HANDLE, "password": "env:PLATFORM_TOKEN", "key": "env:PLATFORM_TOKEN", "page": self.page,
            "base_url": self.url, "rate": "25/1s", "window": "1h",
        }

    def expected(self) -> dict[str, str | None]:
        seal = Sealer(SECRET).seal
        authors = {p.id: did(p.author) for p in self.posts}
        return {seal(f"{authors[i]}/3k{i}"): text for i, text in super().expected().items()}

    @property
    def overhead(self) -> int:  # type: ignore[override]
        return self.expired

    def limit_headers(self, left: int, reset: float) -> dict[str, str]:
        return {
            "RateLimit-Limit": "25", "RateLimit-Remaining": str(left), "RateLimit-Policy": "25;w=1",
            "RateLimit-Reset": str(int(time.time()) + 1),
        }

    def answer(self, request: Request) -> Answer:
        method, sent = request.path.removeprefix("/xrpc/"), request.headers.get("authorization", "")
        if method == "com.atproto.server.createSession":
            right = request.json == {"identifier": HANDLE, "password": SECRET}
            return self._session() if right else Answer({"error": "AuthenticationRequired", "message": "Invalid"}, 401)
        if method == "com.atproto.server.refreshSession":
            return self._session() if sent == f"Bearer refresh-{self.token}" else Answer({"error": "ExpiredToken"}, 400)
        self.used += 1
        if sent != f"Bearer access-{self.token}" or self.used > HOLDS:
            self.expired += 1
            return Answer({"error": "ExpiredToken", "message": "Token has expired"}, 400)
        here = [p for p in self.visible() if p.at + self.late[p.id] <= self.now]
        if method == "app.bsky.feed.searchPosts":
            return self._search(here, request.values)
        if method == "app.bsky.feed.getPosts":
            return self._posts(here, request.values["uris"].split(","))
        return Answer({"error": "MethodNotImplemented"}, 501)

    def _session(self) -> Answer:
        self.token, self.used = self.token + 1, 0
        return Answer({
            "accessJwt": f"access-{self.token}", "refreshJwt": f"refresh-{self.token}", "handle": HANDLE, "did": did(HANDLE),
            "active": True,
        })

    def _search(self, here: list[Post], values: dict[str, str]) -> Answer:
        since, until = (datetime.fromisoformat(values[name]) for name in ("since", "until"))
        found = [p for p in here if since <= p.at < until and self.finds(values["q"], p)][::-1]
        first, size = int(values.get("cursor", "0")), int(values["limit"])
        shown = [self._view(p) for p in found[first : first + size]]
        answer: dict[str, Any] = {"posts": shown, "hitsTotal": len(found) // 10 * 10}
        if first + size < len(found) and first + size < PAGES * size:
            answer["cursor"] = str(first + size)
        return Answer(answer)

    def _posts(self, here: list[Post], uris: list[str]) -> Answer:
        if len(uris) > 25:
            return Answer({"error": "InvalidRequest"}, 400)
        known = {self.uris[p.id]: p for p in here}
        once = {uri for uri in uris if int(uri[-4:]) % 10 == 0} - self.left_out
        self.left_out |= once
        return Answer({"posts": [self._view(known[uri]) for uri in uris if uri in known and uri not in once]})

    def _view(self, post: Post) -> dict[str, Any]:
        record: dict[str, Any] = {
            "$type": "app.bsky.feed.post", "text": post.text_at(self.now), "langs": ["en"], "createdAt": _iso(post.at),
        }
        if post.parent:
            record["reply"] = {"root": {"uri": self.uris[post.parent], "cid": "c"}, "parent": {"uri": self.uris[post.parent]}}
        return {
            "uri": self.uris[post.id], "cid": "bafy", "record": record, "indexedAt": _iso(post.at + self.late[post.id]),
            "author": {"did": did(post.author), "handle": f"{post.author}.bsky.social", "displayName": "", "labels": []},
            "likeCount": post.likes, "repostCount": 0, "replyCount": 0, "quoteCount": None, "labels": [], "notDocumented": {},
        }


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")
