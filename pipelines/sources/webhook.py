"""What other systems send us: a signed webhook, or the form in which people report what no interface gives.

`earshot intake` receives; this source lands what was received. The form is for what only a person sees: a story that is gone in
24 hours, a snap, a call, a picture of somebody's screen.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field

from pipelines.errors import ConfigError
from pipelines.inbox import Event, Inbox
from pipelines.mapping import ConstantsSection, Mapping, guess, read_mapping
from pipelines.records import Cursor, Found, Mention, Query, Rejected, Window
from pipelines.rows import Row, mapper_of
from pipelines.sources.base import Card, Source

STORY = timedelta(hours=24)
_SLOWER = 10_000


class WebhookSource(Source):
    """Events that `earshot intake` has acknowledged. Each is landed once, whatever is killed when."""

    title: ClassVar[str] = "Webhook and intake form"
    card: ClassVar[Card | None] = Card(
        channel="any", collects="what other systems post, story mentions of Instagram, and what people report in the form",
        cannot="anything that nobody sends", keys="a secret of your own", limits="1 MB an event",
        deletion="an event with deleted_at withdraws what has the same id",
    )

    secret: str = Field(description="Secret that signs events, or that people type into the form: env:NAME or file:PATH.")
    signature: Literal["standard", "meta", "bearer", "form"] = Field(
        default="standard",
        description="How senders prove themselves: standard (Standard Webhooks), meta (X-Hub-Signature-256), bearer (a token), "
        "form (people type it).",
    )
    map: Path | None = Field(default=None, description="Mapping file that says which field is which; without it, names decide.")
    channel: str = Field(default="webhook", description="Channel of events that name none.")

    def collect(self, query: Query, window: Window) -> Iterator[Found]:
        """Every event that has not landed yet; what cannot be a mention is rejected.

        The cursor holds the events of the last collection: they have landed, and only now does their content go.

        Raises:
            ConfigError: the query names no storage, or the mapping cannot be used.
        """
        if query.state is None:
            raise ConfigError(f"[sources.{self.name}] gives what `earshot intake` has received: run it and then `earshot run`.")
        inbox = Inbox(query.state.parent, self.name)
        inbox.settle(query.cursor, now=window.end)
        landing = {}
        for event in inbox.waiting():
            landing[event.id] = ""
            yield from self._mentions(event, query)
        if landing or query.cursor:
            yield Cursor(values=landing)

    def _mentions(self, event: Event, query: Query) -> Iterator[Found]:
        mapper = mapper_of(self._mapping(), source=self.name, file="webhook", now=event.received_at, brands=query.brands)
        for number, values in enumerate(_rows(event.body, self.signature), 1):
            raw, known = json.dumps(values).encode(), values if isinstance(values, dict) else {}
            row = known if _holds_id(known, self.map) else {"id": f"{event.id}-{number}"} | known
            yield _ordered(mapper(Row(number, raw, row, None if isinstance(values, dict) else "is not an object")), event)

    def _mapping(self) -> Mapping:
        found = read_mapping(self.map) if self.map else Mapping()
        if found.constants.channel != ConstantsSection().channel:
            return found
        return found.model_copy(update={"constants": found.constants.model_copy(update={"channel": self.channel})})


def _ordered(found: Mention | Rejected, event: Event) -> Mention | Rejected:
    """Of two events about a message that tell the same time, or none, the one that came later counts.

    Where an event does not say when its version was made, that is taken to be when the message was published or deleted, and a
    ten-thousandth of the time until it came: in this order, and behind whatever later time another event does say.
    """
    if isinstance(found, Rejected) or found.observed_at not in (None, found.deleted_at):
        return found
    said = found.deleted_at or found.published_at or event.received_at
    return replace(found, observed_at=said + (event.received_at - said) / _SLOWER)


def _holds_id(values: dict[str, Any], mapping: Path | None) -> bool:
    """Does the event name its message, so that a later one about the same replaces it?"""
    return mapping is not None or bool(values.get(guess(list(values))[0].id or ""))


def _rows(body: Any, signature: str) -> list[Any]:
    """The messages in an event: one object, a list, or a list under `mentions`; what Meta sends is unpacked."""
    if signature == "meta":
        return [row for entry in body.get("entry", ()) for row in _of_meta(entry, str(body.get("object")))]
    if isinstance(body, dict) and isinstance(body.get("mentions"), list):
        return list(body["mentions"])
    return body if isinstance(body, list) else [body]


def _of_meta(entry: dict[str, Any], channel: str) -> Iterator[dict[str, Any]]:
    """Story mentions and comments of a Meta webhook; other changes are of no interest here.

    Of a story only the link to it is kept, for as long as it lives: the terms forbid to store the media.
    """
    for message in entry.get("messaging") or ():
        for attachment in message.get("message", {}).get("attachments") or ():
            if attachment.get("type") == "story_mention":
                at = datetime.fromtimestamp(message["timestamp"] / 1000, UTC)
                yield {
                    "id": message["message"]["mid"], "channel": channel, "kind": "story", "property": "addressed", "text": "",
                    "author": message.get("sender", {}).get("id"), "published_at": at.isoformat(),
                    "expires_at": (at + STORY).isoformat(), "media": [{"type": "image", "url": attachment["payload"]["url"]}],
                }
    for change in entry.get("changes") or ():
        value = change.get("value") or {}
        author = (value.get("from") or {}).get("id")
        if change.get("field") in ("comments", "feed") and (value.get("text") or value.get("message")):
            at = datetime.fromtimestamp(value.get("created_time") or entry.get("time") or 0, UTC)
            yield {
                "id": value.get("id") or value.get("comment_id") or value.get("post_id"), "channel": channel,
                "kind": "comment", "property": "own", "text": value.get("text") or value["message"],
                "author": author, "is_own": author is not None and author == entry.get("id"), "published_at": at.isoformat(),
                "in_reply_to": value.get("parent_id") or (value.get("media") or {}).get("id"),
            }
