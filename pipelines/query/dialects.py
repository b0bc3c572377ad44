"""What each platform's search can be asked, as data. `compiling` turns an expression into queries within these limits.

An operator may find more than ours (stemming, prefixes, accents): what comes back is filtered again. It may be negated only
where it finds exactly ours (`exact`), because what a platform excludes is gone. Where the facts are from (read in 2026): X,
"Build a query" and "Search operators"; Mastodon, `search_query_parser.rb`; Bluesky, `search/parse_query.go`; Discourse,
`lib/search.rb`; Stack Exchange, `/search/excerpts`; Zendesk, "Search"; Salesforce, SOSL "FIND". Those of Reddit, YouTube,
Threads and Algolia are general knowledge: nothing but single words is asked there, which every engine knows. Google News reads
words, phrases, OR and site: as Google does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

_UAX29 = ".'’:_·"  # characters within words by Unicode Annex 29, which Elasticsearch and its kin follow
_ACCOUNT = r"[a-z0-9_]+"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """A platform's search.

    `operators` has a template for each of word, phrase, prefix, emoji, hashtag, handle, author, to, link, lang, has:X and
    kind:X that the platform knows; what is not there is filtered here.
    """

    name: str  # as in `kind =` of a source
    title: str
    channel: str | None = None  # of all its mentions; None: they differ
    operators: Mapping[str, str] = field(default_factory=dict)
    exact: frozenset[str] = frozenset()  # operators that find what ours means, no more and no less
    alone: frozenset[str] = frozenset(("word", "phrase", "prefix", "emoji", "hashtag", "handle", "author", "to", "link"))
    joins: Literal["any", "words", "none"] = "none"  # what OR may join: anything in brackets, single words, nothing
    single: bool = False  # one operator a query
    conjunction: str = " "
    alternative: str = " OR "
    negation: str = "-"
    limit: int = 500  # characters of one query; ours where the platform names none
    most: int = 40  # queries that one expression may become
    account: str = _ACCOUNT  # what its accounts look like
    languages: Mapping[str, str] = field(default_factory=dict)  # ours -> as the platform writes it
    shortest: int = 1  # letters of a word that it looks for
    drops_common: bool = False  # it leaves out words such as "the"
    glue: str = ""  # characters that make one word of what they join, as the dot of booking.com
    finds_accents: bool = True  # asked for e it finds é, and the other way round
    untold: frozenset[str] = frozenset()  # fields that its mentions never have
    searched: str = ""  # what it searches at all
    gaps: tuple[str, ...] = ()  # what it may leave out though it was asked

    @property
    def searches(self) -> bool:
        """Can it be asked for anything? If not, everything is collected and filtered here."""
        return bool(self.operators)


_X_LANGUAGES = (
    "am de ml sk ar el dv sl hy gu mr ckb eu ht ne es bn no sv bs hi or tl bg pa ta my hu ps te hr is fa th ca pl bo cs it pt "
    "da ja ro tr nl kn ru uk en km sr ur et ko sd ug fi lo si vi fr lv ka lt cy"
)
X = Dialect(
    name="x", title="X", channel="x", limit=512, joins="any", account=r"[a-z0-9_]{1,15}",
    operators={
        "word": "{}", "phrase": '"{}"', "emoji": '"{}"', "hashtag": "#{}", "handle": "@{}", "author": "from:{}", "to": "to:{}",
        "link": 'url:"{}"', "lang": "lang:{}", "has:media": "has:media", "has:image": "has:images", "has:video": "has:video_link",
        "has:link": "has:links", "kind:repost": "is:retweet", "kind:reply": "is:reply",
    },
    exact=frozenset(("word", "phrase", "author", "lang", "has:media", "kind:repost")),
    languages={code: code for code in _X_LANGUAGES.split()} | {"he": "iw", "iw": "iw", "id": "in", "in": "in"},
    searched="posts of the last 7 days (recent search); enterprise access allows 4,096 characters",
)
REDDIT = Dialect(
    name="reddit", title="Reddit", channel="reddit", limit=512, joins="any", conjunction=" AND ", negation="NOT ",
    account=r"[a-z0-9_-]{3,20}", finds_accents=False, drops_common=True,
    operators={"word": "{}", "author": "author:{}", "link": "site:{}"}, untold=frozenset(("lang",)),
    searched="titles and texts of posts; comments are not searched and are read subreddit by subreddit",
    gaps=("a search ends at about 250 posts",),
)
MASTODON = Dialect(
    name="mastodon", title="Mastodon, full text", glue=_UAX29, account=r"[a-z0-9_]+(?:[.-][a-z0-9_]+)*(?:@[a-z0-9.-]+)?",
    channel="mastodon",
    operators={
        "word": "{}", "phrase": '"{}"', "hashtag": "#{}", "author": "from:{}", "has:media": "has:media", "has:image": "has:image",
        "has:video": "has:video", "has:audio": "has:audio",
    },
    alone=frozenset(("word", "phrase", "hashtag", "author")),
    searched="posts whose authors allow it, on servers with full-text search, for a signed-in account",
)
MASTODON_HASHTAGS = Dialect(
    name="mastodon_hashtags", title="Mastodon, hashtag timelines", channel="mastodon", operators={"hashtag": "{}"}, limit=100,
    single=True,
    searched="posts with a hashtag that the server has seen; `partial` asks for the hashtags of a query that has words too",
)
_BLUESKY_LANGUAGES = "ar ca cs da de el en es et fa fi fr he hi hr hu id it ja ko lt lv nl no pl pt ro ru sk sl sv th tr uk vi zh"
BLUESKY = Dialect(
    name="bluesky", title="Bluesky", channel="bluesky", glue=_UAX29, account=r"[a-z0-9-]+(?:\.[a-z0-9-]+)+",
    operators={
        "word": "{}", "phrase": '"{}"', "hashtag": "#{}", "handle": "mentions:{}", "author": "from:{}", "lang": "lang:{}",
        "link": "domain:{}",
    },
    alone=frozenset(("word", "phrase", "hashtag", "handle", "author", "link")),
    languages={code: code for code in _BLUESKY_LANGUAGES.split()},
    searched="public posts",
    gaps=("its cursor may not reach all of them", "the index orders by sortAt, which is not when a post was written"),
)
THREADS = Dialect(
    name="threads", title="Threads", channel="threads", operators={"word": "{}"}, drops_common=True, finds_accents=False,
    untold=frozenset(("lang",)), searched="public posts, 2,200 searches a day and user",
    gaps=("how it searches for several words is not documented",),
)
YOUTUBE = Dialect(
    name="youtube", title="YouTube", channel="youtube", joins="words", alternative="|", most=10, drops_common=True,
    operators={"word": "{}"}, untold=frozenset(("lang",)),
    searched="titles and descriptions of videos, not their comments; a search costs 100 of 10,000 units a day",
    gaps=("results are ranked and end at about 500",),
)
GOOGLE_NEWS = Dialect(
    name="google_news", title="Google News", joins="any", limit=200, drops_common=True,
    operators={"word": "{}", "phrase": '"{}"', "link": "site:{}"}, untold=frozenset(("has:media", "has:image", "has:video")),
    searched="whole articles; what comes back, and is filtered here, is their titles",
    gaps=("results are ranked and end at about 100", "an article that names it in its text alone is not kept"),
)
HACKERNEWS = Dialect(
    name="hackernews", title="Hacker News (Algolia)", channel="hackernews", operators={"word": "{}"}, limit=512,
    untold=frozenset(("lang", "has:media", "has:image", "has:video", "has:audio")), searched="stories and comments",
)
STACKEXCHANGE = Dialect(
    name="stackexchange", title="Stack Exchange", operators={"word": "{}"}, limit=240, finds_accents=False, drops_common=True,
    untold=frozenset(("lang",)), searched="questions and answers", gaps=("how it searches is not documented",),
)
DISCOURSE = Dialect(
    name="discourse", title="Discourse", operators={"word": "{}", "author": "@{}"}, shortest=3, drops_common=True, glue=".",
    account=r"[a-z0-9_]+(?:[.-][a-z0-9_]+)*", finds_accents=False, searched="posts that everyone may read",
    gaps=("each search gives 50 posts a page",),
)
ZENDESK = Dialect(
    name="zendesk", title="Zendesk", operators={"word": "{}"}, finds_accents=False, drops_common=True,
    searched="tickets", gaps=("a search ends at 1,000 tickets",),
)
SALESFORCE = Dialect(
    name="salesforce", title="Salesforce (SOSL)", joins="any", conjunction=" AND ", negation="NOT ", limit=4_000, shortest=2,
    operators={"word": "{}", "prefix": "{}*"}, drops_common=True, finds_accents=False, searched="text fields of cases",
    gaps=("a search ends at 2,000 records",),
)
LOCAL = Dialect(name="local", title="everything else", searched="everything that the source gives; nothing is asked for by query")

DIALECTS: Mapping[str, Dialect] = {
    d.name: d for d in (
        X, REDDIT, MASTODON, MASTODON_HASHTAGS, BLUESKY, THREADS, YOUTUBE, GOOGLE_NEWS, HACKERNEWS, STACKEXCHANGE, DISCOURSE,
        ZENDESK, SALESFORCE, LOCAL,
    )
}

_READ_WHOLE = frozenset((DISCOURSE.name, ZENDESK.name, SALESFORCE.name))  # whose sources do not use the search


def dialect_of(kind: str) -> Dialect:
    """The dialect of a kind of source; one that reads everything, such as file, or zendesk by its export, has LOCAL.

    >>> dialect_of("x").limit, dialect_of("rss").searches
    (512, False)
    """
    return LOCAL if kind in _READ_WHOLE else DIALECTS.get(kind, LOCAL)

