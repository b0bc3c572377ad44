"""YouTube Data API v3: commentThreads.list and comments.list (developers.google.com/youtube/v3/docs).

Threads are sorted by their first comment, newest first, whatever is answered later. A thread comes with some of its answers;
the rest is asked for by its id. Absent ids are left out without a word, and a page token can become invalid.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tests.platforms.base import SECRET, Answer, Base, Post, Request

_GIVEN = 2  # answers that come with a thread
CHANNEL, VIDEO = "UC0000000000000000000000", "dQw4w9WgXcQ"


def refused(status: int, reason: str) -> Answer:
    error = {"code": status, "message": "refused", "errors": [{"message": "refused", "domain": "youtube", "reason": reason}]}
    return Answer({"error": error}, status)


def moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


class Platform(Base):
    kind = "youtube"
    page = 10

    def __init__(self, seed: int = 0, **options: Any) -> None:
        super().__init__(seed, **options)
        roots: dict[str, Post] = {}
        for post in self.posts:  # answers have one level, and go with their thread
            root = roots[post.id] = roots[post.parent] if post.parent else post
            if root is not post:
                ends = [at for at in (post.deleted_at, root.deleted_at) if at]
                post.deleted_at = min(ends) if ends else None
        self.posts = [p for p in self.posts if not p.deleted_at or p.deleted_at > p.at]
        for post in self.posts:
            post.parent = f"Ug{roots[post.id].id.zfill(24)}" if post.parent else None
        for post in self.posts:
            post.id = f"{post.parent}.{post.id}" if post.parent else f"Ug{post.id.zfill(24)}"

    def stanza(self) -> dict[str, Any]:
        return {"key": "env:PLATFORM_TOKEN", "channels": [CHANNEL], "page": self.page, "base_url": self.url, "rate": "25/1s"}

    def answer(self, request: Request) -> Answer:
        if request.headers.get("x-goog-api-key") != SECRET:
            return refused(403, "forbidden")
        values, here = request.values, self.visible()
        if request.path == "/youtube/v3/commentThreads":
            found = [p for p in here if not p.parent][::-1]
            if "id" in values:
                found = [p for p in found if p.id in values["id"].split(",")]
            elif values.get("allThreadsRelatedToChannelId") != CHANNEL or values["order"] != "time":
                return refused(404, "channelNotFound")
            return self._page(found, values, self._shown)
        if request.path == "/youtube/v3/comments":
            if "id" in values:
                return self._page([p for p in here if p.id in values["id"].split(",")], values, self._comment)
            if values["parentId"] not in {p.id for p in here}:
                return refused(404, "commentNotFound")
            return self._page(self._replies(values["parentId"]), values, self._comment)
        return refused(404, "notFound")

    def _page(self, found: list[Post], values: dict[str, str], show: Any) -> Answer:
        size, token, ids = int(values.get("maxResults", "100")), values.get("pageToken"), [p.id for p in found]
        if token:
            if token not in ids:
                return refused(400, "processingFailure")
            found = found[ids.index(token) + 1 :]
        page: dict[str, Any] = {"kind": "youtube#listResponse", "etag": "e", "pageInfo": {"resultsPerPage": size}}
        if len(found) > size:
            page["nextPageToken"] = found[size - 1].id
        return Answer(page | {"items": [show(p) for p in found[:size]]})

    def _replies(self, thread: str) -> list[Post]:
        return [p for p in self.visible() if p.parent == thread][::-1]

    def _shown(self, post: Post) -> dict[str, Any]:
        replies = self._replies(post.id)
        snippet = {"channelId": CHANNEL, "videoId": VIDEO, "topLevelComment": self._comment(post), "canReply": True}
        thread = {"kind": "youtube#commentThread", "id": post.id, "snippet": snippet | {"totalReplyCount": len(replies)}}
        return thread | ({"replies": {"comments": [self._comment(p) for p in replies[:_GIVEN]]}} if replies else {})

    def _comment(self, post: Post) -> dict[str, Any]:
        text = post.text_at(self.now)
        snippet = {
            "channelId": CHANNEL, "videoId": VIDEO, "textDisplay": text, "authorDisplayName": post.author,
            "authorChannelId": {"value": f"UC{post.author}"}, "likeCount": post.likes, "publishedAt": moment(post.at),
            "updatedAt": moment(post.edited_at(self.now)), "canRate": False, "viewerRating": "none",
        }
        return {"kind": "youtube#comment", "id": post.id, "snippet": snippet | ({"parentId": post.parent} if post.parent else {})}
