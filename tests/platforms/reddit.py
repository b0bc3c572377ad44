"""Reddit: listings, search, api/info and access tokens (reddit.com/dev/api, "Data API Wiki").

Listings are newest first and end after 1,000 items, a search after 250. They go on after a full name; one that is no longer
listed gives an empty page. Deleted things keep their place for those who ask by full name, with markers instead of texts.
"""

from __future__ import annotations

import base64
from typing import Any, ClassVar

from tests.platforms.base import SECRET, Answer, Base, Post, Request

_TOKEN_LIFE = 60  # requests


class Platform(Base):
    kind = "reddit"
    page = 10
    searched: ClassVar[dict[str, Any] | None] = {"matching": True}  # search gives no comments
    depth, search_depth = 1000, 250

    def __init__(self, seed: int = 0, **options: Any) -> None:
        super().__init__(seed, **options)
        for post in self.posts:
            post.id = ("t1_" if post.parent else "t3_") + post.id
        new = {post.id[3:]: post.id for post in self.posts}
        for post in self.posts:
            post.parent = new.get(post.parent or "")
        self._tokens = self._uses = 0
        self._is_faulty = False

    def _fault(self, key: str) -> str:
        fault = super()._fault(key)
        self._is_faulty = bool(fault)
        return fault

    def stanza(self) -> dict[str, Any]:
        return {
            "client_id": "env:PLATFORM_TOKEN", "client_secret": "env:PLATFORM_TOKEN", "subreddits": ["jetblue", "flying"],
            "page": self.page, "rate": "25/1s", "base_url": self.url, "token_url": self.url,
        }

    def limit_headers(self, left: int, reset: float) -> dict[str, str]:
        return {"x-ratelimit-remaining": f"{left}.0", "x-ratelimit-used": str(25 - left), "x-ratelimit-reset": "1"}

    def answer(self, request: Request) -> Answer:
        if request.path == "/api/v1/access_token":
            return self._token(request)
        self._uses += 1
        if request.headers.get("authorization") != f"bearer {SECRET}{self._tokens}" or self._uses > _TOKEN_LIFE:
            self.overhead += 0 if self._is_faulty else 2  # it, and asking for a token in the same words as before
            return Answer({"message": "Unauthorized", "error": 401}, 401)
        if request.path == "/api/info":
            known = {p.id: p for p in self.posts if p.at <= self.now}
            return self._listing([known[i] for i in request.values["id"].split(",") if i in known], None)
        if request.path == "/search":
            newest = self._newest(is_comment=False) if request.values["sort"] == "new" else []
            found = [p for p in newest if self.finds(request.values["q"], p)][: self.search_depth]
        elif request.path in ("/r/jetblue+flying/new", "/r/jetblue+flying/comments"):
            found = self._newest(is_comment=request.path.endswith("comments"))[: self.depth]
        else:
            return Answer({"message": "Not Found", "error": 404}, 404)
        return self._after(found, request.values.get("after"), int(request.values["limit"]))

    def _token(self, request: Request) -> Answer:
        basic = base64.b64encode(f"{SECRET}:{SECRET}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {basic}" or request.form["grant_type"] != "client_credentials":
            return Answer({"message": "Unauthorized", "error": 401}, 401)
        self._tokens, self._uses = self._tokens + 1, 0
        return Answer({"access_token": f"{SECRET}{self._tokens}", "token_type": "bearer", "expires_in": 86400, "scope": "*"})

    def _newest(self, *, is_comment: bool) -> list[Post]:
        return [p for p in self.visible() if p.id.startswith("t1_") == is_comment][::-1]

    def _after(self, found: list[Post], after: str | None, limit: int) -> Answer:
        names = [p.id for p in found]
        if after:
            found = found[names.index(after) + 1 :] if after in names else []
        return self._listing(found[:limit], found[limit - 1].id if len(found) > limit else None)

    def _listing(self, posts: list[Post], after: str | None) -> Answer:
        children = [{"kind": p.id[:2], "data": self._post(p)} for p in posts]
        return Answer({"kind": "Listing", "data": {"after": after, "before": None, "dist": len(children), "children": children}})

    def _post(self, post: Post) -> dict[str, Any]:
        is_here, is_edited = post.is_visible(self.now), post.edited_at(self.now) > post.at
        text = post.text_at(self.now)
        found: dict[str, Any] = {
            "name": post.id, "id": post.id[3:], "author": post.author if is_here else "[deleted]",
            "edited": post.edited_at(self.now).timestamp() if is_edited else False, "score": post.likes, "subreddit": "jetblue",
            "created_utc": post.at.timestamp(), "permalink": f"/r/jetblue/{post.id}/", "not_documented_yet": None,
        }
        if post.id.startswith("t1_"):
            return found | {"body": text if is_here else "[deleted]", "link_id": "t3_1", "parent_id": post.parent}
        found |= {"title": text, "num_comments": 0}  # the title stays
        return found | {"selftext": "" if is_here else "[deleted]", "removed_by_category": None if is_here else "deleted"}
