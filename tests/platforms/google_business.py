"""Google Business Profile: reviews.list and reviews.get of version 4 (developers.google.com/my-business/reference/rest/v4).

Newest change first. A place without reviews is an empty object.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tests.platforms._google import GoogleBase, refused
from tests.platforms._reviews import with_replies
from tests.platforms.base import SECRET, Answer, Post, Request

PLACE = "accounts/1/locations/2"
_STARS = ("ONE", "TWO", "THREE", "FOUR", "FIVE")


def moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.000000000Z")


class Platform(GoogleBase):
    kind = "google_business"
    page = 5  # each is looked up by one request of its own

    def __init__(self, seed: int = 0, **options: Any) -> None:
        super().__init__(seed, **options)
        self.posts, self._replies = with_replies(self.posts, f"{PLACE}/reviews/", "/reply")

    def stanza(self) -> dict[str, Any]:
        keys = {name: "env:PLATFORM_TOKEN" for name in ("client_id", "client_secret", "refresh_token")}
        addresses = {"base_url": self.url, "token_url": f"{self.url}/token"}
        return keys | addresses | {"places": [PLACE], "page": self.page, "requests": 0, "rate": "20/1s"}

    def grants(self, request: Request) -> bool:
        form = request.form
        return form["grant_type"] == "refresh_token" and form["refresh_token"] == form["client_secret"] == SECRET

    def data(self, request: Request) -> Answer:
        name, reviews = request.path.removeprefix("/v4/"), [p for p in self.visible() if not p.parent]
        if name != f"{PLACE}/reviews":
            found = next((p for p in reviews if p.id == name), None)
            return Answer(self._review(found)) if found else refused(404, "NOT_FOUND")
        if not reviews:
            return Answer({})
        assert request.values["orderBy"] == "updateTime desc"
        reviews.sort(key=lambda p: (p.edited_at(self.now), p.id), reverse=True)
        answer: dict[str, Any] = {"averageRating": 3.1, "totalReviewCount": len(reviews)}
        if token := request.values.get("pageToken"):
            at, _, last = token.partition("|")
            reviews = [p for p in reviews if (p.edited_at(self.now), p.id) < (datetime.fromisoformat(at), last)]
        size = int(request.values["pageSize"])
        if len(reviews) > size:
            answer["nextPageToken"] = f"{reviews[size - 1].edited_at(self.now).isoformat()}|{reviews[size - 1].id}"
        return Answer(answer | {"reviews": [self._review(p) for p in reviews[:size]]})

    def _review(self, post: Post) -> dict[str, Any]:
        reply, changed = self._replies.get(post.id), post.edited_at(self.now)
        found: dict[str, Any] = {
            "name": post.id, "reviewId": post.id.rpartition("/")[2], "reviewer": {"displayName": post.author},
            "starRating": _STARS[post.likes % 5], "comment": post.text_at(self.now), "createTime": moment(post.at),
            "updateTime": moment(changed), "new": None,
        }
        if reply and reply.is_visible(self.now):
            found["reviewReply"] = {"comment": reply.text_at(self.now), "updateTime": moment(reply.edited_at(self.now))}
        return found
