"""A LinkedIn Page: `posts` by author and `socialActions` (learn.microsoft.com, "Community Management").

Pages have offsets; comments come in no order that is documented. Comments below comments are a list of their own.
"""

from __future__ import annotations

import random
from typing import Any
from urllib.parse import unquote

from tests.platforms.base import SECRET, Answer, Base, Post, Request

ORGANIZATION = "urn:li:organization:42"


class Platform(Base):
    kind = "linkedin_page"
    page = 10

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        tops = self.posts[::60]
        self.by_id = {p.id: p for p in self.posts}
        for number, post in enumerate(self.posts):
            if number % 60 == 0:
                post.parent = None
            elif post.parent is None or self.by_id[post.parent] not in tops:
                is_reply = number % 4 == 0 and post.parent and self.by_id[post.parent].parent in {p.id for p in tops}
                post.parent = post.parent if is_reply else tops[self.chance.randrange(number // 60 + 1)].id
        above = {p.parent for p in self.posts}
        for post in self.posts:
            post.deleted_at = None if post.id in above or post in tops else post.deleted_at

    def stanza(self) -> dict[str, Any]:
        return {
            "token": "env:PLATFORM_TOKEN", "organization_id": "42", "page": self.page, "base_url": self.url, "rate": "25/1s",
            "recheck": ["1h", "7d"],
        }

    def top(self, post: Post) -> Post:
        return self.top(self.by_id[post.parent]) if post.parent else post

    def native(self, post: Post) -> str:
        return f"urn:li:comment:(urn:li:activity:{self.top(post).id},{post.id})" if post.parent else f"urn:li:activity:{post.id}"

    def expected(self) -> dict[str, str | None]:
        return {self.native(p): t for p, t in zip(self.posts, super().expected().values(), strict=True)}

    def answer(self, request: Request) -> Answer:
        if request.headers.get("authorization") != f"Bearer {SECRET}" or "linkedin-version" not in request.headers:
            return Answer({"status": 401, "serviceErrorCode": 65600, "message": "Invalid access token"}, 401)
        parts = [unquote(part) for part in request.path.removeprefix("/rest/").split("/")]
        known = {self.native(p): p for p in self.visible()}
        if parts == ["posts"]:
            assert request.values["author"] == ORGANIZATION
            return self._page([self._post(p) for p in self.visible()[::-1] if not p.parent], request.values)
        post = known.get(parts[1])
        if post is None:
            return Answer({"status": 404, "message": "Not Found"}, 404)
        if parts[0] == "posts":
            return Answer(self._post(post))
        if len(parts) == 4:
            found = next((p for p in self.visible() if p.id == parts[3] and self.top(p) is post), None)
            return Answer(self._comment(found)) if found else Answer({"status": 404, "message": "Not Found"}, 404)
        below = [p for p in self.visible() if p.parent == post.id]
        random.Random(post.id).shuffle(below)
        return self._page([self._comment(p) for p in below], request.values)

    def _page(self, rows: list[dict[str, Any]], values: dict[str, str]) -> Answer:
        start, size = int(values["start"]), int(values["count"])
        paging = {"start": start, "count": size, "links": [], "total": len(rows)}
        return Answer({"paging": paging, "elements": rows[start : start + size]})

    def _post(self, post: Post) -> dict[str, Any]:
        at, changed = (int(t.timestamp() * 1000) for t in (post.at, post.edited_at(self.now)))
        return {
            "id": self.native(post), "author": ORGANIZATION, "commentary": post.text_at(self.now), "createdAt": at,
            "publishedAt": at, "lastModifiedAt": changed, "lifecycleState": "PUBLISHED", "visibility": "PUBLIC",
        }

    def _comment(self, post: Post) -> dict[str, Any]:
        actor = ORGANIZATION if int(post.id) % 5 == 0 else f"urn:li:person:{post.author}"
        below = sum(p.parent == post.id for p in self.visible())
        found: dict[str, Any] = {
            "actor": actor, "object": f"urn:li:activity:{self.top(post).id}", "commentUrn": self.native(post), "id": post.id,
            "created": {"actor": actor, "time": int(post.at.timestamp() * 1000)}, "message": {"text": post.text_at(self.now)},
            "lastModified": {"actor": actor, "time": int(post.edited_at(self.now).timestamp() * 1000)},
            "likesSummary": {"aggregatedTotalLikes": post.likes}, "commentsSummary": {"aggregatedTotalComments": below},
        }
        parent = self.by_id[post.parent or ""]
        return found | ({"parentComment": self.native(parent)} if parent.parent else {})
