"""What the fake platforms of Meta share: tokens, cursors of pages, times, batches, headers of usage."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, unquote, urlparse

from tests.platforms.base import SECRET, Answer, Base, Post, Request


def error(code: int, status: int = 400, **more: Any) -> Answer:
    value = {"message": "no", "type": "OAuthException", "code": code, "fbtrace_id": "A1"} | more
    return Answer({"error": value}, status)


def stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S+0000")


def since_1970(value: str) -> datetime:
    return datetime.fromtimestamp(int(value), UTC)


class GraphPlatform(Base):
    """Tokens in a header; pages by the cursor of the last item; several requests in one by POST to the root."""

    page = 10
    version = "/v26.0"

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        posts = [p for p in self.posts if not p.is_noise]
        tops = posts[::12]  # most of what is written on an account are comments
        lone = {p.id for p in tops[4::5]}  # below these nothing is written
        for number, post in enumerate(posts):
            earlier = [p.id for p in tops[: number // 12 + 1] if p.id not in lone]
            if number % 12 == 0:
                post.parent = None
            elif post.parent is None or post.parent in lone:
                post.parent = self.chance.choice(earlier)
        above = {p.parent for p in self.posts}
        for post in self.posts:
            if post.id in above:
                post.deleted_at = None  # with it the platform deletes everything below

    def limit_headers(self, left: int, reset: float) -> dict[str, str]:
        usage = {"call_count": 7, "total_time": 3, "total_cputime": 2}
        business = {"999": [{"type": "pages", "estimated_time_to_regain_access": 0} | usage]}
        return {"X-App-Usage": json.dumps(usage), "X-Business-Use-Case-Usage": json.dumps(business)}

    def root(self, post: Post) -> Post:
        """The post at the top of the chain of answers."""
        by_id = {p.id: p for p in self.posts}
        while post.parent:
            post = by_id[post.parent]
        return post

    def native(self, post: Post) -> str:
        """The id that the platform shows."""
        return post.id

    def expected(self) -> dict[str, str | None]:
        truth = super().expected()
        return {self.native(p): truth[p.id] for p in self.posts if p.id in truth}

    def paged(self, items: list[tuple[Post, dict[str, Any]]], values: dict[str, str]) -> dict[str, Any]:
        """A page of items after the cursor; a cursor stays where it was when items come or go before it."""
        order = [p.id for p, _ in items]
        start = order.index(values["after"]) + 1 if values.get("after") in order else 0
        size = int(values.get("limit", 25))
        part = items[start : start + size]
        page: dict[str, Any] = {"data": [item for _, item in part]}
        if part:
            page["paging"] = {"cursors": {"before": part[0][0].id, "after": part[-1][0].id}}
            if start + size < len(items):
                page["paging"]["next"] = f"{self.url}/next?access_token=hidden"
        return page

    def answer(self, request: Request) -> Answer:
        if request.headers.get("authorization") != f"Bearer {SECRET}":
            return error(190, error_subcode=463)
        path = request.path.removeprefix(self.version).strip("/")
        if request.method == "POST" and not path:
            return Answer([self._part(one["relative_url"]) for one in json.loads(request.form["batch"])])
        return self.one(path, request.values)

    def _part(self, relative: str) -> dict[str, Any]:
        url = urlparse(relative)
        answer = self.one(unquote(url.path), {k: v[-1] for k, v in parse_qs(url.query).items()})
        return {"code": answer.status, "body": json.dumps(answer.value)}

    def one(self, path: str, values: dict[str, str]) -> Answer:
        raise NotImplementedError
