"""Carries out a person's request to be forgotten: finds what it is about, writes it down, erases it.

A request that matches nothing is refused, so that nobody is told that they were forgotten over a typing error. The request is
written down first: whoever is killed afterwards has it finished by the next run of `erase`, or by asking again.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import duckdb

from pipelines import aggregate, copies, erase, forgotten, publish
from pipelines.errors import InputError
from pipelines.landing import Landing
from pipelines.privacy import Pseudonymiser
from pipelines.settings import Settings
from pipelines.store import open_warehouse, warehouse_path
from warehouse.snapshot import current_path


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be forgotten.

    Attributes:
        what: in words.
        authors: pseudonyms.
        names: as an author may be written in rejected rows.
        mentions: ids.
        is_known: it has been asked for before.
    """

    what: str
    authors: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    mentions: tuple[uuid.UUID, ...] = ()
    is_known: bool = False


def author(settings: Settings, name: str, channel: str) -> Request:
    """Everything that an account wrote on a channel.

    Args:
        name: the account as the platform writes it, with or without @, in any case; or its id there.
        channel: such as x or youtube.

    Raises:
        InputError: nothing of it is stored, and it was not forgotten before.
    """
    pseudonym, landing = Pseudonymiser(settings.salt).author_id(channel, name), Landing(settings.storage)
    is_known = bool(pseudonym) and forgotten.digest(pseudonym) in forgotten.read(landing).authors
    with _opened(settings) as warehouse:
        if not is_known and not (pseudonym and copies.is_author(warehouse, landing, pseudonym, name)):
            rows = warehouse.execute("SELECT DISTINCT channel FROM mentions ORDER BY 1").fetchall()
            there = ", ".join(str(found) for (found,) in rows) or "none yet"
            raise InputError(
                f"nothing by {name!r} is stored of the channel {channel!r} (there are: {there}): give the account as the "
                "platform writes it, or its id where the platform tells authors apart by ids, as X does."
            )
    return Request(f"{name} on {channel}", authors=(pseudonym,), names=(name.strip().lstrip("@"),), is_known=is_known)


def mention(settings: Settings, key: str) -> Request:
    """One mention.

    Args:
        key: its id as pages show it, or the platform's own.

    Raises:
        InputError: there is none, or several sources have it.
    """
    landing = Landing(settings.storage)
    with _opened(settings) as warehouse:
        rows = warehouse.execute(
            "SELECT mention_id, source FROM mentions WHERE native_id = $key OR mention_id = try_cast($key AS UUID) ORDER BY 2",
            {"key": key.strip()},
        ).fetchall()
    if not rows:
        raise InputError(f"there is no mention {key!r}: give its id as the pages show it, or the platform's own.")
    if len(rows) > 1:
        listed = ", ".join(f"{identity} ({source})" for identity, source in rows)
        raise InputError(f"{key!r} is a mention of {len(rows)} sources; give one of these ids: {listed}.")
    identity = uuid.UUID(str(rows[0][0]))
    known = identity in forgotten.read(landing).mentions
    return Request(f"the mention {identity} of {rows[0][1]}", mentions=(identity,), is_known=known)


def carry_out(settings: Settings, request: Request, *, now: datetime) -> erase.Erased:
    """Write the request down, erase, and publish where there are pages.

    Raises:
        WarehouseError: the warehouse is taken for too long; the request stands, and the next `erase` carries it out.
    """
    forgotten.add(Landing(settings.storage), authors=request.authors, mentions=request.mentions, now=now)
    erased = erase.run(settings, now=now, names=request.names)
    if current_path(settings.storage) is not None:
        aggregate.run(settings, now=now)
        publish.run(settings, now=now)
    return erased


@contextmanager
def _opened(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    if not warehouse_path(settings).exists():
        raise InputError(f"{settings.storage}: nothing is stored here yet; is it the right earshot.toml?")
    with open_warehouse(settings) as warehouse:
        yield warehouse
