"""The intake server: takes events of [sources.*] of kind webhook over HTTP and acknowledges each once it is on the disk.

    POST /in/NAME      an event, signed as the stanza says        202 stored, 200 known already
    GET  /in/NAME      the challenge by which Meta checks a subscription
    GET  /form/NAME    the form for what people saw; POST sends it

An event is refused, with the reason in one sentence, when its signature is wrong (401), it is older than five minutes (401), it
is no JSON (400), too long (413), or takes too long to arrive (408). Nothing is acknowledged that a crash could lose.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from pipelines.forms import form_page, reported
from pipelines.inbox import Inbox
from pipelines.settings import Settings, secret
from pipelines.sources.webhook import WebhookSource

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

LONGEST = 2**20  # bytes of an event
PATIENCE = 10.0  # seconds in which an event must have arrived
WRONG_CODE_WAIT = 1.0  # seconds that a wrong code costs whoever tries


class Refused(Exception):
    """This request is not taken: status and one sentence."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Door(NamedTuple):
    """A source that receives, and its secret."""

    source: WebhookSource
    secret: str
    inbox: Inbox


def doors(settings: Settings) -> dict[str, Door]:
    """What this configuration receives, by name of the source.

    Raises:
        ConfigError: a secret is missing or empty.
    """
    from pipelines.errors import ConfigError

    found = {}
    for name in settings.sources:
        source = settings.plugin("sources", name)
        if isinstance(source, WebhookSource):
            key = secret(source.secret)
            if not key:
                raise ConfigError(f"[sources.{name}] secret is empty; without one anybody could send.")
            found[name] = Door(source, key, Inbox(settings.storage, name))
    return found


class Intake:
    """The answers of the server.

    Raises:
        ConfigError: a secret is missing.
    """

    def __init__(self, settings: Settings, clock: Callable[[], datetime]) -> None:
        self._settings, self._clock, self._doors = settings, clock, doors(settings)

    def _door(self, request: Request) -> Door:
        name = request.path_params["name"]
        if name not in self._doors:
            raise Refused(404, f"There is no webhook {name!r} here.")
        return self._doors[name]

    async def receive(self, request: Request) -> Response:
        """An event."""
        from starlette.responses import JSONResponse

        door, body, now = self._door(request), await _body(request), self._clock()
        event_id = verify(door.source.signature, door.secret, body, dict(request.headers))
        is_new = await asyncio.to_thread(door.inbox.put, event_id, _parsed(body, door.source.signature), now=now)
        return JSONResponse({"status": "stored" if is_new else "known"}, 202 if is_new else 200)

    async def challenge(self, request: Request) -> Response:
        """What Meta asks when a subscription is made."""
        from starlette.responses import PlainTextResponse

        door, asked = self._door(request), request.query_params
        if door.source.signature != "meta" or not _same(asked.get("hub.verify_token", ""), door.secret):
            raise Refused(401, "The token of this subscription is not the one in the configuration.")
        return PlainTextResponse(asked.get("hub.challenge", "")[:200])

    async def form(self, request: Request) -> Response:
        """The form, and what it sends."""
        from starlette.responses import HTMLResponse

        door, now = self._door(request), self._clock()
        if door.source.signature != "form":
            raise Refused(404, 'This webhook has no form: set signature = "form".')
        if request.method == "GET":
            return HTMLResponse(form_page(self._settings, door.source.name))
        await _body(request)  # within the limits; starlette keeps it
        values = {k: str(v) for k, v in (await request.form()).items()}
        if not _same(values.pop("code", ""), door.secret):
            await asyncio.sleep(WRONG_CODE_WAIT)
            return HTMLResponse(form_page(self._settings, door.source.name, values, problem="The access code is wrong."), 401)
        event, problem = reported(values, now=now)
        if problem:
            return HTMLResponse(form_page(self._settings, door.source.name, values, problem=problem), 400)
        await asyncio.to_thread(door.inbox.put, json.dumps(event, sort_keys=True), event, now=now)
        return HTMLResponse(form_page(self._settings, door.source.name, done=True), 202)


def application(settings: Settings, *, clock: Callable[[], datetime]) -> Starlette:
    """The server as an ASGI application.

    Raises:
        ConfigError: a secret is missing.
    """
    from starlette.applications import Starlette
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    async def refused(_: Request, error: Exception) -> Response:
        return JSONResponse({"error": str(error)}, cast(Refused, error).status)

    intake = Intake(settings, clock)
    routes = [
        Route("/in/{name}", intake.receive, methods=["POST"]), Route("/in/{name}", intake.challenge, methods=["GET"]),
        Route("/form/{name}", intake.form, methods=["GET", "POST"]),
    ]
    handlers: dict[Any, Callable[[Request, Exception], Awaitable[Response]]] = {Refused: refused}
    return Starlette(routes=routes, exception_handlers=cast(Any, handlers))


async def _body(request: Request) -> bytes:
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > LONGEST:
        raise Refused(413, f"An event has at most {LONGEST >> 20} MB.")
    found = bytearray()
    try:
        async with asyncio.timeout(PATIENCE):
            async for block in request.stream():
                found += block
                if len(found) > LONGEST:
                    raise Refused(413, f"An event has at most {LONGEST >> 20} MB.")
    except TimeoutError:
        raise Refused(408, f"The event did not arrive within {PATIENCE:g} s.") from None
    request._body = bytes(found)  # so that request.form() finds it
    return bytes(found)


def verify(signature: str, key: str, body: bytes, headers: dict[str, str]) -> str:
    """The id of an event whose sender has proved to know the secret.

    Raises:
        Refused: it has not.
    """
    if signature == "standard":
        return _standard(key, body, headers)
    if signature == "meta":
        told = headers.get("x-hub-signature-256", "").removeprefix("sha256=")
        if not _same(told, hmac.new(key.encode(), body, hashlib.sha256).hexdigest()):
            raise Refused(401, "The signature in X-Hub-Signature-256 is not the one of this body.")
        return hashlib.sha256(body).hexdigest()
    if signature == "bearer" and _same(headers.get("authorization", "").removeprefix("Bearer "), key):
        return headers.get("idempotency-key") or hashlib.sha256(body).hexdigest()
    raise Refused(401, "The Authorization header does not carry the token of this webhook.")


def _standard(key: str, body: bytes, headers: dict[str, str]) -> str:
    from standardwebhooks.webhooks import Webhook, WebhookVerificationError

    try:
        Webhook(key).verify(body, headers, json_parse=False)
    except (WebhookVerificationError, ValueError) as error:
        raise Refused(401, f"The event is not signed as it must be: {str(error)[:100]}.") from None
    return headers["webhook-id"]


def _parsed(body: bytes, signature: str) -> Any:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise Refused(400, "The body is not JSON.") from None
    if not isinstance(found, dict if signature == "meta" else dict | list):
        raise Refused(400, "The body must be a JSON object or a list of them.")
    return found


def _same(told: str, known: str) -> bool:
    return hmac.compare_digest(told.encode(), known.encode())
