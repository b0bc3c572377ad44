"""Cells as mentions: any window, in order of the blocks in which conversations began."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import cycle
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.records import Media, Mention, Property, Window
from pipelines.simulation import people
from pipelines.simulation.labels import label_of
from pipelines.simulation.messages import TEXT, Row
from pipelines.simulation.threads import (
    AGENT,
    AGENT2,
    AUTO,
    COPY,
    DELETE,
    EDIT,
    FIRST_REPOST,
    OWN,
    OWN_ROOT,
    PEER,
    REPOST,
    ROOT,
    Cell,
    cell,
)
from pipelines.simulation.truth import Label
from pipelines.simulation.vocabulary import CHANNELS, FLAG, LANGUAGES
from pipelines.simulation.world import AIRLINES, HOUR, KEYS, LOOKBACK_HOURS, World, script

SOURCE = "sample"
DRAWS = 44  # random numbers for one text; a text that needs more begins again with the first
_BATCH = 4096
_X_FIRST = 1_900_000_000_000_000_000
_PREFIX = ("", "fb_", "ig_", "sc_", "yt_", "t1_", "post-", "rev_")
_PLACES: tuple[Property, ...] = ("own", "addressed", "independent")
_KINDS = {1: "comment", 2: "comment", 4: "comment", 6: "post", 7: "review"}
_IMAGE_ONLY, _IRRELEVANT = FLAG["image_only"], FLAG["irrelevant"]
fromtimestamp = datetime.fromtimestamp


def pairs(
    world: World, window: Window, brands: frozenset[str] | None = None, source: str = SOURCE
) -> Iterator[tuple[Mention, Label]]:
    """Every mention observed in the window, with its label, each exactly once however windows are cut."""
    for row in rows(world, window, brands):
        yield mention_of(row, source), label_of(row, native_id(row))


def mentions(world: World, window: Window, brands: frozenset[str] | None = None, source: str = SOURCE) -> Iterator[Mention]:
    """Every mention observed in the window: what `pairs` gives, without labels."""
    for row in rows(world, window, brands):
        yield mention_of(row, source)


def rows(world: World, window: Window, brands: frozenset[str] | None = None) -> Iterator[Row]:
    """What is observed in the window, not yet written out; memory holds a few cells."""
    first = int(np.ceil((window.start - world.start).total_seconds()))
    end = min(int(np.ceil((window.end - world.start).total_seconds())), world.hours * HOUR)
    wide = world.block_hours * HOUR
    for block in range(max((first - LOOKBACK_HOURS * HOUR) // wide, 0), max(-(-end // wide), 0)):
        for brand, key in enumerate(KEYS):
            if brands is None or key in brands:
                one = cell(world, brand, block)
                low, high = np.searchsorted(one.at, (first, end))
                for begin in range(low, high, _BATCH):
                    yield from _cell_rows(world, one, np.arange(begin, min(begin + _BATCH, high)))


def count(world: World) -> int:
    """How many observations the whole span has."""
    return sum(len(cell(world, brand, block).at) for block in range(world.blocks) for brand in range(len(AIRLINES)))


def find(world: World, wanted: str) -> Label | None:
    """The label of the mention with this native id, as first written; None if there is none."""
    try:
        prefix = next((p for p in _PREFIX if p and wanted.startswith(p)), "")
        number = int(wanted[len(prefix) :], 16) if prefix else int(wanted) - _X_FIRST
    except ValueError:
        return None
    place, root, ordinal = number >> 32, number >> 10 & (1 << 22) - 1, number & 1023
    if number < 0 or place >= world.blocks * len(AIRLINES):
        return None
    one = cell(world, place % len(AIRLINES), place // len(AIRLINES))
    found = np.flatnonzero((one.root == root) & (one.ordinal == ordinal) & (one.kind != EDIT) & (one.kind != DELETE))
    for row in _cell_rows(world, one, found):
        if native_id(row) == wanted:
            return label_of(row, wanted)
    return None


def _hashed(seeds: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """SplitMix64's mixing step: random bits that depend on the input alone."""
    z = seeds
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


_STEPS = np.arange(1, DRAWS + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)


def _cell_rows(world: World, one: Cell, chosen: NDArray[np.int64]) -> Iterator[Row]:
    """The chosen observations of a cell, each with its facts and its own random numbers."""
    kinds, roots, ordinals = one.kind[chosen], one.root[chosen].astype(np.int64), one.ordinal[chosen].astype(np.int64)
    is_own = kinds == OWN
    at_root = np.where(is_own, 0, roots)
    r = one.roots
    if len(r.at) == 0:
        r_columns: list[list[Any]] = [[0] * len(chosen) for _ in range(12)]
        base = np.zeros(len(chosen), np.uint64)
    else:
        r_columns = [np.asarray(c)[at_root].tolist() for c in (
            r.at, r.seed, r.channel, r.place, r.story, r.language, r.sentiment, r.topic, r.flags, r.episode, r.author, r.follow,
        )]  # fmt: skip
        base = r.seed[at_root]
    own_seed = np.uint64(world.seed) * np.uint64(7919) + np.uint64((one.block << 2 | one.brand) << 24) + roots.astype(np.uint64)
    base = np.where(is_own, _hashed(own_seed), base)
    # A repost, a near-copy and an edit repeat the first message: the same numbers give the same words.
    same = (kinds == REPOST) | (kinds == COPY) | (kinds == EDIT) | (kinds == ROOT)
    event = _hashed(
        base
        + (ordinals.astype(np.uint64) * np.uint64(64) + kinds.astype(np.uint64) + np.uint64(1)) * np.uint64(0xA24BAED4963EE407)
    )
    text_seed = np.where(same, base, event)
    draws = (_hashed(text_seed[:, None] + _STEPS) >> np.uint64(34)).tolist()
    scripted, epoch = script(world), world.epoch
    own = (one.at[chosen], kinds, roots, ordinals, one.author[chosen], base, event)
    columns = zip(*(c.tolist() for c in own), draws, *r_columns, strict=True)
    for at, kind, root, ordinal, author, seed, luck, numbers, root_at, _, *rest in columns:
        row = Row(
            epoch, one.brand, one.block, at, kind, root, ordinal, author, seed, luck, cycle(numbers).__next__, root_at, *rest
        )
        row.event = scripted[row.episode].kind if row.episode >= 0 else ""
        if kind == OWN:
            _own(row, scripted)
        yield row


def _own(row: Row, scripted: tuple[Any, ...]) -> None:
    code = row.root - OWN_ROOT
    row.channel, occasion = code & 7, code >> 3 & 15
    row.place, row.story, row.language, row.flags, row.author = 0, False, 0, 0, -1
    row.root_at, row.episode = row.at, occasion - 1
    row.event = scripted[occasion - 1].kind if occasion else ""


def native_id(row: Row) -> str:
    """The made-up platform's id: digits on X, letters and digits elsewhere."""
    return _id(row.channel, (row.block * len(AIRLINES) + row.brand) << 32 | row.root << 10 | row.ordinal)


def _id(channel: int, number: int) -> str:
    return str(_X_FIRST + number) if channel == 0 else f"{_PREFIX[channel]}{number:x}"


def _media(seed: int) -> tuple[Media, ...]:
    name = f"https://sample.invalid/media/{seed:x}"
    return (Media(type="video", url=name + ".mp4") if seed % 4 == 0 else Media(type="image", url=name + ".jpg"),)


_FANS = (True, False, True, False, True, False, False, False)  # channels that tell how many follow somebody
_ROLE: dict[int, tuple[bool, bool, bool]] = {  # by the airline itself, outside any conversation, first message
    ROOT: (False, False, True),
    EDIT: (False, False, True),
    DELETE: (False, False, True),
    COPY: (False, True, False),
    REPOST: (False, True, False),
    OWN: (True, True, False),
    AUTO: (True, False, False),
    AGENT: (True, False, False),
    AGENT2: (True, False, False),
}
_CUSTOMER = (False, False, False)


def mention_of(row: Row, source: str) -> Mention:
    """The row written out."""
    kind, place = row.kind, row.channel
    ours, alone, first = _ROLE.get(kind, _CUSTOMER)
    channel, airline, gone = CHANNELS.names[place], AIRLINES[row.brand], kind == DELETE
    number = (row.block * len(AIRLINES) + row.brand) << 32 | row.root << 10
    me = _id(place, number | row.ordinal)
    parent = None if alone or first else _id(place, number)
    observed = fromtimestamp(row.epoch + row.at, UTC)
    fans: int | None
    if ours:
        author, name, fans = airline.handle if kind == OWN else airline.care, airline.name, 180_000 + 7000 * row.brand
    else:
        author, name, fans = people.person(row.other if row.other >= 0 else row.author)
    fans = fans if _FANS[place] else None
    engagement, reach = _counts(row, fans, ours)
    return Mention(
        source=source,
        native_id=me,
        channel=channel,
        text="" if gone else TEXT[kind](row),
        observed_at=observed,
        published_at=fromtimestamp(row.epoch + row.root_at, UTC) if first else observed,
        kind=_kind(row),
        property=_PLACES[2 if kind in (COPY, REPOST) else row.place],
        is_own=ours,
        is_automatic=kind == AUTO,
        brand=None if row.flags & _IRRELEVANT else airline.key,
        author_id=author,
        author_name=name,
        author_followers=fans,
        language=LANGUAGES[row.language] if place in (0, 4) else None,
        url=f"https://sample.invalid/{channel}/{me}",
        thread_id=me if first else parent,
        in_reply_to=parent,
        rating=_stars(row) if place == 7 and first else None,
        engagement=engagement,
        reach=reach,
        expires_at=fromtimestamp(row.epoch + row.root_at + 24 * HOUR, UTC) if row.story and first else None,
        deleted_at=observed if gone else None,
        media=_media(row.seed >> 40) if first and not gone and _has_picture(row, place) else (),
    )


def _has_picture(row: Row, place: int) -> bool:
    return bool(row.story or row.flags & _IMAGE_ONLY or (row.seed % 23 == 0 and place < 5))


def _kind(row: Row) -> Any:
    if row.kind in (ROOT, EDIT, DELETE):
        return "story" if row.story else _KINDS.get(row.channel, "post")
    if row.kind == REPOST:
        return "repost"
    return "post" if row.kind in (COPY, OWN) else "reply"


def _stars(row: Row) -> float:
    low, spread = ((1, 2), (3, 1), (4, 2))[row.sentiment]
    stars = low + (row.seed >> 33) % (spread + 1)
    return float(min(5, stars if row.sentiment != 0 or row.seed & 1 else 1))


def _counts(row: Row, fans: int | None, ours: bool) -> tuple[int | None, int | None]:
    """Engagement as the platform counts it and an upper bound of reach; None where the platform tells nothing."""
    luck = (row.luck >> 11 & 0xFFFF) / 65536
    if row.channel in (3, 6) or row.kind in (AUTO, DELETE):
        return None, None
    if row.kind == REPOST or row.ordinal >= FIRST_REPOST:
        return 0, int((fans or 0) * (0.2 + 0.5 * luck))
    base = 60.0 if row.kind == OWN else 3.0 if ours or row.kind == PEER else 1.0 + (fans or 200) ** 0.45 * 0.22
    engagement = int(base * (luck**3) * (4 if row.event == "storm" else 2))
    reach = None if fans is None else int(fans * (0.1 + 0.6 * luck)) + engagement * 9
    return engagement, reach


__all__ = ["count", "find", "mention_of", "mentions", "native_id", "pairs", "rows"]
