"""Discourse: latest posts and posts by id (docs.discourse.org; posts_controller.rb).

What loses data here: a list spans fifty ids, of which private messages take some, so that it may be short or empty; edits show
by `version` alone; deleted posts answer 404 and those of topics that were made private 403.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar

from tests.platforms.base import SECRET, START, Answer, Base, Post, Request


class Platform(Base):
    kind = "discourse"
    searched: ClassVar[dict[str, Any] | None] = {}

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        ids = {p.id: str(500 + n + (n // 30) * 120) for n, p in enumerate(self.posts)}  # holes of 120 ids
        for post in self.posts:
            post.id, post.parent = ids[post.id], ids.get(post.parent or "")
        old = [Post(id=str(300 + n), text="JetBlue long ago", at=START - timedelta(days=9, minutes=99 - n)) for n in range(99)]
        self.old = {p.id: p for p in old}

    def stanza(self) -> dict[str, Any]:
        return {"key": "env:PLATFORM_TOKEN", "base_url": self.url, "rate": "25/1s", "window": "1h"}

    def wrong(self, known: dict[str, str | None]) -> dict[str, tuple[str | None, str | None]]:
        """What was there before the first collection may be known or not."""
        return super().wrong({i: text for i, text in known.items() if i not in self.old})

    def answer(self, request: Request) -> Answer:
        if request.headers.get("api-key") != SECRET:
            return Answer({"errors": ["You are not permitted"], "error_type": "invalid_access"}, 403)
        here = {p.id: p for p in [*self.old.values(), *self.visible()]}
        if request.path == "/posts.json":
            top = int(request.values.get("before") or max(map(int, here)))
            shown = [p for i, p in here.items() if top - 50 < int(i) <= top]
            return Answer({"latest_posts": [self._post(p) for p in sorted(shown, key=lambda p: -int(p.id))], "more": None})
        native_id = request.path.removeprefix("/posts/").removesuffix(".json")
        if native_id in here:
            return Answer(self._post(here[native_id]))
        return Answer({"errors": ["gone"]}, 403 if int(native_id) % 5 == 0 else 404)

    def _post(self, post: Post) -> dict[str, Any]:
        edited = post.edited_at(self.now)
        return {
            "id": int(post.id), "username": post.author, "name": "", "cooked": f"<p>{post.text_at(self.now)}</p>",
            "created_at": _iso(post.at), "updated_at": _iso(edited), "version": 2 if edited > post.at else 1, "hidden": False,
            "post_number": 2 if post.parent else 1, "topic_id": int(post.parent or post.id), "topic_title": "",
            "reply_count": 0, "reads": 3, "actions_summary": [{"id": 2, "count": post.likes}], "not_documented": [],
        }


def _iso(moment: Any) -> str:
    return str(moment.strftime("%Y-%m-%dT%H:%M:%S.000Z"))
