"""What all fake platforms share: posts with a history, faults by seed, limits as a platform counts them, and the truth.

A platform of one kind lives in `tests/platforms/<kind>.py` as `class Platform(Base)`: it gives the stanza that points a source
at it and answers requests in the shape that the platform's documentation shows. `tests/conformance/` runs every source against
its platform.

Time at the platform is `now`, which a test sets before each collection: posts, edits and deletions after it have not happened
yet. Limits are counted in real seconds, since a client must keep them in real time.
"""

from __future__ import annotations

import json
import random
import socket
import threading
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from tests import querying

START = datetime(2026, 2, 1, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
FAULTS = ("429_told", "429", "500", "503", "dropped", "truncated", "invalid", "slow")
SECRET = "canary-4f1d-never-to-be-seen"
MEANT = 'jetblue NEAR/3 post NOT "jetblue band"'  # a query which all posts but the noise fulfil
_NOISE = ("A quiet day {}", "JetBlue was late again, so I have read every single post {}", "The JetBlue band and its post {}")


@dataclass
class Post:
    """A post and what happens to it."""

    id: str
    text: str
    at: datetime
    author: str = "ann"
    edits: list[tuple[datetime, str]] = field(default_factory=list)
    deleted_at: datetime | None = None
    parent: str | None = None  # id of the post that it answers
    likes: int = 0
    is_noise: bool = False  # nothing that `MEANT` means, though a search may find it

    def text_at(self, now: datetime) -> str:
        return next((text for at, text in reversed(self.edits) if at <= now), self.text)

    def edited_at(self, now: datetime) -> datetime:
        """When it was last changed before `now`."""
        return next((at for at, _ in reversed(self.edits) if at <= now), self.at)

    def is_visible(self, now: datetime) -> bool:
        return self.at <= now and not (self.deleted_at and self.deleted_at <= now)


@dataclass
class Request:
    """What was asked."""

    method: str
    path: str
    values: dict[str, str]  # of the query string
    headers: dict[str, str]  # names in lower case
    body: bytes = b""

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, str]:
        return {k: v[-1] for k, v in parse_qs(self.body.decode()).items()}


@dataclass
class Answer:
    """What is answered; `value` is sent as JSON where there is no body."""

    value: Any = None
    status: int = 200
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def content(self) -> bytes:
        return json.dumps(self.value).encode() if self.body is None else self.body


class Base:
    """One platform with `count` posts over `hours` hours. Use it as a context manager.

    Args:
        seed: of posts and faults.
        faults: share of requests that fail; the same request fails at most twice in a row.
        broken: answers all requests with it, where given.
        noise: so many posts more that `MEANT` does not mean; two thirds of them have its words.
    """

    kind: ClassVar[str]  # of the source
    page: ClassVar[int] = 20  # posts a request, set in the stanza too
    limit: ClassVar[tuple[int, float]] = (25, 1.0)  # requests in any span of seconds
    limit_status: ClassVar[int] = 429
    has_edits: ClassVar[bool] = True  # False: there are none, or the platform's interface never tells of them
    has_deletes: ClassVar[bool] = True  # False: in the same way
    overhead: ClassVar[int] = 0  # requests beside pages that a collection cannot do without (tokens, accounts)
    search: ClassVar[str] = ""  # model of its search in `tests.querying`; default: its kind
    searched: ClassVar[dict[str, Any] | None] = None  # keys of a stanza by which all is found by search; None: it has none
    free_paths: ClassVar[tuple[str, ...]] = ()  # never faulty and not counted (token endpoints that a library does not retry)

    def __init__(
        self, seed: int = 0, *, count: int = 120, hours: int = 6, faults: float = 0.0, broken: Answer | None = None,
        noise: int = 0,
    ) -> None:
        self.chance, self.faults, self.broken = random.Random(seed), faults, broken
        self.posts = make_posts(self.chance, count, hours, edits=self.has_edits, deletes=self.has_deletes)
        self.posts = sorted([*self.posts, *make_noise(noise, hours)], key=lambda p: (p.at, int(p.id)))
        self.now, self.hours = START, hours
        self.asked: list[Request] = []
        self.served: Counter[str] = Counter()  # good answers by what was asked
        self.failed = self.exceeded = 0
        self._times: deque[float] = deque()
        self._row: Counter[str] = Counter()  # faults in a row by request
        self._lock = threading.Lock()
        self.url = ""

    # --- what a platform of one kind defines

    def stanza(self) -> dict[str, Any]:
        """Keys of the `[sources.<kind>]` stanza that point the source here, without `kind`."""
        raise NotImplementedError

    def answer(self, request: Request) -> Answer:
        """The answer to a request that is within the limits and has no fault."""
        raise NotImplementedError

    def limit_headers(self, left: int, reset: float) -> dict[str, str]:
        """Headers by which the platform tells how many requests are left until `reset`, seconds since 1970."""
        return {}

    # --- the truth

    def visible(self) -> list[Post]:
        """Posts that exist now, oldest first."""
        return [p for p in self.posts if p.is_visible(self.now)]

    def expected(self) -> dict[str, str | None]:
        """What a source must know in the end: id -> last text, None where deleted."""
        meant = [p for p in self.posts if not p.is_noise]
        return {p.id: None if p.deleted_at and p.deleted_at <= self.now else p.text_at(self.now) for p in meant}

    def finds(self, query: str, post: Post, **fields: Any) -> bool:
        """Would the platform's search find the post for this query, by what is known of how it reads queries?"""
        known = {"author": post.author, "lang": "en", "kind": "reply" if post.parent else "post", "has": (), "channel": self.kind}
        return querying.FOUND[self.search or self.kind](query, querying.Post(post.text_at(self.now), known | fields))

    def show_all(self) -> None:
        """Move on to the end, when everything has been posted."""
        self.now = START + (self.hours + 1) * HOUR

    def wrong(self, known: dict[str, str | None]) -> dict[str, tuple[str | None, str | None]]:
        """Where `known` differs from the truth: id -> (known, true). A post that was deleted may never have been seen."""
        truth = self.expected()
        ids = known.keys() | {i for i, text in truth.items() if text is not None}
        return {i: (known.get(i, "missing"), truth.get(i, "unknown")) for i in ids if known.get(i, "-") != truth.get(i, "?")}

    @property
    def waste(self) -> float:
        """Share of requests beyond the minimum: each page once, and once more for each fault."""
        least = len(self.served) + self.failed + self.overhead
        return len(self.asked) / max(least, 1) - 1

    # --- serving

    def __enter__(self) -> Base:
        platform = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def handle_any(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                url = urlsplit(self.path)  # paths may hold semicolons
                values = {k: ",".join(v) for k, v in parse_qs(url.query, keep_blank_values=True).items()}
                headers = {k.lower(): v for k, v in self.headers.items()}
                platform._serve(self, Request(self.command, url.path, values, headers, self.rfile.read(length)))

            do_GET = do_POST = do_PUT = do_DELETE = handle_any

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, *_: object) -> None:
                pass  # a client that hangs up

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _serve(self, handler: BaseHTTPRequestHandler, request: Request) -> None:
        condition = request.headers.get("if-none-match", "")
        key = f"{self.now} {request.method} {request.path} {sorted(request.values.items())} {condition} {request.body!r}"
        with self._lock:
            self.asked.append(request)
            is_free = request.path.startswith(self.free_paths) if self.free_paths else False
            late, left, reset = (False, 1, time.time()) if is_free else self._counted()
            fault = "" if late or is_free else self._fault(key)
            if fault:
                self.failed += 1
            answer = self.broken or (Answer({}, self.limit_status) if late else self.answer(request))
            if not late and not fault and (answer.status < 400 or answer.status == 404):  # gone is an answer too
                self.served[key] += 1
            answer.headers |= self.limit_headers(left, reset)
        send(handler, *misbehave(answer, fault))

    def _counted(self) -> tuple[bool, int, float]:
        most, span = self.limit
        at = time.monotonic()
        while self._times and self._times[0] <= at - span:
            self._times.popleft()
        self._times.append(at)
        late = len(self._times) > most
        self.exceeded += late
        return late, max(0, most - len(self._times)), time.time() + span

    def _fault(self, key: str) -> str:
        if self._row[key] < 2 and self.chance.random() < self.faults:
            self._row[key] += 1
            return self.chance.choice(FAULTS)
        self._row[key] = 0
        return ""


def misbehave(answer: Answer, fault: str) -> tuple[Answer, str]:
    """The answer with a fault in it, and how its bytes are sent."""
    if fault == "429_told":
        return Answer({}, 429, headers={"Retry-After": "1"}), ""
    if fault in ("429", "500", "503"):
        return Answer({"error": "fault"}, int(fault)), ""
    if fault == "invalid":
        return Answer(body=b'{"data": [', headers=answer.headers), ""
    return answer, fault


def send(handler: BaseHTTPRequestHandler, answer: Answer, how: str) -> None:
    """Write the answer; `how`: dropped (no answer), truncated (half of it), slow (in pieces), or nothing special."""
    content = answer.content
    if how == "dropped":
        handler.close_connection = True
        handler.connection.shutdown(socket.SHUT_RDWR)
        return
    handler.send_response(answer.status)
    for name, value in ({"Content-Type": "application/json"} | answer.headers).items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    if how == "truncated":
        handler.wfile.write(content[: len(content) // 2])
        handler.close_connection = True
        handler.connection.shutdown(socket.SHUT_RDWR)
    elif how == "slow":
        for start in range(0, len(content), max(1, len(content) // 4)):
            handler.wfile.write(content[start : start + max(1, len(content) // 4)])
            handler.wfile.flush()
            time.sleep(0.02)
    else:
        handler.wfile.write(content)


def make_noise(count: int, hours: int) -> list[Post]:
    """Posts that `MEANT` does not mean, evenly over the hours."""
    step = timedelta(seconds=hours * 3600 // (count + 1))
    texts = [_NOISE[n % len(_NOISE)].format(n) for n in range(count)]
    return [
        Post(id=str(40_000 + n), text=text, at=START + (n + 1) * step, author=f"author{n % 37}", is_noise=True)
        for n, text in enumerate(texts)
    ]


def make_posts(chance: random.Random, count: int, hours: int, *, edits: bool, deletes: bool) -> list[Post]:
    """Posts that name JetBlue, spread over the hours from START, some of them in the same second, some edited or deleted."""
    seconds = sorted(chance.randrange(hours * 3600) for _ in range(count))
    posts: list[Post] = []
    for number, second in enumerate(seconds):
        at = START + timedelta(seconds=seconds[number - 1] if number and chance.random() < 0.05 else second)
        author, likes = f"author{number % 37}", number % 7
        post = Post(id=str(10_000 + number), text=f"JetBlue post {number}", at=at, author=author, likes=likes)
        if posts and chance.random() < 0.2:
            post.parent = chance.choice(posts).id
        if edits and chance.random() < 0.15:
            post.edits.append((at + timedelta(minutes=chance.randrange(1, 240)), f"JetBlue post {number} edited"))
        if deletes and chance.random() < 0.1:
            post.deleted_at = at + timedelta(minutes=chance.randrange(1, 300))
        posts.append(post)
    return sorted(posts, key=lambda p: (p.at, int(p.id)))
