"""X: recent search, counts and lookup of API v2 (docs.x.com, "Search Posts", "Post counts", "Post lookup", "Edit Posts").

An edit is a new post with an id of its own: search gives the newest version only, at the time of the edit, and a lookup gives
the version that was asked for, with the ids of all of them, oldest first. Deleting one version deletes them all.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, ClassVar

from tests.platforms.base import SECRET, Answer, Base, Post, Request

_EPOCH = 1_288_834_974_657  # ids hold their time: milliseconds from here, and 22 more bits
_NOT_FOUND = {"type": "https://api.twitter.com/2/problems/resource-not-found", "title": "Not Found Error"}
_INVALID = {"type": "https://api.twitter.com/2/problems/invalid-request", "title": "Invalid Request"}


def snowflake(at: datetime, number: int) -> str:
    return str(((int(at.timestamp() * 1000) - _EPOCH) << 22) + number)


class Platform(Base):
    kind = "x"
    page = 10
    searched: ClassVar[dict[str, Any] | None] = {}

    def __init__(self, seed: int = 0, **options: Any) -> None:
        super().__init__(seed, **options)
        new = {post.id: snowflake(post.at, number) for number, post in enumerate(self.posts)}
        for post in self.posts:
            post.id, post.parent = new[post.id], new.get(post.parent or "")

    def stanza(self) -> dict[str, Any]:
        return {"token": "env:PLATFORM_TOKEN", "page": self.page, "base_url": self.url, "rate": "25/1s", "window": "1h"}

    def limit_headers(self, left: int, reset: float) -> dict[str, str]:
        return {"x-rate-limit-limit": "25", "x-rate-limit-remaining": str(left), "x-rate-limit-reset": str(int(reset) + 1)}

    def answer(self, request: Request) -> Answer:
        if request.headers.get("authorization") != f"Bearer {SECRET}":
            return Answer({"title": "Unauthorized", "status": 401}, 401)
        if request.path == "/2/tweets":
            return self._look_up(request.values["ids"].split(","))
        start, end = (datetime.fromisoformat(request.values[name]) for name in ("start_time", "end_time"))
        if start < self.now - timedelta(days=7) or end > self.now - timedelta(seconds=10) or len(request.values["query"]) > 512:
            return Answer({"errors": [{"message": "Invalid 'start_time', 'end_time' or 'query'"}], **_INVALID}, 400)
        found = [(at, p) for at, p in self._newest() if start <= at < end and self.finds(request.values["query"], p)]
        if request.path == "/2/tweets/search/recent":
            return self._search(request.values, [post for _, post in found])
        if request.path == "/2/tweets/counts/recent":
            bucket = {"start": request.values["start_time"], "end": request.values["end_time"], "tweet_count": len(found)}
            return Answer({"data": [bucket], "meta": {"total_tweet_count": len(found)}})
        return Answer({"title": "Not Found"}, 404)

    def _newest(self) -> Iterator[tuple[datetime, Post]]:
        """Posts that search gives, newest version first, and when that was made."""
        yield from sorted(((p.edited_at(self.now), p) for p in self.visible()), key=lambda v: (v[0], int(v[1].id)), reverse=True)

    def _search(self, values: dict[str, str], found: list[Post]) -> Answer:
        first, size = int(values.get("next_token", "b0")[1:]), int(values["max_results"])
        data = [self._post(p, self._versions(p)[-1]) for p in found[first : first + size]]
        meta: dict[str, Any] = {"result_count": len(data)}
        if first + size < len(found):
            meta["next_token"] = f"b{first + size}"
        return Answer({"data": data, "meta": meta} if data else {"meta": meta})

    def _look_up(self, ids: list[str]) -> Answer:
        known = {version: p for p in self.visible() for version in self._versions(p)}
        gone = [{"resource_id": i, "value": i, "parameter": "ids", **_NOT_FOUND} for i in ids if i not in known]
        data = [self._post(known[i], i) for i in ids if i in known]
        return Answer(({"data": data} if data else {}) | ({"errors": gone} if gone else {}))

    def _versions(self, post: Post) -> list[str]:
        """Ids of the post and of its edits until now."""
        return [post.id, *(snowflake(at, int(post.id) & 0xFFFFF) for at, _ in post.edits if at <= self.now)]

    def _post(self, post: Post, version: str) -> dict[str, Any]:
        versions = self._versions(post)
        at, text = [(post.at, post.text), *post.edits][versions.index(version)]
        found: dict[str, Any] = {
            "id": version, "text": text, "author_id": post.author, "lang": "en",
            "created_at": at.strftime("%Y-%m-%dT%H:%M:%S.000Z"), "conversation_id": post.parent or post.id,
            "edit_history_tweet_ids": versions, "not_documented_yet": {"new": True},
            "public_metrics": {"like_count": post.likes, "reply_count": 0, "retweet_count": 0, "quote_count": 0},
        }
        if post.parent:
            found["referenced_tweets"] = [{"type": "replied_to", "id": post.parent}]
        return found
