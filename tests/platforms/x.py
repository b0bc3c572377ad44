"""X: recent search and lookup of API v2 (docs.x.com, "Search recent Posts" and "Get Posts by IDs")."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tests.platforms.base import SECRET, Answer, Base, Post, Request


class Platform(Base):
    kind = "x"
    page = 10

    def stanza(self) -> dict[str, Any]:
        return {"token": "env:PLATFORM_TOKEN", "page": self.page, "base_url": self.url, "rate": "25/1s", "window": "1h"}

    def limit_headers(self, left: int, reset: float) -> dict[str, str]:
        return {"x-rate-limit-limit": "25", "x-rate-limit-remaining": str(left), "x-rate-limit-reset": str(int(reset) + 1)}

    def answer(self, request: Request) -> Answer:
        if request.headers.get("authorization") != f"Bearer {SECRET}":
            return Answer({"title": "Unauthorized", "status": 401}, 401)
        if request.path == "/2/tweets/search/recent":
            return self._search(request.values)
        if request.path == "/2/tweets":
            return self._look_up(request.values["ids"].split(","))
        return Answer({"title": "Not Found"}, 404)

    def _search(self, values: dict[str, str]) -> Answer:
        if not {"JetBlue", "jetblue"} & set(values["query"].replace('"', " ").replace("@", " ").split()):
            return Answer({"meta": {"result_count": 0}})
        start, end = (datetime.fromisoformat(values[name]) for name in ("start_time", "end_time"))
        found = [p for p in self.visible() if start <= p.at < end][::-1]
        first = int(values.get("next_token", "b0")[1:])
        size = int(values["max_results"])
        meta: dict[str, Any] = {"result_count": len(found[first : first + size])}
        if first + size < len(found):
            meta["next_token"] = f"b{first + size}"
        data = [self._post(p) for p in found[first : first + size]]
        return Answer({"data": data, "meta": meta} if data else {"meta": meta})

    def _look_up(self, ids: list[str]) -> Answer:
        known = {p.id: p for p in self.visible()}
        gone = [
            {"resource_id": i, "value": i, "type": "https://api.twitter.com/2/problems/resource-not-found", "title": "Not Found"}
            for i in ids if i not in known
        ]
        data = [self._post(known[i]) for i in ids if i in known]
        return Answer(({"data": data} if data else {}) | ({"errors": gone} if gone else {}))

    def _post(self, post: Post) -> dict[str, Any]:
        found: dict[str, Any] = {
            "id": post.id, "text": post.text_at(self.now), "author_id": post.author, "lang": "en",
            "created_at": post.at.strftime("%Y-%m-%dT%H:%M:%S.000Z"), "conversation_id": post.parent or post.id,
            "edit_history_tweet_ids": [post.id], "not_documented_yet": {"new": True},
            "public_metrics": {"like_count": post.likes, "reply_count": 0, "retweet_count": 0, "quote_count": 0},
        }
        if post.parent:
            found["referenced_tweets"] = [{"type": "replied_to", "id": post.parent}]
        return found
