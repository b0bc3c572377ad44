"""Google's interfaces through google-api-python-client: clients from documents that lie here, tokens, what errors mean.

The client sends requests through `Http`, which sends each exactly once, with our name and time limit. Keys and tokens travel
in headers, never in an address. Access tokens are asked for by us, since google-auth would try again by itself, unpaced.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from typing import Any, TypeVar

from pipelines.asking import Asker, Asking
from pipelines.errors import AuthFailed, ConfigError, RateLimited, SourceError, SourceUnavailable
from pipelines.fetching import by_status, session
from pipelines.records import Query

T = TypeVar("T")
TOKENS = "https://oauth2.googleapis.com/token"
_ONCE_A_DAY = frozenset({"quotaExceeded", "dailyLimitExceeded"})
_TOO_FAST = frozenset({"rateLimitExceeded", "userRateLimitExceeded", "RATE_LIMIT_EXCEEDED", "RESOURCE_EXHAUSTED"})
_USED_UP, _FAST = 3600.0, 60.0  # seconds until it is worth asking again
_LIFE = 3600  # seconds for which an assertion holds


class Http:
    """What googleapiclient takes for an httplib2.Http."""

    def __init__(self, base_url: str, headers: dict[str, str] | None = None) -> None:
        self.headers = headers or {}
        self._session = session(base_url)

    def request(
        self, uri: str, method: str = "GET", body: Any = None, headers: dict[str, str] | None = None, **_: Any
    ) -> tuple[Any, bytes]:
        """Status and headers as httplib2 gives them, and the content."""
        import httplib2

        sent = (headers or {}) | self.headers
        response = self._session.request(method, uri, data=body or None, headers=sent, allow_redirects=False)
        found = {name.lower(): value for name, value in response.headers.items()}
        return httplib2.Response(found | {"status": str(response.status_code)}), response.content


def service(name: str, version: str, http: Http, base_url: str) -> Any:
    """The client of an interface whose description comes with the library."""
    from googleapiclient.discovery import build

    _quiet()
    options = {"api_endpoint": base_url.rstrip("/") + "/"}
    return build(name, version, http=http, static_discovery=True, cache_discovery=False, client_options=options)


def described(document: dict[str, Any], http: Http, base_url: str) -> Any:
    """The client of an interface whose description is `document`."""
    from googleapiclient.discovery import build_from_document

    _quiet()
    return build_from_document(document, http=http, client_options={"api_endpoint": base_url.rstrip("/") + "/"})


def _quiet() -> None:
    for name in ("googleapiclient", "google", "urllib3"):
        logging.getLogger(name).setLevel(logging.INFO)  # below that they log addresses


def authorised(source: Asker, query: Query, http: Http, give: Callable[[], str]) -> Asking:
    """Paced requests with an access token, of which `give` gets a new one by one request, now and when it is refused."""
    means = meaning(f"[sources.{source.name}]")
    tokens = Asking(source, query, means)

    def renew() -> None:
        http.headers["Authorization"] = f"Bearer {tokens(give)}"

    renew()
    return Asking(source, query, means, renew=renew)


def meaning(where: str) -> Callable[[Exception], SourceError | None]:
    """What errors of the client mean: that a quota is used up comes as a refusal."""

    def of(error: Exception) -> SourceError | None:
        from googleapiclient.errors import HttpError

        if not isinstance(error, HttpError):
            return None
        told = reasons(error)
        if told & _ONCE_A_DAY:
            return RateLimited(f"{where}: the quota of today is used up at Google.", retry_after=_USED_UP, is_told=True)
        if told & _TOO_FAST and error.resp.status == 403:
            return RateLimited(f"{where}: too many requests in a short time.", retry_after=_FAST)
        return by_status(where, error.resp.status, error.resp)

    return of


def reasons(error: Any) -> set[str]:
    """Why Google refuses, in its own words: such as commentsDisabled."""
    try:
        found = json.loads(error.content)["error"]
        return {str(e.get("reason")) for e in [*found.get("errors", ()), *found.get("details", ())]} | {str(found.get("status"))}
    except (ValueError, KeyError, TypeError, AttributeError):
        return set()


def present(request: Callable[[], T]) -> T | None:
    """What a request gives, None where there is nothing of the id that it names (404)."""
    from googleapiclient.errors import HttpError

    try:
        return request()
    except HttpError as error:
        if error.resp.status == 404:
            return None
        raise


class ServiceAccount:
    """Access tokens of a service account, by its key file."""

    def __init__(self, where: str, key: str, scope: str) -> None:
        from google.auth.crypt import RSASigner

        try:
            self._info = json.loads(key)
            self._signer = RSASigner.from_service_account_info(self._info)
            self._email, self._uri = str(self._info["client_email"]), str(self._info.get("token_uri") or TOKENS)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise ConfigError(f"{where}: the key is not the JSON key file of a service account.") from None
        self._where, self._scope = where, scope

    def token(self) -> str:
        """A new access token, by one request; it holds by Google's clock, which is the real one.

        Raises:
            SourceError: Google gives none.
        """
        from google.auth import jwt

        now = int(time.time())
        claims = {"iss": self._email, "scope": self._scope, "aud": self._uri, "iat": now, "exp": now + _LIFE}
        assertion = jwt.encode(self._signer, claims).decode()
        grant = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}
        return _token(self._where, self._uri, grant)


def refreshed(where: str, uri: str, *, client_id: str, client_secret: str, refresh_token: str) -> str:
    """A new access token for a user who has granted one, by one request.

    Raises:
        SourceError: Google gives none.
    """
    grant = {"client_id": client_id, "client_secret": client_secret, "refresh_token": refresh_token}
    return _token(where, uri, {"grant_type": "refresh_token", **grant})


def _token(where: str, uri: str, grant: dict[str, str]) -> str:
    response = session(uri).post(uri, data=grant, allow_redirects=False)
    if response.status_code in (400, 401, 403):  # 400: invalid_grant, revoked or expired
        raise AuthFailed(f"{where}: Google gives no access token ({response.status_code}); check the credentials.")
    if response.status_code >= 300:
        raise by_status(where, max(response.status_code, 400), response.headers)
    found = response.json()
    if not isinstance(found, dict) or not isinstance(found.get("access_token"), str):
        raise SourceUnavailable(f"{where}: the answer holds no access token; it is asked again later.")
    return str(found["access_token"])
