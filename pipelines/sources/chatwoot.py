"""Chatwoot: conversations of all inboxes as private volume and replies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from pydantic import Field

from pipelines.owned import brand_of
from pipelines.records import Found, Gap, Media, Mention, Query, Rejected, Window
from pipelines.rest import Rest
from pipelines.settings import secret
from pipelines.sources.base import SPAN, Card, Source

HOST = "https://app.chatwoot.com"
_LAG = timedelta(minutes=1)
_CHANNELS = {
    "Email": "email", "WebWidget": "chat", "Whatsapp": "whatsapp", "FacebookPage": "facebook", "Instagram": "instagram",
    "TwitterProfile": "x", "Telegram": "telegram", "Line": "line", "Sms": "sms", "TwilioSms": "sms", "Tiktok": "tiktok",
    "Voice": "phone",
}
_INCOMING, _OUTGOING, _TEMPLATE = 0, 1, 3  # message_type; 2 is what the system notes


class ChatwootSource(Source):
    """Lists conversations, the last active first, and reads the messages of those in which something happened.

    The list moves while it is read: a conversation that becomes active meanwhile can be missed. It is then active in the next
    window, which reads one window further back.
    """

    incremental: ClassVar[bool] = False
    can_look_up: ClassVar[bool] = True
    needs_key: ClassVar[bool] = True
    title: ClassVar[str] = "Chatwoot"
    card: ClassVar[Card | None] = Card(
        channel="by inbox: email, chat, whatsapp, ...", collects="conversations and replies: number, times, texts if asked for",
        cannot="private notes (left out)", keys="access token of an agent who sees all inboxes", cost="included",
        limits="set by the server", deletion="deleted messages and conversations are found when they are looked up again",
    )

    token: str = Field(description="Access token of the user: env:NAME or file:PATH.")
    account_id: int = Field(description="Number of the account.", ge=1)
    text: bool = Field(default=False, description="Keep the texts too, redacted, for care alone; otherwise numbers and times.")
    brand: str = Field(default="", description="Key of the brand whose desk this is; default: the only one of your own.")
    window: str = Field(default="15m", pattern=SPAN, description="Width of one collection window: a number and m, h or d.")
    rate: str = Field(default="60/1m", description="Most requests in any span, such as 60/1m; with commas, several.")
    recheck: list[str] = Field(default=["7d"], description="Ages at which conversations are looked up again for deletions.")
    base_url: str = Field(default=HOST, description="Address of the server.")

    def collect(self, query: Query, window: Window) -> Iterator[Found]:
        """Messages of the window, one minute late, and of the one before; what the budget does not reach are gaps."""
        span = Window(window.start - _LAG, window.end - _LAG)
        wide = Window(span.start - (span.end - span.start), span.end)
        with self._server(query) as server:
            page, seen = 1, set()
            while True:
                asked = {"status": "all", "assignee_type": "all", "sort_by": "last_activity_at_desc", "page": page}
                listed = server.get("conversations", **asked)
                rows = server.items(listed, "data", "payload")
                for row in rows:
                    if not isinstance(row, dict) or not isinstance(row.get("last_activity_at"), int | float):
                        raise server.unreadable()
                    if _moment(row["last_activity_at"]) >= span.start and row["id"] not in seen:
                        seen.add(row["id"])
                        yield from self._messages(server, query, row["id"], _channel(row), wide)
                if not rows or _moment(rows[-1]["last_activity_at"]) < span.start:
                    return
                page += 1

    def fill(self, query: Query, gap: Gap) -> Iterator[Found]:
        """The messages of one conversation before one of them."""
        number, channel, before = [*gap.query.split(" "), ""][:3]
        with self._server(query) as server:
            yield from self._messages(server, query, int(number), channel, Window(gap.start, gap.end), before or None)

    def look_up(self, query: Query, native_ids: Sequence[str], *, now: datetime) -> Iterator[Mention | Rejected]:
        """Messages as they are now, conversation by conversation."""
        wanted: dict[int, set[str]] = {}
        for native_id in native_ids:
            wanted.setdefault(int(native_id.split("-")[0]), set()).add(native_id)
        with self._server(query) as server:
            for number, ids in wanted.items():
                row = server.find(f"conversations/{number}")
                channel, found = _channel(row or {}), set()
                for rows in self._pages(server, number, None, budget=False) if row is not None else ():
                    for message in (self._read(r, query, number, channel, now) for r in rows or ()):
                        if isinstance(message, Mention) and message.native_id in ids:
                            found.add(message.native_id)
                            yield message
                    if found == ids:
                        break
                for native_id in sorted(ids - found):
                    yield self.gone(native_id, channel=channel, now=now)

    def _server(self, query: Query) -> Rest:
        address = f"{self.base_url.rstrip('/')}/api/v1/accounts/{self.account_id}"
        return Rest(self, query, address, {"api_access_token": secret(self.token)})

    def _messages(
        self, server: Rest, query: Query, number: int, channel: str, span: Window, before: str | None = None
    ) -> Iterator[Found]:
        for rows in self._pages(server, number, before):
            if rows is None:
                yield self.unreached(f"{number} {channel} {before or ''}".rstrip(), span)
                return
            found = [self._read(row, query, number, channel, None) for row in rows]
            times = [_written(row) for row in rows]
            for at, message in zip(times, found, strict=True):
                if message and (at is None or span.start <= at < span.end):
                    yield message
            if any(at is not None and at < span.start for at in times):
                return
            before = _oldest(rows)

    def _pages(self, server: Rest, number: int, before: str | None, *, budget: bool = True) -> Iterator[list[Any] | None]:
        """Pages of messages, the newest first, each from old to new; None at the end where the budget is used up."""
        while True:
            if budget and server.is_spent:
                yield None
                return
            page = server.find(f"conversations/{number}/messages", before=before)
            rows = server.items(page, "payload") if page is not None else []
            if not rows:
                return
            yield rows
            before = _oldest(rows)
            if before is None:
                raise server.unreadable()

    def _read(self, row: Any, query: Query, number: int, channel: str, now: datetime | None) -> Mention | Rejected | None:
        """A message; None for notes and for what the system says."""
        try:
            kind, written, native_id = row["message_type"], _moment(row["created_at"]), f"{number}-{row['id']}"
            if row.get("private") or kind not in (_INCOMING, _OUTGOING, _TEMPLATE):
                return None
            if (row.get("content_attributes") or {}).get("deleted"):
                return self.gone(native_id, channel=channel, now=now or written + _LAG)
            sender, is_own = row.get("sender") or {}, kind != _INCOMING
            return Mention(
                source=self.name, native_id=native_id, channel=channel, visibility="private", property="own", is_own=is_own,
                kind="reply" if is_own else "ticket", text=(row.get("content") or "") if self.text else "", published_at=written,
                observed_at=now, is_automatic=kind == _TEMPLATE or sender.get("type") == "agent_bot", brand=brand_of(self, query),
                author_id=f"{sender.get('type') or 'contact'}-{sender['id']}" if sender.get("id") else None,
                thread_id=str(number),
                url=f"{self.base_url.rstrip('/')}/app/accounts/{self.account_id}/conversations/{number}",
                media=tuple(_media(a) for a in row.get("attachments") or ()),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            which = row.get("id") if isinstance(row, dict) else None
            what, raw = f"the message {which} of conversation {number}", row if self.text else ""
            return self.unreadable(what, error, raw, file=self.base_url)


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _written(row: Any) -> datetime | None:
    at = row.get("created_at") if isinstance(row, dict) else None
    return _moment(at) if isinstance(at, int | float) else None


def _oldest(rows: list[Any]) -> str | None:
    ids = [int(row["id"]) for row in rows if isinstance(row, dict) and isinstance(row.get("id"), int)]
    return str(min(ids)) if ids else None


def _channel(row: dict[str, Any]) -> str:
    name = str((row.get("meta") or {}).get("channel") or "").removeprefix("Channel::")
    return _CHANNELS.get(name, "other")


def _media(attachment: dict[str, Any]) -> Media:
    kind = str(attachment.get("file_type"))
    return Media(type=kind if kind in ("image", "video", "audio") else "link")  # type: ignore[arg-type]
