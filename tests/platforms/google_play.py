"""Google Play: reviews.list and reviews.get of the Android Publisher API (developers.google.com/android-publisher).

The list holds what changed during the last seven days, newest change first. Of the times it tells that of the last change.
"""

from __future__ import annotations

import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.platforms._google import GoogleBase, is_signed, refused, service_account
from tests.platforms._reviews import with_replies
from tests.platforms.base import Answer, Post, Request

APP = "com.jetblue.app"


class Platform(GoogleBase):
    kind = "google_play"
    page = 5  # each is looked up by one request of its own

    def __init__(self, seed: int = 0, **options: Any) -> None:
        super().__init__(seed, **options)
        self._folder = tempfile.TemporaryDirectory()
        self.posts, self._replies = with_replies(self.posts, f"{APP}/", ":reply")

    def __exit__(self, *error: object) -> None:
        super().__exit__(*error)
        self._folder.cleanup()

    def stanza(self) -> dict[str, Any]:
        key = Path(self._folder.name) / "key.json"
        key.write_text(service_account(self.url))
        return {
            "key": f"file:{key}", "apps": [APP], "page": self.page, "requests": 0, "base_url": self.url, "rate": "20/1s",
        }

    def grants(self, request: Request) -> bool:
        form = request.form
        return form["grant_type"].endswith(":jwt-bearer") and is_signed(form["assertion"], self.url)

    def data(self, request: Request) -> Answer:
        start = f"/androidpublisher/v3/applications/{APP}/reviews"
        reviews = [p for p in self.visible() if not p.parent]
        if request.path.startswith(f"{start}/"):
            found = next((p for p in reviews if p.id == f"{APP}/{request.path.removeprefix(f'{start}/')}"), None)
            return Answer(self._review(found)) if found else refused(404, "notFound")
        if request.path != start:
            return refused(404, "notFound")
        recent = [p for p in reviews if p.edited_at(self.now) > self.now - timedelta(days=7)]
        recent.sort(key=lambda p: (p.edited_at(self.now), p.id), reverse=True)
        return self._list(recent, request.values)

    def _list(self, recent: list[Post], values: dict[str, str]) -> Answer:
        size, total = int(values["maxResults"]), len(recent)
        if token := values.get("token"):
            at, _, last = token.partition("|")
            recent = [p for p in recent if (p.edited_at(self.now), p.id) < (datetime.fromisoformat(at), last)]
        answer: dict[str, Any] = {"pageInfo": {"totalResults": total, "resultPerPage": size}}
        if recent:
            answer["reviews"] = [self._review(p) for p in recent[:size]]
        if len(recent) > size:
            last_one = recent[size - 1]
            answer["tokenPagination"] = {"nextPageToken": f"{last_one.edited_at(self.now).isoformat()}|{last_one.id}"}
        return Answer(answer)

    def _review(self, post: Post) -> dict[str, Any]:
        comments = [{"userComment": self._comment(post) | {"starRating": 1 + post.likes % 5, "reviewerLanguage": "en"}}]
        reply = self._replies.get(post.id)
        if reply and reply.is_visible(self.now):
            comments.append({"developerComment": self._comment(reply)})
        return {"reviewId": post.id.removeprefix(f"{APP}/"), "authorName": post.author, "comments": comments, "new": None}

    def _comment(self, post: Post) -> dict[str, Any]:
        changed = {"seconds": str(int(post.edited_at(self.now).timestamp())), "nanos": 0}
        return {"text": post.text_at(self.now), "lastModified": changed}
