"""Ids that hold an account's name, sealed: the same id always gives the same seal, and only who has the key can open it.

Bluesky's ids of posts begin with the id of the account. Stored as they are, they would name the author of each post, and of
each post that it answers, wherever an id goes: into alerts, quarantine, and the record of what was erased. A keyed hash would
hide them too, but could not be turned back to look a post up again without a table of all of them; sealed ids need no such
table, so there is none to be erased. The key is a secret of its own, beside the salt of pseudonyms and like it in one place.

Deterministic authenticated encryption: AES-SIV, RFC 5297.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets

from pipelines.records import Query
from pipelines.settings import secret
from warehouse.links import kept_secret

_PURPOSE = [b"earshot native id"]


class Sealer:
    """Seals texts with one key.

    >>> sealer = Sealer("secret")
    >>> sealer.open(sealer.seal("did:plc:abc/3k2")), sealer.seal("a") == sealer.seal("a")
    ('did:plc:abc/3k2', True)
    """

    def __init__(self, key: str) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESSIV

        self._cipher = AESSIV(hashlib.sha512(key.encode()).digest())

    def seal(self, text: str) -> str:
        """`text` as letters, digits, - and _; 22 characters longer than a third more."""
        return base64.urlsafe_b64encode(self._cipher.encrypt(text.encode(), _PURPOSE)).decode().rstrip("=")

    def open(self, sealed: str) -> str:
        """What was sealed.

        Raises:
            ValueError: it was sealed with another key, or is no seal.
        """
        from cryptography.exceptions import InvalidTag

        try:
            data = base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))
            return self._cipher.decrypt(data, _PURPOSE).decode()
        except (InvalidTag, binascii.Error, ValueError, UnicodeError):
            raise ValueError("it was sealed with another key") from None


def sealer_of(source: str, key: str, query: Query) -> Sealer:
    """The sealer of a source: with the key referred to, or one that is made once and kept in the storage folder.

    Raises:
        ConfigError: the reference points at nothing.
    """
    if key:
        return Sealer(secret(key))
    return Sealer(kept_secret(query.state / f"{source}.key") if query.state else secrets.token_hex(32))
