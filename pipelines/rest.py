"""JSON over HTTP for platforms without a maintained client library: one request at a time, errors as our own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any

from pipelines.asking import Asker, Asking
from pipelines.errors import SourceUnavailable
from pipelines.fetching import client
from pipelines.records import Query


class Rest:
    """Requests of one collection to one platform. Use it as a context manager.

    Args:
        headers: sent with each request; keys belong here and never into an address.
        check: looks at each answer (status below 400) and raises what an error in it means.
    """

    def __init__(
        self, source: Asker, query: Query, base_url: str, headers: Mapping[str, str], *,
        check: Callable[[dict[str, Any]], None] = lambda answer: None,
    ) -> None:
        self._ask, self._base, self._check = Asking(source, query), base_url.rstrip("/"), check
        self._where = f"[sources.{source.name}]"
        self._http = client()
        self._http.headers.update(headers)

    def __enter__(self) -> Rest:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._http.close()

    @property
    def is_spent(self) -> bool:
        """Is the budget of this collection used up?"""
        return self._ask.is_spent

    def get(self, path: str, **params: Any) -> dict[str, Any]:
        """The object at a path; parameters that are None are left out.

        Raises:
            SourceError: as `Asking` says; SourceUnavailable also where it is no object.
        """
        found = self.find(path, **params)
        if found is None:
            raise SourceUnavailable(f"{self._where}: answered with status 404; check the ids and the address.", is_passing=False)
        return found

    def find(self, path: str, **params: Any) -> dict[str, Any] | None:
        """As `get`, but None where there is nothing (status 404 or 410)."""
        asked = {name: value for name, value in params.items() if value is not None}
        return self._ask(lambda: self._send(path, asked))

    def _send(self, path: str, params: dict[str, Any]) -> dict[str, Any] | None:
        response = self._http.get(f"{self._base}/{path.lstrip('/')}", params=params)
        if response.status_code in (404, 410):
            return None
        response.raise_for_status()
        found = response.json()
        if not isinstance(found, dict):
            raise self.unreadable()
        self._check(found)
        return found

    def items(self, found: Any, *path: str) -> list[Any]:
        """The list at a path within an answer.

        Raises:
            SourceUnavailable: there is none.
        """
        for name in path:
            found = found.get(name) if isinstance(found, dict) else None
        if not isinstance(found, list):
            raise self.unreadable()
        return found

    def unreadable(self) -> SourceUnavailable:
        """What an answer of another shape than documented is."""
        return SourceUnavailable(f"{self._where}: the answer is not what the platform documents; it is asked again later.")
