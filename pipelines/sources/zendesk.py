"""Zendesk: tickets of all channels as private volume and replies, through zenpy (incremental export and comments)."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, ClassVar

from pydantic import Field

from pipelines.asking import Asking, pace
from pipelines.errors import RateLimited, SourceError, SourceUnavailable
from pipelines.fetching import by_status, session
from pipelines.owned import brand_of
from pipelines.records import Cursor, Found, Media, Mention, Query, Rejected, Window
from pipelines.settings import secret
from pipelines.sources.base import SPAN, Card, Source

_CHANNELS = {
    "voice": "phone", "phone": "phone", "native_messaging": "chat", "chat": "chat", "mobile_sdk": "chat", "web": "web",
    "web_widget": "web", "web_form": "web", "mobile": "web", "help_center": "web", "email": "email", "twitter": "x",
    "facebook": "facebook", "sms": "sms", "instagram_dm": "instagram", "whatsapp": "whatsapp", "line": "line",
}  # others are "other"
_STAFF = frozenset({"agent", "admin"})


class ZendeskSource(Source):
    """Exports tickets in the order in which they changed and reads the public comments of each."""

    can_look_up: ClassVar[bool] = True
    needs_key: ClassVar[bool] = True
    title: ClassVar[str] = "Zendesk"
    key_page: ClassVar[str | None] = "https://developer.zendesk.com/api-reference/introduction/security-and-auth/"
    card: ClassVar[Card | None] = Card(
        channel="email, phone, chat, web, ...", collects="tickets and public replies: number and times, texts if asked for",
        cannot="internal notes and calls' recordings (left out); tickets that are archived for good",
        keys="OAuth token, or e-mail address and API token", cost="included", limits="10 exports and 200 other requests a minute",
        deletion="deleted and redacted tickets are found when they are looked up again",
    )

    subdomain: str = Field(description="Name of the account: acme of acme.zendesk.com.", pattern=r"^[a-z0-9-]+$")
    token: str = Field(description="OAuth token, or API token where `email` is set: env:NAME or file:PATH.")
    email: str = Field(default="", description="Address that the API token belongs to; empty for an OAuth token.")
    text: bool = Field(default=False, description="Keep the texts too, redacted, for care alone; otherwise numbers and times.")
    brand: str = Field(default="", description="Key of the brand whose desk this is; default: the only one of your own.")
    window: str = Field(default="15m", pattern=SPAN, description="Width of one collection window: a number and m, h or d.")
    rate: str = Field(default="200/1m", description="Most requests in any span, such as 200/1m; with commas, several.")
    exports: str = Field(default="10/1m", description="Most exports in any span; they are counted apart.")
    recheck: list[str] = Field(default=["7d"], description="Ages at which tickets are looked up again for deletions.")
    page: int = Field(default=100, ge=1, le=1000, description="Tickets a request.")
    base_url: str = Field(default="", description="Address of the platform; default: https://<subdomain>.zendesk.com.")

    def collect(self, query: Query, window: Window) -> Iterator[Found]:
        """Tickets that changed since the cursor, with all their public comments; the first time since the window's start."""
        desk = _Desk(self, query)
        after, done = query.cursor.get("after", ""), set(query.cursor.get("done", "").split())
        is_end = False
        while not is_end and not desk.ask.is_spent:
            page = desk.export(after, window)
            for ticket in page.tickets:
                key = f"{ticket.id}@{ticket.updated_at}"
                if key in done:
                    continue
                if desk.ask.is_spent:
                    yield Cursor(values={"after": after, "done": " ".join(sorted(done)), "since": page.since})
                    return
                yield from desk.comments(ticket)
                done.add(key)
            after, is_end, done = page.after, page.is_end, set()
            yield Cursor(values={"after": after, "done": "", "since": page.since})

    def look_up(self, query: Query, native_ids: Sequence[str], *, now: datetime) -> Iterator[Mention | Rejected]:
        """Comments as they are now, ticket by ticket; those of a deleted ticket are gone."""
        desk = _Desk(self, query, observed=now)
        wanted: dict[str, set[str]] = {}
        for native_id in native_ids:
            wanted.setdefault(native_id.split("-")[0], set()).add(native_id)
        tickets = desk.tickets(list(wanted))
        for ticket_id, ids in wanted.items():
            ticket = tickets.get(ticket_id)
            found = {m.native_id: m for m in desk.comments(ticket) if isinstance(m, Mention)} if ticket is not None else {}
            yield from found.values()
            for native_id in sorted(ids - found.keys()):
                yield self.gone(native_id, channel=_channel(ticket), now=now)


class _Page:
    """Exported tickets."""

    def __init__(self, found: Any, since: str) -> None:
        self.tickets: list[Any] = list(found.values or ())
        self.after, self.is_end, self.since = str(found.after_cursor or ""), bool(found.end_of_stream), since


class _Desk:
    """Requests of one collection. `observed`: when, where tickets are looked up."""

    def __init__(self, source: ZendeskSource, query: Query, observed: datetime | None = None) -> None:
        from zenpy import Zenpy

        logging.getLogger("zenpy").setLevel(logging.INFO)  # below that it logs answers
        self._host = f"https://{source.subdomain}.zendesk.com"
        self._base = source.base_url.rstrip("/") or self._host
        http = session(self._base, instead_of=self._host)
        http.hooks["response"].append(self._checked)
        key = secret(source.token)
        keys = {"email": source.email, "token": key} if source.email else {"oauth_token": key}
        self._client = Zenpy(subdomain=source.subdomain, session=http, timeout=20.0, **keys)
        self._source, self._query, self._observed, self._brand = source, query, observed, brand_of(source, query)
        self._where = f"[sources.{source.name}]"
        self.ask = Asking(source, query, self._meaning)
        self._exports = pace(source.exports, query.state / f"{source.name}.exports.sqlite" if query.state else None)

    def export(self, after: str, window: Window) -> _Page:
        """Tickets that changed after a cursor; where there is none, since the first window's start."""
        since = self._query.cursor.get("since") or str(int(window.start.timestamp()))
        start = {"cursor": after} if after else {"start_time": int(since)}

        def send() -> _Page:
            if not self._exports(1, self._source.longest_wait):
                raise RateLimited(f"{self._where}: exports = {self._source.exports!r} is used up; asked again later.")
            return _Page(self._client.tickets.incremental(include=["users"], per_page=self._source.page, **start), since)

        return self.ask(send)

    def tickets(self, ids: list[str]) -> dict[str, Any]:
        """Tickets by id; those that are deleted are left out."""
        found: dict[str, Any] = {}
        for start in range(0, len(ids), 100):
            part = [int(i) for i in ids[start : start + 100]]
            listed = self.ask(lambda: list(self._client.tickets(ids=part, include=["users"]).values or ()))  # noqa: B023
            found |= {str(t.id): t for t in listed if t.status != "deleted"}
        return found

    def comments(self, ticket: Any) -> Iterator[Found]:
        """Public comments of a ticket, oldest first; the first one opened it."""
        from zenpy.lib.exception import RecordNotFoundException

        if ticket.status == "deleted":
            return
        try:
            found = self.ask(lambda: _first(self._client.tickets.comments(ticket.id)))
        except RecordNotFoundException:
            return
        number = 0
        while found is not None:
            for comment in found.values or ():
                number += 1
                if getattr(comment, "public", True):
                    yield self._read(ticket, comment, is_first=number == 1)
            found = self.ask(lambda: _next(found))  # noqa: B023

    def _read(self, ticket: Any, comment: Any, *, is_first: bool) -> Mention | Rejected:
        try:
            author, via = str(comment.author_id), getattr(getattr(comment, "via", None), "channel", None)
            is_own = author != str(ticket.requester_id) and self._is_staff(comment.author_id)
            body = getattr(comment, "plain_body", None) or comment.body or ""
            return Mention(
                source=self._source.name, native_id=f"{ticket.id}-{comment.id}", channel=_channel(ticket), visibility="private",
                kind="ticket" if is_first else "reply", property="own", text=body if self._source.text else "",
                published_at=datetime.fromisoformat(comment.created_at), observed_at=self._observed, brand=self._brand,
                is_own=is_own, is_automatic=is_own and via == "rule", author_id=author, thread_id=f"{ticket.id}",
                url=f"{self._host}/agent/tickets/{ticket.id}", references=(("case", str(ticket.id)),),
                media=tuple(_media(a) for a in getattr(comment, "attachments", None) or ()),
            )
        except (AttributeError, TypeError, ValueError) as error:
            raw = comment.to_dict() if self._source.text else ""
            return self._source.unreadable(f"a comment of ticket {ticket.id}", error, raw, file=self._host)

    def _is_staff(self, author_id: Any) -> bool:
        """Is the author known as an agent? Users come with the tickets; who is not among them is no customer of theirs."""
        user = self._client.cache.get("user", author_id)
        return user is None or user.role in _STAFF

    def _checked(self, response: Any, *_: Any, **__: Any) -> None:
        """The library would wait by itself, and knows answers by the platform's address."""
        _ = response.content  # read to its end, the connection is free again
        if response.status_code >= 400 and response.status_code != 404:
            raise by_status(self._where, response.status_code, response.headers)
        response.request.url = self._host + response.request.url.removeprefix(self._base)

    def _meaning(self, error: Exception) -> SourceError | None:
        from zenpy.lib.exception import RecordNotFoundException, ZenpyException

        if isinstance(error, RecordNotFoundException):
            return None
        if isinstance(error, ZenpyException | AttributeError | KeyError | TypeError):
            return SourceUnavailable(f"{self._where}: the answer is not what Zendesk gives; it is asked again later.")
        return None


def _first(found: Any) -> Any:
    _ = found.values  # an answer of another kind has none
    return found


def _next(found: Any) -> Any:
    try:
        found.handle_pagination()
    except StopIteration:
        return None
    return found


def _channel(ticket: Any) -> str:
    return _CHANNELS.get(str(getattr(getattr(ticket, "via", None), "channel", None)), "other")


def _media(attachment: Any) -> Media:
    kind = str(getattr(attachment, "content_type", "")).split("/")[0]
    return Media(type=kind if kind in ("image", "video", "audio") else "link")  # type: ignore[arg-type]
