"""Links that allow something: a claim and an end, signed. Whoever has one may act on one incident until it ends.

    <claims, base64url>.<first 16 bytes of HMAC-SHA256 over them, base64url>

The secret is shared by the line, which signs, and the pages, which check: an environment variable, or a file in the storage
folder that whoever comes first makes.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hmac
import json
import os
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

VARIABLE = "EARSHOT_LINK_SECRET"
_BYTES = 16
_LONGEST = 600


class BadLink(ValueError):
    """The link was not made by us, was changed, or has ended; says which."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What a link allows: to act on `incident_id`, until `ends_at`. `notifier` carried it."""

    incident_id: str
    notifier: str
    ends_at: datetime


def sign(secret: str, claim: Claim) -> str:
    """The claim as a token that fits into an address."""
    body = json.dumps([claim.incident_id, claim.notifier, int(claim.ends_at.timestamp())], separators=(",", ":"))
    head = _encode(body.encode())
    return f"{head}.{_encode(_mac(secret, 'link', head))}"


def read(secret: str, token: str, now: datetime) -> Claim:
    """The claim of a token.

    Raises:
        BadLink: it is not ours, or it has ended.
    """
    head, _, mac = token.partition(".")
    if len(token) > _LONGEST or not hmac.compare_digest(mac.encode(), _encode(_mac(secret, "link", head)).encode()):
        raise BadLink("This link is not whole: copy it again from the message.")
    try:
        incident_id, notifier, end = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
        claim = Claim(str(incident_id), str(notifier), datetime.fromtimestamp(int(end), UTC))
    except (ValueError, TypeError, binascii.Error):
        raise BadLink("This link is not whole: copy it again from the message.") from None
    if claim.ends_at <= now:
        raise BadLink("This link has ended: open the crisis page and act there.")
    return claim


def ticket(secret: str, cookie: str) -> str:
    """What a form must send beside its cookie; only our own pages can read it, since a stranger knows neither."""
    return _encode(_mac(secret, "form", cookie))


def stored_secret(storage: Path, name: str = "link-secret") -> str:
    """The secret of the environment, or the one in the storage folder, made where there is none."""
    given = os.environ.get(VARIABLE)
    return given if given else kept_secret(storage / name)


def kept_secret(path: Path) -> str:
    """The secret in a file that only its owner can read; the first who asks makes it."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        fresh.touch(mode=0o600)
        fresh.write_text(secrets.token_hex(32), encoding="utf-8")
        with contextlib.suppress(FileExistsError):  # another process was first: its secret counts
            os.link(fresh, path)
        fresh.unlink()
    return path.read_text(encoding="utf-8").strip()


def _mac(secret: str, purpose: str, text: str) -> bytes:
    return hmac.digest(secret.encode(), f"{purpose}:{text}".encode(), "sha256")[:_BYTES]


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
