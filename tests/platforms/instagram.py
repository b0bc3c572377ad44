"""An Instagram account: media, comments, replies and tags (developers.facebook.com, "Instagram Graph API").

Lists are newest first. A reply to a reply is a reply to the comment. A tagged medium is given in the list of tags alone.
"""

from __future__ import annotations

import re
from typing import Any

from tests.platforms._graph import GraphPlatform, error, stamp
from tests.platforms.base import Answer, Post

ACCOUNT = "178414"


class Platform(GraphPlatform):
    kind = "instagram"

    def stanza(self) -> dict[str, Any]:
        return {
            "token": "env:PLATFORM_TOKEN", "account_id": ACCOUNT, "username": "jetblue", "page": self.page, "base_url": self.url,
            "rate": "25/1s",
        }

    def is_tagged(self, post: Post) -> bool:
        return post.parent is None and int(post.id) % 60 == 28

    def native(self, post: Post) -> str:
        return f"tag:{post.id}" if self.is_tagged(post) else post.id

    def comment_of(self, post: Post) -> Post:
        """The comment on a medium that a reply is below."""
        by_id = {p.id: p for p in self.posts}
        while by_id[post.parent or ""].parent:
            post = by_id[post.parent or ""]
        return post

    def one(self, path: str, values: dict[str, str]) -> Answer:
        node, _, edge = path.partition("/")
        media = [p for p in self.visible()[::-1] if p.parent is None]
        if node == ACCOUNT and edge in ("media", "tags"):
            found = [p for p in media if self.is_tagged(p) == (edge == "tags")]
            return Answer(self.paged([(p, self._medium(p, values["fields"])) for p in found], values))
        if node == ACCOUNT:
            return Answer({"id": ACCOUNT})
        known = {p.id: p for p in self.visible() if not self.is_tagged(p)}
        if node not in known:
            return error(100, error_subcode=33)
        post = known[node]
        if edge:
            return Answer(self._listed(post, edge, values["fields"], values))
        if "caption" in values["fields"]:
            return error(100) if post.parent else Answer(self._medium(post, values["fields"]))
        return Answer(self._comment(post, values["fields"])) if post.parent else error(100)

    def _listed(self, post: Post, edge: str, fields: str, values: dict[str, str]) -> dict[str, Any]:
        if edge == "comments":
            found = [p for p in self.visible() if p.parent == post.id]
        else:
            found = [p for p in self.visible() if p.parent and p is not post and p.parent != self.root(p).id]
            found = [p for p in found if self.comment_of(p) is post]
        return self.paged([(p, self._comment(p, fields)) for p in found[::-1]], values)

    def _inner(self, post: Post, edge: str, fields: str) -> dict[str, Any]:
        asked = re.search(rf"{edge}\.limit\((\d+)\)\{{(.*)\}}", fields)
        page = self._listed(post, edge, asked[2], {"limit": asked[1]}) if asked else {}
        return {edge: page} if page.get("data") else {}

    def _medium(self, post: Post, fields: str) -> dict[str, Any]:
        return self._inner(post, "comments", fields) | {
            "id": post.id, "caption": post.text_at(self.now), "timestamp": stamp(post.at), "media_type": "CAROUSEL_ALBUM",
            "username": "someone" if self.is_tagged(post) else "jetblue", "like_count": post.likes, "comments_count": 1,
            "permalink": f"https://www.instagram.com/p/{post.id}/", "not_documented_yet": None,
        }

    def _comment(self, post: Post, fields: str) -> dict[str, Any]:
        author = "jetblue" if int(post.id) % 5 == 0 else post.author
        found: dict[str, Any] = {
            "id": post.id, "text": post.text_at(self.now), "timestamp": stamp(post.at), "username": author,
            "like_count": post.likes, "from": {"id": f"7{post.id}", "username": author},
        }
        root = self.root(post)
        if post.parent == root.id:
            found |= self._inner(post, "replies", fields)
        elif "parent_id" in fields:
            found["parent_id"] = self.comment_of(post).id
        return found | ({"media": {"id": root.id}} if "media{" in fields else {})
