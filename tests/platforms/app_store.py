"""App Store Connect: customer reviews (developer.apple.com/documentation/appstoreconnectapi/customer-reviews).

Newest first by creation. Tokens are signed by the client and hold for 20 minutes at most; an edit keeps its place.
"""

from __future__ import annotations

import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.platforms._reviews import with_replies
from tests.platforms.base import SECRET, Answer, Base, Post, Request

APP = "1437123456"


@lru_cache(maxsize=1)
def _key() -> tuple[str, Any]:
    key = ec.generate_private_key(ec.SECP256R1())
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(*form).decode(), key.public_key()


class Platform(Base):
    kind = "app_store"
    page = 5  # each is looked up by one request of its own

    def __init__(self, seed: int = 0, **options: Any) -> None:
        super().__init__(seed, **options)
        self.posts, self._replies = with_replies(self.posts, "", ":reply")
        self._folder = tempfile.TemporaryDirectory()

    def __exit__(self, *error: object) -> None:
        super().__exit__(*error)
        self._folder.cleanup()

    def stanza(self) -> dict[str, Any]:
        key = Path(self._folder.name) / "key.p8"
        key.write_text(_key()[0])
        return {
            "key": f"file:{key}", "key_id": SECRET[:10], "issuer": "issuer", "apps": [APP], "page": self.page, "requests": 0,
            "base_url": self.url, "rate": "20/1s",
        }

    def limit_headers(self, left: int, reset: float) -> dict[str, str]:
        return {"X-Rate-Limit": f"user-hour-lim:3600;user-hour-rem:{left};"}

    def answer(self, request: Request) -> Answer:
        if not self._may(request.headers.get("authorization", "").removeprefix("Bearer ")):
            return Answer({"errors": [{"status": "401", "code": "NOT_AUTHORIZED"}]}, 401)
        reviews = [p for p in self.visible() if not p.parent][::-1]
        if request.path == f"/v1/apps/{APP}/customerReviews" and request.values["sort"] == "-createdDate":
            return self._list(reviews, request)
        found = [p for p in reviews if request.path == f"/v1/customerReviews/{p.id}"]
        if not found:
            return Answer({"errors": [{"status": "404", "code": "NOT_FOUND"}]}, 404)
        return Answer({"data": self._review(found[0]), "included": self._included(found)})

    def _may(self, token: str) -> bool:
        try:
            claims = jwt.decode(token, _key()[1], algorithms=["ES256"], audience="appstoreconnect-v1", issuer="issuer")
        except jwt.PyJWTError:
            return False
        is_known = jwt.get_unverified_header(token)["kid"] == SECRET[:10]
        return is_known and bool(claims["exp"] - claims["iat"] <= 20 * 60)

    def _list(self, reviews: list[Post], request: Request) -> Answer:
        size, total = int(request.values["limit"]), len(reviews)
        if cursor := request.values.get("cursor"):
            reviews = [p for p in reviews if int(p.id) < int(cursor)]
        links = {"self": f"https://elsewhere.example{request.path}"}
        if len(reviews) > size:
            links["next"] = f"https://elsewhere.example{request.path}?cursor={reviews[size - 1].id}&limit={size}"
        data = [self._review(p) for p in reviews[:size]]
        meta = {"paging": {"total": total, "limit": size}}
        return Answer({"data": data, "included": self._included(reviews[:size]), "links": links, "meta": meta})

    def _review(self, post: Post) -> dict[str, Any]:
        text = post.text_at(self.now)
        values = {
            "rating": 1 + post.likes % 5, "title": None, "body": text, "reviewerNickname": post.author,
            "createdDate": post.at.isoformat(), "territory": "USA",
        }
        reply = self._reply(post)
        link = {"data": {"type": "customerReviewResponses", "id": reply.id} if reply else None}
        return {"type": "customerReviews", "id": post.id, "attributes": values, "relationships": {"response": link}}

    def _reply(self, post: Post) -> Post | None:
        reply = self._replies.get(post.id)
        return reply if reply and reply.is_visible(self.now) else None

    def _included(self, posts: list[Post]) -> list[dict[str, Any]]:
        replies = [reply for post in posts if (reply := self._reply(post))]
        return [{"type": "customerReviewResponses", "id": r.id, "attributes": self._response(r)} for r in replies]

    def _response(self, reply: Post) -> dict[str, Any]:
        changed = reply.edited_at(self.now).isoformat()
        return {"responseBody": reply.text_at(self.now), "lastModifiedDate": changed, "state": "PUBLISHED"}
