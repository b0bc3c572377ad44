"""Bluesky's Jetstream: a WebSocket that replays events from a cursor on and then goes on with the present.

What loses data here: it breaks off in mid-stream, sends events twice and frames that are no JSON; deletions name an id alone,
and of a closed account not even that; most events are of no interest, and their number is not known.
"""

from __future__ import annotations

import json
import threading
import time
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlparse

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from pipelines.sealing import Sealer
from tests.platforms.base import HOUR, SECRET, START, Answer, Base, Post, Request
from tests.platforms.bluesky import did

FILLER = timedelta(seconds=30)


def micro(moment: datetime) -> int:
    return int(moment.timestamp() * 1e6)


class Platform(Base):
    kind = "jetstream"

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        end = START + (self.hours + 1) * HOUR
        for post in self.posts:
            post.edits = [e for e in post.edits if e[0] < end]
            post.deleted_at = post.deleted_at if post.deleted_at and post.deleted_at < end else None
        closed = START + timedelta(minutes=45 * self.hours)
        for post in self.posts:
            if post.author == "author3":
                post.author = "author3" if post.at < closed else "author4"
                post.deleted_at = min(post.deleted_at or closed, closed) if post.at < closed else post.deleted_at
        account = {"kind": "account", "account": {"active": False, "status": "deleted", "did": did("author3"), "seq": 9}}
        told = [*self._fillers(), *self._told(closed), self._event(closed, "author3", account)]
        self.events = sorted(told, key=lambda e: e["time_us"])
        self.keeps = START - HOUR  # events before are no longer kept

    def stanza(self) -> dict[str, Any]:
        return {"key": "env:PLATFORM_TOKEN", "base_url": self.url, "rate": "25/1s", "window": "1h"}

    def expected(self) -> dict[str, str | None]:
        seal = Sealer(SECRET).seal
        return {seal(f"{did(p.author)}/3k{p.id}"): text for p, text in zip(self.posts, super().expected().values(), strict=True)}

    def _event(self, at: datetime, author: str, event: dict[str, Any]) -> dict[str, Any]:
        return {"did": did(author), "time_us": micro(at) + 7, "notDocumented": None} | event

    def _commit(self, at: datetime, post: Post, operation: str, text: str = "") -> dict[str, Any]:
        commit: dict[str, Any] = {"rev": "r", "operation": operation, "collection": "app.bsky.feed.post", "rkey": f"3k{post.id}"}
        if operation != "delete":
            written = post.at.strftime("%Y-%m-%dT%H:%M:%S.000Z")
            record = {"$type": "app.bsky.feed.post", "text": text, "createdAt": written, "langs": ["en"]}
            commit |= {"cid": "bafy", "record": record}
        return self._event(at, post.author, {"kind": "commit", "commit": commit})

    def _told(self, closed: datetime) -> list[dict[str, Any]]:
        told = []
        for post in self.posts:
            gone = post.deleted_at or datetime.max.replace(tzinfo=post.at.tzinfo)
            told.append(self._commit(post.at, post, "create", post.text))
            told += [self._commit(at, post, "update", text) for at, text in post.edits if at < gone]
            if post.deleted_at and post.deleted_at != closed:
                told.append(self._commit(post.deleted_at, post, "delete"))
        return told

    def _fillers(self) -> list[dict[str, Any]]:
        """What others do."""
        count = int((self.hours + 2) * HOUR / FILLER)
        found = []
        for number in range(-count // 8, count):
            post = Post(id=f"o{number}", text="nothing about airlines", at=START + number * FILLER, author=f"other{number % 50}")
            event = self._commit(post.at, post, "delete" if number % 3 == 0 else "create", post.text)
            if number % 29 == 0:
                event["commit"]["record"] = 3
            found.append(event)
        return found

    # --- serving

    def __enter__(self) -> Base:
        self._faults: dict[int, str] = {}
        self._server = serve(self._stream, "127.0.0.1", 0, process_request=self._greet, compression=None)  # type: ignore[assignment]
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.url = f"ws://127.0.0.1:{self._server.socket.getsockname()[1]}"
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()

    def _greet(self, connection: ServerConnection, request: Any) -> Any:
        url = urlparse(request.path)
        values = {name: ",".join(v) for name, v in parse_qs(url.query).items()}
        with self._lock:
            self.asked.append(Request("GET", url.path, values, dict(request.headers.raw_items())))
            late, _, _ = self._counted()
            fault = "" if late else self._fault(f"{self.now} {values.get('cursor')}")
            self.failed += bool(fault)
            status = self.broken.status if self.broken else 429 if late else 0
            if not status and fault in ("429", "429_told", "500", "503"):
                status = int(fault[:3])
            if not status and not fault:
                self.served[f"{self.now} {len(self.asked)}"] += 1
            self._faults[id(connection)] = fault
        if url.path != "/subscribe" or values.get("wantedCollections") != "app.bsky.feed.post":
            status = 400
        if status:
            response = connection.respond(status, "no")
            if fault == "429_told":
                response.headers["Retry-After"] = "1"
            return response
        return None

    def answer(self, request: Request) -> Answer:
        raise NotImplementedError

    def _stream(self, connection: ServerConnection) -> None:
        fault = self._faults.pop(id(connection), "")
        values = parse_qs(urlparse(connection.request.path if connection.request else "").query)
        cursor, now = max(int(values["cursor"][0]), micro(self.keeps)), micro(self.now)
        events = [e for e in self.events if cursor <= e["time_us"] <= now]
        breaks = self.chance.randrange(len(events) + 1) if fault in ("dropped", "truncated", "invalid") else -1
        with suppress(ConnectionClosed, OSError):
            for number, event in enumerate(events):
                if number == breaks:
                    return self._break(connection, fault, json.dumps(event))
                if fault == "slow" and number % 50 == 0:
                    time.sleep(0.01)
                for _ in range(2 if number % 40 == 0 else 1):
                    connection.send(json.dumps(event))
            if breaks >= len(events):
                return self._break(connection, fault, "{}")
            while True:  # the present
                now += 50_000
                connection.send(json.dumps({"did": did("other"), "time_us": now, "kind": "identity", "identity": {}}))
                time.sleep(0.05)

    def _break(self, connection: ServerConnection, fault: str, frame: str) -> None:
        if fault == "dropped":
            connection.socket.close()
        elif fault == "truncated":
            connection.send(frame[: len(frame) // 2] or "{")
        else:
            connection.send("not json")
