"""A row of a file becomes a mention, or is rejected with a reason. Never an exception, never half a row."""

from __future__ import annotations

import hashlib
import json
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple, cast, get_args

from pipelines.mapping import Mapping
from pipelines.records import Brand, Kind, Media, Mention, Property, Rejected, Visibility
from pipelines.rejecting import kept, kept_columns, shape
from pipelines.times import Dates, shown

TEXT_LIMIT = 100_000  # characters
FIELD_LIMIT = 4_000  # characters of any other field
_LONG = 2**63 - 1
_AUTHOR = ("id_str", "id", "screen_name", "username", "handle", "name")  # of an author that is an object
_SHAPES = 1_000  # sets of columns that are remembered
_YES = {"true", "t", "yes", "y", "1"}
_NEVER = {  # how exports write that something has no date
    "", "nan", "nat", "null", "none", "nil", "na", "n/a", "<na>", "\\n", "no", "n", "f", "false", "0",
}
_ZERO_DATE = "0000-00-00"
_ALLOWED: dict[str, frozenset[str]] = {
    "kind": frozenset(get_args(Kind)), "property": frozenset(get_args(Property)), "visibility": frozenset(get_args(Visibility)),
}
_MEDIA = frozenset(("image", "video", "audio", "link"))
_DUMP = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str).encode


class Row(NamedTuple):
    """One row as a reader found it: its values, or what is wrong with it."""

    line: int  # 1-based
    raw: bytes  # as it stands in the file; made up as JSON where the file is binary
    values: dict[str, Any]
    problem: str | None = None


class Unusable(Exception):
    """This row cannot be a mention; the message is the reason."""


def mapper_of(
    mapping: Mapping, *, source: str, file: str, now: datetime, brands: Sequence[Brand] = (), seen: dict[bytes, int] | None = None
) -> Callable[[Row], Mention | Rejected]:
    """What turns the rows of one file into mentions.

    Where the mapping names no columns, each row is read by the names of its own: what a row becomes never depends on the
    rows around it, so that parts of a file give what the whole gives.
    """
    counter: Counter[bytes] = Counter(seen or {})

    def make(found: Mapping) -> Mapper:
        return Mapper(found, source=source, file=file, now=now, brands=brands, seen=counter)

    if not mapping.is_guessed:
        return make(mapping)
    shapes: dict[tuple[str, ...], Mapper] = {}

    def read(row: Row) -> Mention | Rejected:
        shape = tuple(row.values)
        mapper = shapes.get(shape)
        if mapper is None:
            if len(shapes) >= _SHAPES:
                shapes.clear()
            mapper = shapes[shape] = make(mapping.guessed(shape))
        return mapper(row)

    return read


class Mapper:
    """Turns rows of one file into mentions of one source.

    Args:
        mapping: names the columns.
        source: name of the source.
        file: how rejected rows name the file.
        now: dates far after it are wrong.
        brands: what their accounts wrote is their own.
        seen: for rows without an id, how many identical ones came before; goes on counting.
    """

    def __init__(
        self, mapping: Mapping, *, source: str, file: str, now: datetime, brands: Sequence[Brand] = (),
        seen: Counter[bytes],
    ) -> None:
        self._source, self._file = source, file
        self._columns, self._constants = mapping.columns, mapping.constants
        dates = mapping.dates
        formats = [dates.format] if isinstance(dates.format, str) else dates.format or []
        self._date = Dates(now=now, formats=formats, day_first=dates.day_first, zone=dates.timezone)
        self._get: dict[str, Callable[[dict[str, Any]], Any]] = {
            field: _getter(column) for field, column in mapping.columns if isinstance(column, str)
        }
        self._texts = [_getter(c) for c in _as_list(mapping.columns.text)]
        self._counted = [_getter(c) for c in _as_list(mapping.columns.engagement)]
        self._translate = {field: {k.casefold(): v for k, v in pairs.items()} for field, pairs in mapping.values.items()}
        self._kept = [(column, _getter(column)) for column in kept_columns(mapping.columns)]
        self._own_column = _getter(mapping.own.column) if mapping.own.column else None
        self._own_values = {_plain(v) for v in mapping.own.values}
        self._accounts: dict[str, str | None] = {h.casefold(): b.key for b in brands for h in b.handles}
        self._accounts |= {a.lstrip("@").casefold(): None for a in mapping.own.authors}
        self._seen = seen
        short, listed, count = self._short, self._one_of, self._count
        readers: dict[str, Callable[[str, Any], Any]] = {
            "id": short, "thread_id": short, "in_reply_to": short, "url": short, "author_name": short, "author": self._author,
            "channel": listed, "kind": listed, "property": listed, "visibility": listed, "language": listed,
            "brand": self._brand, "is_own": self._flag, "is_automatic": self._flag, "author_followers": count, "reach": count,
            "rating": self._rating, "weight": self._weight, "expires_at": lambda _, value: self._date(value)[0],
        }
        self._fields = [(field, self._get[field], read) for field, read in readers.items() if field in self._get]

    def __call__(self, row: Row) -> Mention | Rejected:
        """The mention of a row, or why it is none."""
        problem = row.problem
        if problem is None:
            try:
                return self._mention(row)
            except Unusable as reason:
                problem, raw = str(reason), kept(self._kept, row.values)
        else:
            raw = shape(row.raw)
        return Rejected(source=self._source, file=self._file, line=row.line, reason=problem, raw=raw)

    def _mention(self, row: Row) -> Mention:
        values = row.values
        if b"\0" in row.raw or (b"\\u0000" in row.raw and _holds_nul(values)):
            raise Unusable("holds a NUL character")
        if b"\\ud" in row.raw or b"\\uD" in row.raw:
            _check_halves(values)
        published, note = self._when("published_at", values)
        observed, _ = self._when("observed_at", values)
        deleted = self._deleted(values, observed or published)
        text = "" if deleted else self._text(values)
        media = () if deleted else self._media(values)
        if not text and not media and not deleted:
            raise Unusable("text is missing")
        found = {field: read(field, get(values)) for field, get, read in self._fields}
        author, reply_to = found.get("author"), found.get("in_reply_to")
        native_id = found.get("id") or self._row_id(row)
        account = (author or "").lstrip("@").casefold()
        is_own = account in self._accounts or self._own(values, found)
        constants = self._constants
        kind = found.get("kind") or constants.kind or ("reply" if reply_to else "post")
        return Mention(
            source=self._source, native_id=native_id, channel=found.get("channel") or constants.channel, text=text,
            published_at=published, observed_at=observed or deleted, time_note=note, kind=cast(Kind, kind),
            property=found.get("property") or ("own" if is_own and not reply_to else constants.property),
            visibility=found.get("visibility") or constants.visibility, is_own=is_own,
            is_automatic=found.get("is_automatic", False),
            brand=found.get("brand") or constants.brand or self._accounts.get(account), author_id=author,
            author_name=found.get("author_name"), author_followers=found.get("author_followers"),
            language=found.get("language") or constants.language, url=found.get("url"),
            # a reply joins the thread of what it answers when it is loaded; anything else opens its own
            thread_id=found.get("thread_id") or (None if reply_to else native_id), in_reply_to=reply_to,
            rating=found.get("rating"), engagement=self._engagement(values), reach=found.get("reach"),
            weight=found.get("weight"),
            expires_at=found.get("expires_at"), deleted_at=deleted, media=media,
        )

    def _text(self, values: dict[str, Any]) -> str:
        parts = []
        for get in self._texts:
            value = get(values)
            if value is None:
                continue
            if not isinstance(value, str):
                raise Unusable(f"text is {_type(value)}, not text")
            if value.strip():
                parts.append(value)
        text = "\n\n".join(parts)
        if len(text) > TEXT_LIMIT:
            raise Unusable(f"text has {len(text):,} characters, more than {TEXT_LIMIT:,}")
        return text

    def _short(self, field: str, value: Any) -> str | None:
        """Ids, links, names: text or a whole number."""
        if value is None or value == "":
            return None
        if isinstance(value, str):
            if len(value) > FIELD_LIMIT:
                raise Unusable(f"{field} has {len(value):,} characters, more than {FIELD_LIMIT:,}")
            return value.strip() or None
        if isinstance(value, bool):
            raise Unusable(f"{field} is {_type(value)}, not text")
        if isinstance(value, int):
            return str(value) if abs(value) < 10**40 else _too_long(field)
        if isinstance(value, float):
            return _whole(value, field)
        raise Unusable(f"{field} is {_type(value)}, not text")

    def _author(self, field: str, value: Any) -> str | None:
        """Id or handle; of an author given as an object, the first of its names that is there."""
        if isinstance(value, dict):
            return next((str(value[k]) for k in _AUTHOR if isinstance(value.get(k), str | int)), None)
        return self._short(field, value)

    def _when(self, field: str, values: dict[str, Any]) -> tuple[datetime | None, str | None]:
        get = self._get.get(field)
        return self._date(get(values)) if get else (None, "the file has no column for it")

    def _deleted(self, values: dict[str, Any], otherwise: datetime | None) -> datetime | None:
        get = self._get.get("deleted_at")
        value = get(values) if get else None
        said = "" if value is None else _plain(value).removesuffix(".0")
        if said in _NEVER or said.startswith(_ZERO_DATE):
            return None
        found, reason = (otherwise, "it names no date and the row has no other") if said in _YES else self._date(value)
        if found is None:
            raise Unusable(f"deleted_at: {reason}")
        return found

    def _own(self, values: dict[str, Any], found: dict[str, Any]) -> bool:
        if self._own_column is not None:
            return _plain(self._own_column(values)) in self._own_values
        return bool(found.get("is_own"))

    def _flag(self, field: str, value: Any) -> bool:
        return _plain(value) in _YES

    def _one_of(self, field: str, value: Any) -> str | None:
        name = self._short(field, value)
        if name is None:
            return None
        name = self._translate.get(field, {}).get(name.casefold(), name)
        allowed = _ALLOWED.get(field)
        if allowed and name not in allowed:
            raise Unusable(f"{field} is {shown(name)}, not one of {', '.join(sorted(allowed))}")
        return name

    def _brand(self, field: str, value: Any) -> str | None:
        name = self._short(field, value)
        if name is None:
            return None
        known = self._translate.get("brand", {}).get(name.casefold())
        return (brand_key(name) if known is None else known) or None

    def _count(self, field: str, value: Any) -> int | None:
        return _number(value)

    def _engagement(self, values: dict[str, Any]) -> int | None:
        found = [n for n in (_number(get(values)) for get in self._counted) if n is not None]
        return min(sum(found), _LONG) if found else None

    def _rating(self, field: str, value: Any) -> float | None:
        try:
            rating = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else None
        except (ValueError, OverflowError):
            return None
        return rating if rating is not None and 0 <= rating <= 10 else None

    def _weight(self, field: str, value: Any) -> float | None:
        """A finite number of 0 or more; what is none of these is an error, because a sum without it would be wrong."""
        if value is None or value == "":
            return None
        try:
            found = float(value)
        except (TypeError, ValueError, OverflowError):
            found = -1.0
        if not 0 <= found <= 1e9:
            raise Unusable(f"weight is {shown(value)}, which is no number of 0 or more")
        return found

    def _media(self, values: dict[str, Any]) -> tuple[Media, ...]:
        get = self._get.get("media")
        value = get(values) if get else None
        if isinstance(value, str):
            value = value.split() if value.strip() else None
        if not isinstance(value, list):
            return ()
        return tuple(m for m in map(_one_media, value[:100]) if m)

    def _row_id(self, row: Row) -> str:
        """Hash of the whole row and how often the same row came before: equal texts are different mentions."""
        key = row_key(row.raw)
        count = self._seen[key]
        self._seen[key] = count + 1
        return f"row-{key.hex()}-{count}"


@lru_cache(maxsize=1024)
def brand_key(name: str) -> str:
    """A brand's name as the key that `earshot init` gives it.

    >>> brand_key("US Airways"), brand_key("Café")
    ('us_airways', 'cafe')
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "_", plain.lower()).strip("_") or re.sub(r"\W+", "_", name.casefold()).strip("_")


def row_key(raw: bytes) -> bytes:
    """What identifies a row without an id."""
    return hashlib.sha256(raw.strip()).digest()[:12]


def as_raw(values: dict[str, Any]) -> bytes:
    """A row of a binary file as JSON, to be hashed."""
    return _DUMP(values).encode("utf-8", "backslashreplace")


def _as_list(columns: str | list[str] | None) -> list[str]:
    return [columns] if isinstance(columns, str) else columns or []


def _getter(column: str) -> Callable[[dict[str, Any]], Any]:
    if "." not in column:
        return lambda values: values.get(column)
    first, *rest = column.split(".")

    def walk(values: dict[str, Any]) -> Any:
        if column in values:
            return values[column]
        found: Any = values.get(first)
        for part in rest:
            found = found.get(part) if isinstance(found, dict) else None
        return found

    return walk


def _plain(value: Any) -> str:
    return str(value).strip().casefold()


def _type(value: Any) -> str:
    names = {bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "an object"}
    return names.get(type(value), f"of type {type(value).__name__}")


def _too_long(field: str) -> str:
    raise Unusable(f"{field} is a number of more than 40 digits")


def _whole(value: float, field: str) -> str | None:
    """An id that a spreadsheet turned into a number; above 2**53 it is no longer the id that it was."""
    if math.isnan(value):
        return None
    if not value.is_integer() or abs(value) > 2**53:
        raise Unusable(f"{field} is {value!r}, a number that was rounded: keep ids as text")
    return str(int(value))


def _number(value: Any) -> int | None:
    """A count, also as "1,234"; None where it is none, is negative or cannot be stored."""
    if isinstance(value, str):
        value = value.strip().replace(",", "")
        try:
            value = float(value) if len(value) < 25 else None
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LONG - 1024:
        return None
    return int(value)


def _one_media(value: Any) -> Media | None:
    if isinstance(value, str):
        return Media(type="link", url=value[:FIELD_LIMIT])
    if not isinstance(value, dict):
        return None
    kind = str(value.get("type", "link"))
    url, alt = value.get("url"), value.get("alt")
    return Media(
        type=cast(Any, kind if kind in _MEDIA else "link"), url=url[:FIELD_LIMIT] if isinstance(url, str) else None,
        alt=alt[:FIELD_LIMIT] if isinstance(alt, str) else None,
    )


def _holds_nul(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_holds_nul, value.values()))
    return any(map(_holds_nul, value)) if isinstance(value, list) else isinstance(value, str) and "\0" in value


def _check_halves(value: Any) -> None:
    """JSON may spell half of a character, which no store takes."""
    try:
        _DUMP(value).encode()
    except UnicodeEncodeError:
        raise Unusable("holds half of a character (an unpaired surrogate)") from None
