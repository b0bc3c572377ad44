"""Stack Exchange: search/excerpts, questions and answers by id (api.stackexchange.com/docs).

What loses data here: pages end at 25; answers may say `backoff`, and who does not wait is counted as exceeding the limit; errors
come with status 400 and an error_id; posts are found some minutes after they were written.
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any, ClassVar

from tests.platforms.base import SECRET, Answer, Base, Post, Request


class Platform(Base):
    kind = "stackexchange"
    searched: ClassVar[dict[str, Any] | None] = {}
    page = 10

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        self.late = {p.id: timedelta(minutes=12 if n % 9 == 0 else 0) for n, p in enumerate(self.posts)}
        self.until, self.told = 0.0, ""  # wait until then, told to this request

    def stanza(self) -> dict[str, Any]:
        return {"key": "env:PLATFORM_TOKEN", "page": self.page, "base_url": self.url, "rate": "25/1s", "window": "1h"}

    def expected(self) -> dict[str, str | None]:
        truth = super().expected()
        return {self._id(p): truth[p.id] for p in self.posts if p.id in truth}

    def _id(self, post: Post) -> str:
        return f"stackoverflow/{'answers' if post.parent else 'questions'}/{post.id}"

    def answer(self, request: Request) -> Answer:
        if request.values.get("key") != SECRET:
            return _error(403, "access_denied", "key is not valid")
        asked = f"{request.path} {request.values}"
        if time.monotonic() < self.until and asked != self.told:  # the same again: the answer was lost on its way
            self.exceeded += 1
            return _error(502, "throttle_violation", "too many requests from this IP, more requests available in 2 seconds")
        self.until, self.told = 0.0, asked
        method = request.path.removeprefix("/2.3/").strip("/")
        here = [p for p in self.visible() if p.at + self.late[p.id] <= self.now]
        if method == "search/excerpts":
            return self._search(here, request.values)
        kind, _, ids = method.partition("/")
        found = [p for p in here if p.id in ids.split(";") and self._id(p).split("/")[1] == kind]
        return self._page([self._post(p) for p in found], 1, 100)

    def _search(self, here: list[Post], values: dict[str, str]) -> Answer:
        if int(values["page"]) > 25:
            return _error(403, "access_denied", "page above 25 requires access token or app key")
        start, end, words = int(values["fromdate"]), int(values["todate"]), values["q"].replace('"', "")
        found = [p for p in here if start <= p.at.timestamp() <= end and self.finds(words, p)]
        items = [
            {"item_type": "answer", "answer_id": int(p.id), "question_id": int(p.parent), "creation_date": int(p.at.timestamp())}
            if p.parent else {"item_type": "question", "question_id": int(p.id), "creation_date": int(p.at.timestamp())}
            for p in found
        ]
        return self._page([i | {"excerpt": "...", "new": None} for i in items], int(values["page"]), int(values["pagesize"]))

    def _page(self, items: list[dict[str, Any]], number: int, size: int) -> Answer:
        shown = items[(number - 1) * size : number * size]
        found = {"items": shown, "has_more": number * size < len(items), "quota_max": 10_000, "quota_remaining": 9_000}
        if self.chance.random() < 0.05:
            found["backoff"] = 1
            self.until = time.monotonic() + 0.9
        return Answer(found)

    def _post(self, post: Post) -> dict[str, Any]:
        edited, text = post.edited_at(self.now), post.text_at(self.now)
        found = {
            "body": f"<p>{text}</p>", "creation_date": int(post.at.timestamp()), "score": post.likes, "not_documented": {},
            "owner": {"user_id": int(post.author[6:]), "display_name": post.author, "reputation": 1},
        }
        if edited > post.at:
            found["last_edit_date"] = int(edited.timestamp())
        if post.parent:
            return found | {"answer_id": int(post.id), "question_id": int(post.parent)}
        return found | {"question_id": int(post.id), "title": "", "view_count": 3, "link": f"https://e.org/q/{post.id}"}


def _error(number: int, name: str, message: str) -> Answer:
    return Answer({"error_id": number, "error_name": name, "error_message": message}, 400)
