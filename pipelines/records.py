"""The records that stages hand to each other: frozen, typed, and nothing but data.

Times are timezone-aware UTC datetimes. `None` means "not known" and is never the same as zero, neutral or empty.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

Property = Literal["own", "addressed", "independent"]
Visibility = Literal["public", "private"]
Kind = Literal["post", "reply", "repost", "comment", "review", "story", "article", "ticket"]
Sentiment = Literal["negative", "neutral", "positive", "unknown"]
WINDOW_KEY = "%Y-%m-%dT%H:%M"
_NAMESPACE = uuid.UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")  # uuid.NAMESPACE_URL

INTENTS = (
    "complaint", "request", "praise", "recommendation", "warning", "churn_risk", "purchase_intent", "suggestion",
    "urgent", "irrelevant", "needs_response",
)


def mention_id(source: str, native_id: str) -> uuid.UUID:
    """The same mention of the same source always gets the same id: uuid5 of (source, native id)."""
    return uuid.uuid5(_NAMESPACE, f"earshot:{source}:{native_id}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """What is attached to a mention; never the media itself."""

    type: Literal["image", "video", "audio", "link"]
    url: str | None = None
    alt: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """One observation of one public or private message, as a source yields it (text and author still raw).

    `privacy.protect` replaces personal data in `text`, fills `references` and pseudonymises `author_id` and
    `author_name` before a mention is landed.
    """

    source: str  # name of the [sources.*] stanza
    native_id: str  # the platform's own id; ids and links are never redacted
    channel: str  # x, facebook, instagram, snapchat, youtube, reddit, forum, app_review, news, hackernews, ...
    text: str
    published_at: datetime | None  # at the platform; None has its reason in `time_note`
    observed_at: datetime | None = None  # when this version was seen; None: same as published_at
    time_note: str | None = None
    kind: Kind = "post"
    property: Property = "independent"
    visibility: Visibility = "public"
    is_own: bool = False  # written by the brand itself or its agents
    is_automatic: bool = False  # an automatic reply: never a first response
    brand: str | None = None  # brand key where the source knows it; text matching may add others
    author_id: str | None = None
    author_name: str | None = None  # handle or display name; dropped when landing
    author_followers: int | None = None
    language: str | None = None  # as the platform says
    url: str | None = None
    thread_id: str | None = None  # native id of the first message of the conversation
    in_reply_to: str | None = None  # native id
    rating: float | None = None  # stars of a review, 1 to 5
    weight: float | None = None  # how many this one stands for, where only a part was collected or asked; None: itself
    engagement: int | None = None  # likes, replies and reposts as the platform counts them
    reach: int | None = None  # people who may have seen it: an upper bound
    expires_at: datetime | None = None  # stories and snaps
    deleted_at: datetime | None = None  # deleted at the platform: text must be empty
    media: tuple[Media, ...] = ()
    references: tuple[tuple[str, str], ...] = ()  # (type, value) of case, booking, order, account references


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """An input row that cannot be a mention. It is stored in `quarantine`, counted, and blocks nothing."""

    source: str
    file: str  # file or address it came from
    line: int  # 1-based row in that file
    reason: str  # one sentence: what is wrong with which field
    raw: str  # what may be kept of it (`rejecting.py`), at most RAW_LIMIT characters


RAW_LIMIT = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """Opaque state that a source wants back at its next collection; saved only after its window has landed.

    A source keeps one for each query that it asks a platform. What `values` mean may change: then `version` does, and the
    source itself decides what to make of an older one.
    """

    values: dict[str, str]
    query: str = ""  # which one; "" where the source has only one
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A span of time that a source could not read as a whole: it is recorded, shown, and asked for again."""

    source: str
    query: str = ""  # of the cursor
    start: datetime
    end: datetime
    reason: str  # one sentence
    missing: int | None = None  # mentions, where the platform tells


Found = Mention | Rejected | Cursor | Gap  # what a source yields


@dataclass(frozen=True, slots=True, kw_only=True)
class Brand:
    """A brand or competitor to listen for, as configured."""

    key: str
    name: str
    handles: tuple[str, ...] = ()  # without @, any case
    aliases: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()  # phrases in which the name means something else
    is_competitor: bool = False
    query: str = ""  # in the query language; empty: made of name, aliases and handles


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What a source is asked to collect."""

    brands: tuple[Brand, ...] = ()
    cursors: dict[str, Cursor] = field(default_factory=dict)  # as the source gave them last, by query
    expression: str = ""  # what to collect, in the query language; empty: what the brands' queries say
    state: Path | None = None  # folder in which a source's pace is remembered from one collection to the next
    now: datetime | None = None  # when it is asked, where known: some platforms refuse spans that lie ahead

    @property
    def cursor(self) -> dict[str, str]:
        """What a source with a single cursor wanted back; empty at the first collection."""
        return self.cursors[""].values if "" in self.cursors else {}


@dataclass(frozen=True, slots=True)
class Window:
    """A half-open span of time [start, end), in UTC, with a key that is a path part and an Airflow partition key."""

    start: datetime
    end: datetime

    @property
    def key(self) -> str:
        return self.start.strftime(WINDOW_KEY)

    @classmethod
    def of(cls, key: str, width: timedelta) -> Window:
        """The window of `width` that starts at `key` ("2026-01-31T14:15").

        >>> Window.of("2026-01-31T14:15", timedelta(minutes=15)).end.minute
        30
        """
        start = datetime.strptime(key, WINDOW_KEY).replace(tzinfo=UTC)
        return cls(start, start + width)

    @classmethod
    def around(cls, at: datetime, width: timedelta) -> Window:
        """The window of `width`, aligned to 1970-01-01 (a Thursday), that holds `at`."""
        seconds = int(width.total_seconds())
        start = datetime.fromtimestamp(int(at.timestamp()) // seconds * seconds, tz=UTC)
        return cls(start, start + width)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """What a notifier is handed. Carries no personal text: examples are ids and links."""

    alert_id: str  # uuid5 of (detector, brand, signal, onset)
    detector: str
    signal: str  # volume, negative_share, ...
    brand: str
    brand_name: str
    tier: Literal["page", "watch"]
    state: Literal["onset", "escalated", "resolved"]
    severity: int  # 1 to 10
    onset_at: datetime
    fired_at: datetime  # when the bucket that gave it away was sealed
    resolved_at: datetime | None
    observed: float
    expected: float
    low: float
    high: float  # expected range
    window_minutes: int
    summary: str  # one sentence with the figures and their range
    drivers: tuple[dict[str, Any], ...] = ()
    example_ids: tuple[str, ...] = ()
    is_simulated: bool = False
    owner: str = ""  # who has it at the time of sending, by the playbook
    playbook: str = ""  # what to do first
    links: tuple[tuple[str, str], ...] = ()  # (what it leads to, address)

    @property
    def key(self) -> str:
        """Deduplication key for the receiver: the same alert in the same state always has the same key."""
        return f"{self.alert_id}:{self.state}:{self.severity}" if self.state == "escalated" else f"{self.alert_id}:{self.state}"
