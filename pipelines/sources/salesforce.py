"""Salesforce: cases, case comments and e-mails as private volume and replies, through simple-salesforce (SOQL)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from pydantic import Field

from pipelines.asking import Asking
from pipelines.errors import AuthFailed, RateLimited, SourceError, SourceUnavailable
from pipelines.fetching import by_status, session
from pipelines.owned import brand_of
from pipelines.records import Found, Gap, Mention, Query, Rejected, Window
from pipelines.settings import secret
from pipelines.sources.base import SPAN, Card, Source

_LAG = timedelta(minutes=5)  # a long transaction is seen later than its rows are stamped
_OPENING = timedelta(minutes=1)  # an e-mail that came so soon is the one that opened the case
_LOOKED_UP = 200  # ids a query
_COMMON = "Id, CreatedDate, SystemModstamp, IsDeleted"
_PARENT = "ParentId, Parent.Origin, Parent.CaseNumber, Parent.ContactId, Parent.CreatedDate"
_OBJECTS = {  # prefix of its ids: object, fields, fields of text
    "500": ("Case", f"{_COMMON}, CaseNumber, Origin, ContactId", ("Subject", "Description")),
    "00a": ("CaseComment", f"{_COMMON}, {_PARENT}, IsPublished, CreatedById, CreatedBy.UserType", ("CommentBody",)),
    "02s": ("EmailMessage", f"{_COMMON}, {_PARENT}, Incoming, MessageDate, CreatedById, HasAttachment", ("Subject", "TextBody")),
}
_CHANNELS = {  # by Origin, which every organisation names for itself; others are "other"
    "email": "email", "e-mail": "email", "phone": "phone", "web": "web", "chat": "chat", "live chat": "chat", "messaging": "chat",
    "sms": "sms", "whatsapp": "whatsapp", "x": "x", "twitter": "x", "facebook": "facebook", "instagram": "instagram",
}


class SalesforceSource(Source):
    """Asks for what was stamped in the window, so that edits and deletions come with the windows in which they were made."""

    incremental: ClassVar[bool] = False
    can_look_up: ClassVar[bool] = True
    needs_key: ClassVar[bool] = True
    title: ClassVar[str] = "Salesforce"
    key_page: ClassVar[str | None] = "https://help.salesforce.com/s/articleView?id=sf.connected_app_client_credentials_setup.htm"
    card: ClassVar[Card | None] = Card(
        channel="email, phone, chat, web, ...", collects="cases, published comments, e-mails: number, times, texts if asked for",
        cannot="unpublished comments (left out); objects of your own; what the app's user may not see",
        keys="key and secret of a connected app (client credentials)", cost="included",
        limits="100,000 requests a day or more, shared by all apps", deletion="deletions are told, and looked up again",
    )

    domain: str = Field(description="My Domain: acme.my of acme.my.salesforce.com.", pattern=r"^[a-z0-9.-]+$")
    consumer_key: str = Field(description="Key of the connected app: env:NAME or file:PATH.")
    consumer_secret: str = Field(description="Secret of the connected app: env:NAME or file:PATH.")
    text: bool = Field(default=False, description="Keep the texts too, redacted, for care alone; otherwise numbers and times.")
    brand: str = Field(default="", description="Key of the brand whose desk this is; default: the only one of your own.")
    window: str = Field(default="15m", pattern=SPAN, description="Width of one collection window: a number and m, h or d.")
    rate: str = Field(default="60/1m", description="Most requests in any span, such as 60/1m; with commas, several.")
    base_url: str = Field(default="", description="Address of the platform; default: https://<domain>.salesforce.com.")

    def collect(self, query: Query, window: Window) -> Iterator[Found]:
        """Rows stamped in the window, five minutes late; what the budget does not reach are gaps."""
        org, span = _Org(self, query), Window(window.start - _LAG, window.end - _LAG)
        for prefix in _OBJECTS:
            yield from org.stamped(prefix, span)

    def fill(self, query: Query, gap: Gap) -> Iterator[Found]:
        """The rows of one object after the last one that was read."""
        prefix, _, last = gap.query.partition(" ")
        return _Org(self, query).stamped(prefix, Window(gap.start, gap.end), last)

    def look_up(self, query: Query, native_ids: Sequence[str], *, now: datetime) -> Iterator[Mention | Rejected]:
        """Rows by id. One that is not given any more is gone, if others of its object are given."""
        org = _Org(self, query, observed=now)
        for prefix in _OBJECTS:
            ids = [i for i in native_ids if i.startswith(prefix)]
            for start in range(0, len(ids), _LOOKED_UP):
                yield from org.by_id(prefix, ids[start : start + _LOOKED_UP], now)


class _Org:
    """Requests of one collection. `observed`: when, where rows are looked up."""

    def __init__(self, source: SalesforceSource, query: Query, observed: datetime | None = None) -> None:
        self._source, self._query, self._observed, self._brand = source, query, observed, brand_of(source, query)
        self._host, self._where = f"https://{source.domain}.salesforce.com", f"[sources.{source.name}]"
        self._http = session(source.base_url or self._host, instead_of=self._host)
        self._http.hooks["response"].append(self._checked)
        self._client: Any = None
        self._ask = Asking(source, query, self._meaning, renew=self._log_in)

    def stamped(self, prefix: str, span: Window, last: str = "") -> Iterator[Found]:
        """Rows of one object stamped in the span, in this order; of the first second those after the id `last`."""
        start, end = (at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") for at in (span.start, span.end))
        begin = f"SystemModstamp >= {start}"
        if last:
            begin = f"(SystemModstamp > {start} OR (SystemModstamp = {start} AND Id > '{last}'))"
        soql = f"{self._select(prefix)} WHERE {begin} AND SystemModstamp < {end} ORDER BY SystemModstamp, Id"
        following: str | None = None
        is_end = False
        while not is_end:
            if self._ask.is_spent:
                yield self._source.unreached(f"{prefix} {last}".rstrip(), span)
                return
            page = self._page(soql, following)
            for row in page["records"]:
                yield from self._read(prefix, row)
                last, span = row["Id"], Window(_moment(row["SystemModstamp"]), span.end)
            following, is_end = page.get("nextRecordsUrl"), page.get("done") is not False

    def by_id(self, prefix: str, ids: list[str], now: datetime) -> Iterator[Mention | Rejected]:
        """Rows by id as they are now."""
        named = ", ".join(f"'{i}'" for i in ids)
        rows: dict[str, dict[str, Any]] = {}
        following: str | None = None
        is_end = False
        while not is_end:
            page = self._page(f"{self._select(prefix)} WHERE Id IN ({named})", following)
            rows |= {row["Id"]: row for row in page["records"]}
            following, is_end = page.get("nextRecordsUrl"), page.get("done") is not False
        missing = [i for i in ids if i not in rows]
        if missing and not rows and not self._page(f"SELECT Id FROM {_OBJECTS[prefix][0]} LIMIT 1", None)["records"]:
            raise AuthFailed(f"{self._where}: no {_OBJECTS[prefix][0]} can be read any more; check the permissions of the app.")
        for row in rows.values():
            yield from self._read(prefix, row)
        for native_id in missing:
            yield self._source.gone(native_id, channel="other", now=now)

    def _select(self, prefix: str) -> str:
        name, fields, texts = _OBJECTS[prefix]
        return f"SELECT {', '.join([fields, *(texts if self._source.text else ())])} FROM {name}"

    def _page(self, soql: str, following: str | None) -> dict[str, Any]:
        def send() -> dict[str, Any]:
            if following:
                found = self._client.query_more(following, identifier_is_url=True)
            else:
                found = self._client.query(soql, include_deleted=True)
            if not isinstance(found, dict) or not isinstance(found.get("records"), list):
                raise SourceUnavailable(f"{self._where}: the answer is not what a query gives; it is asked again later.")
            return found

        if self._client is None:
            self._log_in()
        return self._ask(send)

    def _log_in(self) -> None:
        from simple_salesforce import Salesforce, SalesforceLogin

        source = self._source
        keys = {"consumer_key": secret(source.consumer_key), "consumer_secret": secret(source.consumer_secret)}
        login = Asking(source, self._query, self._meaning)
        token, instance = login(lambda: SalesforceLogin(session=self._http, domain=source.domain, **keys))
        self._client = Salesforce(session_id=token, instance=instance, session=self._http)

    def _checked(self, response: Any, *_: Any, **__: Any) -> None:
        """An answer that is an error, or no JSON: the library takes some of them for a wrong password."""
        status, _ = response.status_code, response.content  # read to its end, the connection is free again
        if status < 400:
            response.json()
            return
        if status == 403 and "REQUEST_LIMIT_EXCEEDED" in response.text:
            raise RateLimited(f"{self._where}: the requests of the organisation are used up for today.", retry_after=3600.0)
        if status == 400 and "oauth2" in response.request.url:
            raise AuthFailed(f"{self._where}: access is refused; check the key and the secret of the app.")
        raise by_status(self._where, status, response.headers)

    def _meaning(self, error: Exception) -> SourceError | None:
        if isinstance(error, AttributeError | KeyError | TypeError | ValueError):
            return SourceUnavailable(f"{self._where}: the answer is not what Salesforce gives; it is asked again later.")
        return None

    def _read(self, prefix: str, row: dict[str, Any]) -> Iterator[Mention | Rejected]:
        """The mention that a row is; none for an internal comment, and for the e-mail that opened a case, which is the case."""
        try:
            if row["IsDeleted"]:
                seen = self._observed or _moment(row["SystemModstamp"])
                yield self._source.gone(row["Id"], channel=_channel(row), now=seen)
            elif prefix == "500":
                yield self._mention(row, row, author=row.get("ContactId"), is_own=False)
            elif prefix == "00a" and row.get("IsPublished"):
                is_own = (row.get("CreatedBy") or {}).get("UserType") == "Standard"
                yield self._mention(row, row["Parent"], author=_author(row, is_own), is_own=is_own)
            elif prefix == "02s" and row.get("Parent") and not _opens(row):
                is_own = not row.get("Incoming")
                yield self._mention(row, row["Parent"], author=_author(row, is_own), is_own=is_own)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            yield self._source.unreadable(f"the row {row.get('Id')}", error, row if self._source.text else "", file=self._host)

    def _mention(self, row: dict[str, Any], case: dict[str, Any], *, author: str | None, is_own: bool) -> Mention:
        texts = [row.get(name) for name in _OBJECTS[row["Id"][:3]][2]] if self._source.text else []
        case_id, number = row.get("ParentId") or row["Id"], case.get("CaseNumber")
        return Mention(
            source=self._source.name, native_id=row["Id"], channel=_channel(row), visibility="private", property="own",
            kind="reply" if row.get("ParentId") else "ticket", text="\n\n".join(t for t in texts if t), is_own=is_own,
            published_at=_moment(row.get("MessageDate") or row["CreatedDate"]), brand=self._brand, author_id=author,
            observed_at=self._observed or _moment(row["SystemModstamp"]), thread_id=case_id,
            in_reply_to=row.get("ParentId"), url=f"{self._host}/{case_id}",
            references=(("case", str(number)),) if number else (),
        )


def _moment(value: str) -> datetime:
    return datetime.fromisoformat(value).astimezone(UTC)


def _author(row: dict[str, Any], is_own: bool) -> str | None:
    return row.get("CreatedById") if is_own else row["Parent"].get("ContactId")


def _channel(row: dict[str, Any]) -> str:
    return _CHANNELS.get(str((row.get("Parent") or row).get("Origin")).lower(), "other")


def _opens(row: dict[str, Any]) -> bool:
    """Is the e-mail the one that the case was made of?"""
    parent = row["Parent"]
    written = _moment(row.get("CreatedDate") or row["MessageDate"])
    return bool(row.get("Incoming")) and abs(written - _moment(parent["CreatedDate"])) <= _OPENING
