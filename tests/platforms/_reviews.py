"""What platforms of reviews share: the owner's answers, one a review at most."""

from __future__ import annotations

from collections.abc import Sequence

from tests.platforms.base import Post


def with_replies(posts: Sequence[Post], prefix: str, suffix: str) -> tuple[list[Post], dict[str, Post]]:
    """Posts as reviews and answers, and the answers by review.

    The first answer to a review is the owner's, and goes when the review does; all other posts are reviews. The id of a review
    is `prefix` and its number, that of its answer has `suffix` too.
    """
    by_id = {post.id: post for post in posts}
    replies: dict[str, Post] = {}
    for post in posts:
        root = by_id.get(post.parent or "")
        post.parent = None
        if root and not root.parent and root.id not in replies:
            post.parent, replies[root.id] = root.id, post
            ends = [at for at in (post.deleted_at, root.deleted_at) if at]
            post.deleted_at = min(ends) if ends else None
    kept = [post for post in posts if not post.deleted_at or post.deleted_at > post.at]
    for post in kept:
        post.parent = prefix + post.parent if post.parent else None
        post.id = post.parent + suffix if post.parent else prefix + post.id
    return kept, {post.parent: post for post in kept if post.parent}
