"""A Facebook Page: `feed`, `tagged`, `comments` and objects by id of the Graph API (developers.facebook.com, "Page Feed").

A third of the posts are the Page's own. Comments come ranked and without replies unless `filter` and `order` are given.
"""

from __future__ import annotations

from typing import Any

from tests.platforms._graph import GraphPlatform, error, since_1970, stamp
from tests.platforms.base import Answer, Post

PAGE = "999"


class Platform(GraphPlatform):
    kind = "facebook_page"

    def stanza(self) -> dict[str, Any]:
        return {"token": "env:PLATFORM_TOKEN", "page_id": PAGE, "page": self.page, "base_url": self.url, "rate": "25/1s"}

    def is_tagged(self, post: Post) -> bool:
        return post.parent is None and int(post.id) % 60 == 28

    def native(self, post: Post) -> str:
        if post.parent:
            return f"{self.root(post).id}_{post.id}"
        return f"{'555' if self.is_tagged(post) else PAGE}_{post.id}"

    def one(self, path: str, values: dict[str, str]) -> Answer:
        node, _, edge = path.partition("/")
        if edge in ("feed", "tagged"):
            return self._posts(values, tagged=edge == "tagged")
        known = {self.native(p): p for p in self.visible()}
        if node == PAGE:
            return Answer({"id": PAGE})
        if node not in known:
            return error(100, error_subcode=33)
        if edge == "comments":
            return self._comments(known[node], values)
        post = known[node]
        if "like_count" in values["fields"] and post.parent is None:
            return error(100)
        return Answer(self._comment(post) if post.parent else self._post(post))

    def _posts(self, values: dict[str, str], *, tagged: bool) -> Answer:
        found = [p for p in self.visible() if p.parent is None and self.is_tagged(p) == tagged][::-1]
        if "since" in values:
            found = [p for p in found if p.at >= since_1970(values["since"])]
        if "until" in values:
            found = [p for p in found if p.at <= since_1970(values["until"])]
        return Answer(self.paged([(p, self._post(p)) for p in found], values))

    def _below(self, post: Post) -> list[Post]:
        return [p for p in self.visible() if p.parent and self.root(p) is post]

    def _comments(self, post: Post, values: dict[str, str]) -> Answer:
        found = self._below(post)
        if values.get("filter") != "stream":
            found = [p for p in found if p.parent == post.id]
        if values.get("order") != "chronological":
            found.sort(key=lambda p: p.likes)
        if "since" in values:
            found = [p for p in found if p.at > since_1970(values["since"])]
        return Answer(self.paged([(p, self._comment(p)) for p in found], values))

    def _author(self, post: Post) -> dict[str, Any]:
        if int(post.id) // 5 % 3 == 0:
            return {"from": {"id": PAGE, "name": "JetBlue"}}
        return {} if int(post.id) // 5 % 3 == 1 else {"from": {"id": post.author, "name": post.author}}

    def _post(self, post: Post) -> dict[str, Any]:
        below = [p for p in self.posts if p.at <= self.now and p.parent and self.root(p) is post]
        return self._author(post) | {
            "id": self.native(post), "message": post.text_at(self.now), "created_time": stamp(post.at),
            "updated_time": stamp(max([post.edited_at(self.now), *(p.at for p in below)])), "shares": {"count": post.likes},
            "comments": {"data": [], "summary": {"order": "ranked", "total_count": len(self._below(post)), "can_comment": True}},
            "permalink_url": f"https://www.facebook.com/{post.id}", "not_documented_yet": None,
        }

    def _comment(self, post: Post) -> dict[str, Any]:
        root = self.root(post)
        by_id = {p.id: p for p in self.posts}
        above = {} if post.parent == root.id else {"parent": {"id": self.native(by_id[post.parent or ""])}}
        return self._author(post) | above | {
            "id": self.native(post), "message": post.text_at(self.now), "created_time": stamp(post.at), "like_count": post.likes,
            "comment_count": 0, "permalink_url": f"https://www.facebook.com/{post.id}",
        }
