"""What Google's interfaces share: access tokens that expire, and errors."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth import jwt

from tests.platforms.base import SECRET, Answer, Base, Request

_TOKEN_LIFE = 60  # requests


@lru_cache(maxsize=1)
def _key() -> tuple[str, str]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption(),
    ).decode()
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private, public.decode()


def service_account(url: str) -> str:
    """A key file whose tokens come from `url`."""
    found = {"type": "service_account", "client_email": "e@p.iam.gserviceaccount.com", "private_key_id": SECRET}
    return json.dumps(found | {"private_key": _key()[0], "token_uri": f"{url}/token"})


def is_signed(assertion: str, url: str) -> bool:
    claims: dict[str, Any] = jwt.decode(assertion, certs={SECRET: _key()[1]}, audience=f"{url}/token")
    return claims["iss"] == "e@p.iam.gserviceaccount.com"


def refused(status: int, reason: str) -> Answer:
    error = {"code": status, "message": "refused", "status": reason, "errors": [{"message": "refused", "reason": reason}]}
    return Answer({"error": error}, status)


class GoogleBase(Base):
    """A platform with access tokens that hold for so many requests."""

    def __init__(self, seed: int = 0, **options: Any) -> None:
        super().__init__(seed, **options)
        self._tokens = self._uses = 0
        self._is_faulty = False

    def _fault(self, key: str) -> str:
        fault = super()._fault(key)
        self._is_faulty = bool(fault)
        return fault

    def grants(self, request: Request) -> bool:
        """Is this a request for a token that is to be given?"""
        raise NotImplementedError

    def data(self, request: Request) -> Answer:
        """The answer to a request with a token that holds."""
        raise NotImplementedError

    def answer(self, request: Request) -> Answer:
        if request.path == "/token":
            if not self.grants(request):
                return Answer({"error": "invalid_grant"}, 400)
            self._tokens, self._uses = self._tokens + 1, 0
            return Answer({"access_token": f"{SECRET}{self._tokens}", "expires_in": 3599, "token_type": "Bearer"})
        self._uses += 1
        if request.headers.get("authorization") != f"Bearer {SECRET}{self._tokens}" or self._uses > _TOKEN_LIFE:
            self.overhead += 0 if self._is_faulty else 2  # it, and asking for a token in the same words as before
            return refused(401, "UNAUTHENTICATED")
        return self.data(request)
