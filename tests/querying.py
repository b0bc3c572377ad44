"""Random queries and posts, and what each platform would find for a query: small models of their searches.

They read the text of the query alone, with the looseness that each is known for (stemming, prefixes, stop words, glued words).
"""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from hypothesis import strategies as st

from pipelines.query.language import (
    Expression,
    Field,
    Handle,
    Hashtag,
    Near,
    Not,
    Term,
    all_of,
    any_of,
)

WORDS = ("jet", "blue", "late", "gates", "united", "the", "café", "cafe", "12", "delayed", "hotel")
NAMES = ("booking.com", "o'reilly", "coca-cola")
TAGS, ACCOUNTS = ("late", "jet_blue", "united"), ("united", "jane", "jet_blue")
STOPPED = frozenset(("the", "and", "or", "not", "a", "is"))


# Queries

def _terms() -> st.SearchStrategy[Term]:
    phrase = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join)
    named = st.tuples(st.sampled_from(NAMES), st.sampled_from(("", " late"))).map("".join)
    return st.one_of(phrase, phrase, named, st.sampled_from(("dela*", "j*t", "jet blu*", "*otel", "😡", "late 😡"))).map(Term)


def _leaves() -> st.SearchStrategy[Expression]:
    return st.one_of(
        _terms(), _terms(), st.sampled_from(TAGS).map(Hashtag), st.just(Hashtag("jet*")), st.sampled_from(ACCOUNTS).map(Handle),
        st.sampled_from([Field("author", "jane"), Field("author", "united"), Field("to", "united")]),
        st.sampled_from([Field("lang", "en"), Field("lang", "pt"), Field("lang", "pt-br")]),
        st.sampled_from([Field("has", "media"), Field("has", "link")]),
        st.sampled_from([Field("kind", "repost"), Field("kind", "reply"), Field("link", "a.org"), Field("channel", "x")]),
    )


def _nears() -> st.SearchStrategy[Expression]:
    side = st.one_of(_terms(), st.lists(_terms(), min_size=2, max_size=3, unique=True).map(lambda items: any_of(*items)))
    return st.builds(Near, side, side, st.integers(0, 4))


def expressions() -> st.SearchStrategy[Expression]:
    """Queries of any shape."""
    return st.recursive(
        st.one_of(_leaves(), _leaves(), _nears()),
        lambda inner: st.one_of(
            st.lists(inner, min_size=2, max_size=3).map(lambda items: all_of(*items)),
            st.lists(inner, min_size=2, max_size=4).map(lambda items: any_of(*items)),
            inner.map(Not),
        ),
        max_leaves=8,
    )


def anchored(kind: Callable[[str], Expression] = Term) -> st.SearchStrategy[Expression]:
    """Queries of any shape, and such that every search can be asked: a word or hashtag, and anything."""
    word = st.sampled_from(("jet", "late", "united", "hotel")).map(kind)
    words = st.lists(word, min_size=1, max_size=3).map(lambda some: any_of(*some))
    return st.one_of(expressions(), st.tuples(words, expressions()).map(lambda pair: all_of(*pair)))


# Posts

@dataclass(frozen=True)
class Post:
    """A post at a platform."""

    text: str
    fields: dict[str, Any] = field(default_factory=dict)

    @property
    def hosts(self) -> set[str]:
        return {host.rstrip(".") for host in re.findall(r"https?://([\w.]+)", self.text)}

    @property
    def starts_with(self) -> str | None:
        found = re.match(r"@(\w+)(?![\w@.])", self.text.lower())
        return found[1] if found else None


def posts(seed: int, channel: str | None, *, glued: bool) -> list[Post]:
    """Posts of words that queries look for. `glued`: some are joined by characters at which only some platforms part words."""
    draw = random.Random(seed)
    joined = ("#jet_blue", "@jet_blue", "jet.late", "united's", "blue_jet") if glued else ()
    pieces = (
        *WORDS, *map(str.upper, WORDS), *NAMES, "booking com", "Coca Cola", "o reilly",
        "#late", "#United", "#hotel", "@united", "@Jane", "😡", "so", "jets",
        "delay", "https://a.org/jet", "https://b.a.org", "hotels!", "us", *joined,
    )
    partings = (" ", " ", " ", " ", ", ", "\n\n", " - ", "! ") + ((".", "'", "/") if glued else ())
    return [
        Post(
            "".join(draw.choice(pieces) + draw.choice(partings) for _ in range(draw.randint(0, 9))),
            {
                "author": draw.choice((None, "jane", "United")), "lang": draw.choice((None, "en", "de", "pt", "pt-BR")),
                "kind": draw.choice(("post", "reply", "repost")), "has": draw.choice(((), ("image", "media"), ("link",))),
                "channel": channel or "forum",
            },
        )
        for _ in range(12)
    ]


# Platforms

def plain(text: str) -> str:
    """Lower case, without accents."""
    return "".join(c for c in unicodedata.normalize("NFD", text.lower()) if not "\u0300" <= c <= "\u036f")


def parted(text: str) -> list[str]:
    """Words as X parts them: at punctuation and symbols; links are short links; emoji are words."""
    short = re.sub(r"https?://\S+", "https://t.co/k1", plain(text))
    return re.findall(r"[^\W_]+|[\u2600-\u27bf\U0001f300-\U0001faff]", short)


def glued(text: str) -> list[str]:
    """Words by Unicode Annex 29, roughly: a dot, an apostrophe, a colon and _ between letters do not part; links stay whole."""
    return re.findall(r"https?://\S+|[^\W_]+(?:[.'’:_·]+[^\W_]+)*", plain(text))


def stem(word: str) -> str:
    """A crude stemmer."""
    return re.sub(r"(ing|ed|s)$", "", word) if len(word) > 3 else word


def boolean(query: str, atom: Callable[[str], bool]) -> bool:
    """A query with AND (or a space), OR, NOT or -, and brackets; exclusions of brackets are refused, as X does."""
    tokens = re.findall(r'[()]|-?(?:[a-z]+:)?"[^"]*"|[^\s()]+', query)

    def alternatives() -> bool:
        found = conditions()
        while tokens and tokens[0] == "OR":
            tokens.pop(0)
            found = conditions() or found
        return found

    def conditions() -> bool:
        found = one()
        while tokens and tokens[0] not in ("OR", ")"):
            if tokens[0] == "AND":
                tokens.pop(0)
            found = one() and found
        return found

    def one() -> bool:
        token = tokens.pop(0)
        if token == "(":
            found = alternatives()
            assert tokens.pop(0) == ")"
            return found
        if token == "NOT":
            return not one()
        assert token not in ("AND", "OR", ")", "-", ""), query
        return not atom(token[1:]) if token.startswith("-") else atom(token)

    answer = alternatives()
    assert not tokens, query
    return answer


def listed(query: str, atom: Callable[[str], bool]) -> bool:
    """A query whose words and phrases must all be there."""
    return all(atom(token) for token in re.findall(r'(?:[a-z]+:)?"[^"]*"|\S+', query))


def holds(words: list[str], wanted: list[str]) -> bool:
    """Do the wanted words follow each other?"""
    return any(words[i : i + len(wanted)] == wanted for i in range(len(words) - len(wanted) + 1)) if wanted else False


def _x(post: Post, token: str) -> bool:
    name, colon, value = token.partition(":")
    fields = post.fields
    if colon and name in ("from", "to", "lang", "has", "is", "url"):
        value = value.strip('"')
        return {
            "from": lambda: plain(fields["author"] or "") == value,
            "to": lambda: fields["kind"] == "reply" and post.starts_with == value,
            "lang": lambda: (fields["lang"] or "und").split("-")[0].lower() == value,
            "has": lambda: bool(fields["has"]) or bool(post.hosts) if value == "links" else "media" in fields["has"],
            "is": lambda: fields["kind"] == {"retweet": "repost", "reply": "reply"}[value],
            "url": lambda: any(holds(parted(host), parted(value)) for host in post.hosts),
        }[name]()
    if token.startswith("#"):
        return token[1:] in re.findall(r"(?<![\w&])#(\w+)", plain(post.text))
    if token.startswith("@"):
        return token[1:] in re.findall(r"(?<![\w@])@(\w+)(?![\w@])", plain(post.text))
    assert token.startswith('"') or re.fullmatch(r"[^\W_]+", token), f"X parts {token}: it needs quotation marks"
    return holds(parted(post.text), parted(token))


def x(query: str, post: Post) -> bool:
    """X, recent search."""
    assert "-(" not in query and len(query) <= 512
    for part in [query, *re.findall(r"\(([^()]*)\)", query)] if "OR" not in query else []:
        assert re.search(r'(^|\s)(?!-|lang:|has:|is:)\S', part), f"X refuses {query}: nothing in it may stand alone"
    return boolean(query, partial(_x, post))


def reddit(query: str, post: Post) -> bool:
    """Reddit: stemmed words, common ones left out, accents as they are; author: and site:."""
    words = {stem(w) for w in re.findall(r"[^\W_]+", post.text.lower()) if w not in STOPPED}

    def atom(token: str) -> bool:
        name, colon, value = token.partition(":")
        if colon:
            return plain(post.fields["author"] or "") == value if name == "author" else any(h.endswith(value) for h in post.hosts)
        assert token not in STOPPED
        return stem(token) in words

    return boolean(query, atom)


def mastodon(query: str, post: Post) -> bool:
    """Mastodon with Elasticsearch: words glued by Annex 29, or stemmed; phrases in order; filters."""
    words = glued(post.text)
    stems = {stem(w) for w in words}

    def atom(token: str) -> bool:
        name, colon, value = token.partition(":")
        if token.startswith('"'):
            return holds(words, glued(token))
        if colon:
            assert name in ("from", "has")
            return plain(post.fields["author"] or "") == value if name == "from" else "media" in post.fields["has"]
        if token.startswith("#"):
            return token[1:] in re.findall(r"#(\w+)", plain(post.text))
        return all(w in words or stem(w) in stems for w in glued(token))

    return listed(query, atom)


def bluesky(query: str, post: Post) -> bool:
    """Bluesky: filters are taken out of the query, the rest are words glued by Annex 29."""
    words = glued(post.text)

    def atom(token: str) -> bool:
        name, colon, value = token.partition(":")
        if token.startswith('"'):
            return holds(words, glued(token))
        if colon:
            assert name in ("from", "lang", "domain", "mentions")
            return {
                "from": plain(post.fields["author"] or "") == value,
                "lang": (post.fields["lang"] or "").lower().startswith(value),
                "domain": any(host.endswith(value) for host in post.hosts), "mentions": f"@{value}" in post.text,
            }[name]
        if token.startswith("#"):
            return token[1:] in re.findall(r"#(\w+)", plain(post.text))
        return set(glued(token)) <= set(words)

    return listed(query, atom)


def youtube(query: str, post: Post) -> bool:
    """YouTube: words by stem, | between alternatives."""
    words = {stem(w) for w in parted(post.text)}
    return all(any(stem(plain(word)) in words for word in group.split("|")) for group in query.split())


def google_news(query: str, post: Post) -> bool:
    """Google News: words by stem, common ones left out, phrases in order, site:."""
    words = parted(post.text)
    stems = {stem(w) for w in words}

    def atom(token: str) -> bool:
        if token.startswith('"'):
            return holds(words, parted(token))
        if token.startswith("site:"):
            return any(host.endswith(token[5:]) for host in post.hosts)
        return stem(plain(token)) in stems

    return boolean(query, atom)


def hackernews(query: str, post: Post) -> bool:
    """Algolia: every word, the last as a prefix too."""
    words, wanted = parted(post.text), parted(query)
    return all(w in words for w in wanted[:-1]) and any(w.startswith(wanted[-1]) for w in words)


def stackexchange(query: str, post: Post) -> bool:
    """All words; accents as they are."""
    words = re.findall(r"[^\W_]+", post.text.lower())
    return all(w in words for w in query.lower().split())


def discourse(query: str, post: Post) -> bool:
    """Discourse on PostgreSQL: stemmed prefixes, a host name is one word, common words are gone, accents as they are; @author."""
    words = [stem(w) for w in re.findall(r"[^\W_]+(?:\.[^\W_]+)*", post.text.lower()) if w not in STOPPED]
    assert len(query) >= 3

    def atom(token: str) -> bool:
        if token.startswith("@"):
            return plain(post.fields["author"] or "") == token[1:]
        assert token not in STOPPED
        return any(w.startswith(stem(token)) for w in words)

    return listed(query, atom)


def zendesk(query: str, post: Post) -> bool:
    """Zendesk: every word at the beginning of one."""
    words = re.findall(r"[^\W_]+", post.text.lower())
    return all(any(w.startswith(token) for w in words) for token in query.split())


def salesforce(query: str, post: Post) -> bool:
    """SOSL: words and prefixes with AND, OR and brackets."""
    words = re.findall(r"[^\W_]+", post.text.lower())
    return boolean(query, lambda token: any(w.startswith(token[:-1]) if token.endswith("*") else w == token for w in words))


def tagged(query: str, post: Post) -> bool:
    """A hashtag timeline."""
    assert re.fullmatch(r"\w+", query)
    return query in re.findall(r"#(\w+)", plain(post.text))


FOUND: dict[str, Callable[[str, Post], bool]] = {
    "x": x, "reddit": reddit, "mastodon": mastodon, "mastodon_hashtags": tagged, "bluesky": bluesky, "threads": stackexchange,
    "youtube": youtube, "google_news": google_news,
    "hackernews": hackernews, "stackexchange": stackexchange, "discourse": discourse,
    "zendesk": zendesk, "salesforce": salesforce,
    "local": lambda query, post: True,
}
