"""What platforms are asked finds everything that a query means, within their limits; filtered, it is exactly that."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pipelines.errors import ConfigError
from pipelines.query.brands import of_brand
from pipelines.query.compiling import compile_for, plan
from pipelines.query.dialects import DIALECTS, DISCOURSE, HACKERNEWS, LOCAL, MASTODON, MASTODON_HASHTAGS, YOUTUBE, Dialect, X
from pipelines.query.language import Expression, Hashtag, Term, parse
from pipelines.query.matching import Matcher, matches
from pipelines.records import Brand, Query
from tests.querying import FOUND, anchored, posts


@pytest.mark.parametrize("name", DIALECTS)
def test_every_post_that_a_query_means_is_found_and_nothing_else_is_left(name: str) -> None:
    dialect = DIALECTS[name]
    asked = found_at_all = 0

    @settings(max_examples=200, deadline=None)
    @given(anchored(Hashtag if name == "mastodon_hashtags" else Term), st.integers(0, 10**6), st.sampled_from((10_000, 60, 30)))
    def check(expression: Expression, seed: int, limit: int) -> None:
        nonlocal asked, found_at_all
        assume(dialect.finds_accents or "cafe" not in str(expression))  # a gap that is named, see below
        limited = replace(dialect, limit=min(limit, dialect.limit))
        try:
            queries = compile_for(limited, expression)
        except ConfigError as error:
            assert "cannot be asked for" in str(error) or "shorten it" in str(error)
            return
        asked += 1
        assert all(len(query.text) <= limited.limit for query in queries)
        for post in posts(seed, dialect.channel, glued=not dialect.glue):
            meant = matches(expression, post.text, post.fields)
            found = [query for query in queries if FOUND[name](query.text, post)]
            found_at_all += meant
            assert found or not meant, f"{[q.text for q in queries]} miss {post}"
            assert meant or all(query.residual for query in found), f"{[q.text for q in found]} find {post} and are not filtered"

    check()
    assert asked >= 30 and found_at_all >= 30, f"{asked} queries, {found_at_all} posts: that says little"


def test_the_gaps_that_are_named_are_real() -> None:
    """What the property above leaves out for Mastodon and Bluesky is said to the user."""
    from tests.querying import Post

    post = Post("so late.jet again")
    assert matches("jet", post.text)
    assert not any(FOUND["mastodon"](query.text, post) for query in compile_for(MASTODON, parse("jet")))
    assert "words that a dot, an apostrophe or _ joins" in " ".join(plan(MASTODON, parse("jet")).gaps)
    assert not plan(X, parse("jet")).gaps and plan(X, parse("京都")).gaps
    assert not any(FOUND["reddit"](query.text, Post("Café")) for query in compile_for(DIALECTS["reddit"], parse("cafe")))
    assert "without accents" in " ".join(plan(DIALECTS["reddit"], parse("cafe")).gaps)


@pytest.mark.parametrize(
    ("dialect", "query", "asked"),
    [
        (X, '(jetblue OR "jet blue") NEAR/3 late -"target fixation" NOT kind:repost',
         ['(jetblue OR "jet blue") late -"target fixation" -is:retweet']),
        (X, "jetblue NOT (a1 OR b1)", ["jetblue -a1 -b1"]),
        (X, "jetblue NOT (a1 b1)", ["jetblue"]),  # no alternatives of exclusions
        (X, "jetblue -@united -delay*", ["jetblue"]),  # -@united would also take away @united-airlines
        (X, "coca-cola", ['"coca cola"']), (X, "or more", ['"or" more']), (X, "😡 lang:he", ['"😡" lang:iw']),
        (X, "jetblue (channel:x OR channel:reddit)", ["jetblue"]), (X, "jetblue channel:reddit", []),
        (X, "jetblue lang:xx has:audio", ["jetblue"]), (X, 'author:"Jane Doe" late', ["late"]),
        (X, "late (late OR jet)", ["late"]),
        (DIALECTS["reddit"], "café late", ["(café OR cafe) AND late"]),
        (MASTODON, "(a1 OR b1) booking.com", ['"booking com" a1', '"booking com" b1', '"booking.com" a1', '"booking.com" b1']),
        (MASTODON_HASHTAGS, "#late #flight (#a1 OR #b1)", ["late"]),
        (YOUTUBE, '"us airways" OR jetblue OR delta', ["us airways", "jetblue|delta"]),
        (HACKERNEWS, "jetblue -delta lang:en", ["jetblue"]),
        (DISCOURSE, '"the north face" hp', ["north face"]),
        (DIALECTS["salesforce"], "refund* OR late", ["refund* OR late"]),
        (LOCAL, "jetblue", [""]),
    ],
)
def test_what_is_asked(dialect: Dialect, query: str, asked: list[str]) -> None:
    found = [one.text for one in compile_for(dialect, parse(query))]
    assert found == asked


def test_a_long_query_becomes_as_few_as_fit() -> None:
    names = [f"brand{i}" for i in range(300)]
    exclusions = " ".join(f"-exclusion{i}" for i in range(60))
    queries = compile_for(X, parse(f"({' OR '.join(names)}) NOT kind:repost {exclusions}"))
    assert all(len(query.text) <= 512 for query in queries)
    assert len(queries) <= 16, "exclusions take no more than half of each"
    assert all(any(name in query.text.replace("(", " ").replace(")", " ").split() for query in queries) for name in names)
    assert queries[0].residual, "the exclusions that did not fit are left to us"
    short = compile_for(X, parse(" OR ".join(names)))
    assert sum(len(query.text) for query in short) / 512 > len(short) - 1.2 and not short[0].residual


def test_alternatives_multiply_only_so_far() -> None:
    groups = " ".join(f"({' OR '.join(f'w{i}x{k}' for k in range(6))})" for i in range(6))  # 46,656 combinations
    queries = compile_for(HACKERNEWS, parse(groups))
    assert 1 < len(queries) <= HACKERNEWS.most and all(query.residual for query in queries)


@pytest.mark.parametrize(
    ("dialect", "query", "sentence"),
    [
        (X, "NOT a", "X cannot be asked for `NOT a`: join it by AND to what it searches for (one of: word, phrase, hashtag, "
         "handle, author), or keep it from there with NOT channel:x."),
        (X, "lang:en OR jetblue", "X cannot be asked for `lang:en`"),
        (X, "jetblue OR delay*", "X cannot be asked for `delay*`"),
        (DISCOURSE, "hp", "Discourse cannot be asked for `hp`: join it by AND to what it searches for (one of: word, author)."),
        (MASTODON_HASHTAGS, "jetblue", "Mastodon, hashtag timelines cannot be asked for `jetblue`"),
        (X, '"' + "word " * 200 + '"', "is longer than the 512 characters that X takes; shorten it."),
        (HACKERNEWS, " OR ".join(f"w{i}" for i in range(1_100)),
         "it would take more than 1,000 queries at Hacker News (Algolia); shorten it."),
    ],
)
def test_what_cannot_be_asked_is_said(dialect: Dialect, query: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        compile_for(dialect, parse(query))
    assert sentence in str(caught.value) and len(str(caught.value)) < 300


def test_a_platform_may_be_asked_for_a_part() -> None:
    found = plan(MASTODON_HASHTAGS, parse("jetblue OR #jetblue OR #jb"), partial=True)
    assert [query.text for query in found.queries] == ["jetblue", "jb"]
    assert found.gaps == ("jetblue is left out: Mastodon, hashtag timelines cannot be asked for it",)


def test_a_brand_without_a_query_is_its_names_and_accounts() -> None:
    brand = Brand(key="u", name="US Airways", handles=("USAirways",), aliases=("US Air*", "!!!"), exclude=("target fixation",))
    assert str(of_brand(brand)) == '"us airways" OR "us air" OR usairways OR @usairways'
    own = Brand(key="b", name="B", query="bluejet NOT kind:repost")
    assert [q.text for q in compile_for(X, Query(brands=(brand, own)))] == [
        '"us airways" OR "us air" OR usairways OR @usairways OR (bluejet -is:retweet)'
    ]
    assert [q.text for q in compile_for(X, Query(brands=(own,), expression="late"))] == ["late"]


def test_what_a_source_gives_is_filtered() -> None:
    from datetime import UTC, datetime

    from pipelines.records import Cursor, Media, Mention

    now = datetime(2026, 1, 1, tzinfo=UTC)
    media = (Media(type="image"), Media(type="link", url="https://a.org/x"))
    mentions = [
        Mention(
            source="s", native_id=text, channel="x", text=text, published_at=now, author_name="JetBlue", media=media,
            kind="repost" if text == "late" else "post",
        )
        for text in ("late again", "late", "early")
    ]
    gone = Mention(source="s", native_id="9", channel="x", text="", published_at=now, deleted_at=now)
    matcher = Matcher("late has:image link:a.org author:jetblue channel:x NOT kind:repost")
    kept = list(matcher.only([*mentions, gone, Cursor(values={})]))
    assert [getattr(item, "native_id", None) for item in kept] == ["late again", "9", None]


@settings(max_examples=100, deadline=None)
@given(anchored(), st.integers(0, 10**6))
def test_many_texts_are_judged_as_one_is(expression: Expression, seed: int) -> None:
    some = [post.text for post in posts(seed, None, glued=True)]
    assert Matcher(expression).texts(some) == [matches(expression, text) for text in some]
