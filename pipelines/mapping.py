"""Which column of a file is which field of a mention: from a mapping file, or guessed by well-known names."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from pipelines.errors import ConfigError, InputError
from pipelines.records import Kind, Property, Visibility
from pipelines.settings import Zone, explain
from pipelines.times import NAMES

Columns = str | list[str] | None
MAPPED = ("brand", "channel", "kind", "property", "visibility", "language")  # fields whose values may be translated


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ColumnsSection(_Section):
    """[columns]: field = "column of the file". A dot reaches into nested JSON: "user.name"."""

    text: Columns = Field(default=None, description="The message; several columns are joined by an empty line.")
    id: str | None = Field(default=None, description="The platform's own id; without it, the whole row is the identity.")
    published_at: str | None = Field(default=None, description="When it was published.")
    observed_at: str | None = Field(default=None, description="When this version was seen or edited; default: published_at.")
    author: str | None = Field(default=None, description="Id or handle of who wrote it; stored as a pseudonym only.")
    author_name: str | None = Field(default=None, description="Display name; never stored.")
    author_followers: str | None = Field(default=None, description="Followers of the author.")
    channel: str | None = Field(default=None, description="Where it was published.")
    kind: str | None = Field(default=None, description="post, reply, repost, comment, review, story, article or ticket.")
    property: str | None = Field(default=None, description="own, addressed or independent.")
    visibility: str | None = Field(default=None, description="public or private.")
    is_own: str | None = Field(default=None, description="True where the brand wrote it; see [own] for other ways to tell.")
    is_automatic: str | None = Field(default=None, description="True for an automatic reply.")
    brand: str | None = Field(default=None, description="Which brand it is about.")
    language: str | None = Field(default=None, description="Language as the platform says.")
    url: str | None = Field(default=None, description="Link to it.")
    thread_id: str | None = Field(default=None, description="Id of the first message of its conversation.")
    in_reply_to: str | None = Field(default=None, description="Id of the message it answers; conversations are built from it.")
    rating: str | None = Field(default=None, description="Stars, 1 to 5.")
    engagement: Columns = Field(default=None, description="Likes, replies and reposts; several columns are added.")
    reach: str | None = Field(default=None, description="People who may have seen it.")
    weight: str | None = Field(default=None, description="How many answers of a survey, or mentions of a sample, it stands for.")
    expires_at: str | None = Field(default=None, description="When a story disappears.")
    deleted_at: str | None = Field(default=None, description="When it was deleted at the platform; its text is then dropped.")
    media: str | None = Field(default=None, description="Links of attached images or videos, or a list of {type, url, alt}.")


class ConstantsSection(_Section):
    """[constants]: the same value for every row."""

    channel: str = Field(default="file", description="Where it was published, such as x, reddit or app_review.")
    kind: Kind | None = Field(default=None, description="Default: reply where in_reply_to is filled, otherwise post.")
    property: Property = Field(default="independent", description="own, addressed or independent.")
    visibility: Visibility = Field(default="public", description="public or private.")
    brand: str | None = Field(default=None, description="Key of the brand that every row is about.")
    language: str | None = Field(default=None, description="Language of every row.")


class DatesSection(_Section):
    """[dates]: how dates are written."""

    format: Columns = Field(
        default=None, description=f"{', '.join(NAMES)}, or a pattern such as %d.%m.%Y %H:%M; default: any clear form."
    )
    day_first: bool | None = Field(default=None, description="Is 02/03/2026 the second of March? Unset: such dates stay empty.")
    timezone: Zone = Field(default="UTC", description="Time zone of dates that name none.")


class OwnSection(_Section):
    """[own]: how to tell what the brand itself wrote."""

    column: str | None = Field(default=None, description="Column that tells, such as inbound.")
    values: list[str | bool | int] = Field(default=[True], description="Values of it that mean the brand wrote it.")
    authors: list[str] = Field(default_factory=list, description="Accounts of the brand, with or without @.")


class FileSection(_Section):
    """[file]: how the file itself is written; all of it is found out when left away."""

    format: Literal["csv", "jsonl", "json", "parquet", "excel"] | None = Field(
        default=None, description="How the file is written; default: told by its name and content."
    )
    delimiter: str | None = Field(
        default=None, min_length=1, max_length=1, description="Character between the columns of a CSV file."
    )
    encoding: str = Field(default="utf-8", description="Such as utf-8 or cp1252.")
    sheet: str | None = Field(default=None, description="Sheet of an Excel file; default: the first.")

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, value: str) -> str:
        try:
            usable = "\n,\"é".encode(value).startswith(b'\n,"')
        except (LookupError, UnicodeError):
            usable = False
        if not usable:
            raise ValueError("not an encoding that keeps ASCII as it is; use utf-8, cp1252, latin-1 or such")
        return value


class Mapping(_Section):
    """A mapping file, such as those in examples/."""

    source: str | None = Field(
        default=None, pattern=r"^[A-Za-z0-9_-]+$", description="Name of the source of the rows; ids are unique within it."
    )
    columns: ColumnsSection = ColumnsSection()
    constants: ConstantsSection = ConstantsSection()
    values: dict[str, dict[str, str]] = Field(default={}, description="[values.brand] 'US Airways' = 'us_airways'.")
    dates: DatesSection = DatesSection()
    own: OwnSection = OwnSection()
    file: FileSection = FileSection()

    @field_validator("values")
    @classmethod
    def _known_fields(cls, value: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
        for name in value:
            if name not in MAPPED:
                raise ValueError(f"values of {name!r} cannot be mapped; allowed: {', '.join(MAPPED)}")
        return value

    @property
    def digest(self) -> bytes:
        """SHA-256 of what the mapping says, whatever its layout."""
        return hashlib.sha256(self.model_dump_json().encode()).digest()

    def check_columns(self, found: Iterable[str], path: Path) -> None:
        """See that a file with these columns has a text.

        Raises:
            InputError: no column holds the text, or the mapping names a column for it that the file does not have.
        """
        there = list(dict.fromkeys(found))
        columns = self.guessed(there).columns if self.is_guessed else self.columns
        wanted = [columns.text] if isinstance(columns.text, str) else columns.text or []
        if not wanted:
            raise self._no_text(there, path)
        missing = [c for c in wanted if c not in there and c.split(".")[0] not in there]
        if missing:
            raise InputError(f"{path}: has no column {missing[0]!r} for the text; its columns are: {_listed(there)}.")

    @property
    def is_guessed(self) -> bool:
        """Does the mapping name no columns, so that their names decide?"""
        return self.columns == ColumnsSection()

    def guessed(self, there: Iterable[str]) -> Mapping:
        """This mapping for a row with these columns."""
        columns, own = guess(list(there))
        return self.model_copy(update={"columns": columns, "own": own if own and not self.own.column else self.own})

    def _no_text(self, there: list[str], path: Path) -> InputError:
        return InputError(
            f"{path}: no column holds the text of the mentions (columns: {_listed(there)}); "
            'name it in a mapping file, [columns] text = "...", and give that with --map.'
        )


def _listed(columns: list[str]) -> str:
    shown = ", ".join(c[:40] for c in columns[:20])
    return (shown or "none") + (", ..." if len(columns) > 20 else "")


def read_mapping(path: Path) -> Mapping:
    """Read and check a mapping file.

    Raises:
        ConfigError: it is missing, is not TOML, or has a wrong section, key or value.
    """
    try:
        return Mapping(**tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise ConfigError(f"{path}: there is no such mapping file.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}.") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: is not valid TOML: {error}.") from None
    except ValidationError as error:
        raise ConfigError(f"{path}: {explain(error, '', Mapping)}") from None


# Names that the columns of exports have in practice; the first one found wins.
_KNOWN: dict[str, tuple[str, ...]] = {
    "text": (
        "text", "full_text", "body", "content", "message", "tweet", "tweet_text", "comment", "comment_text", "review",
        "review_text", "caption", "post", "description", "selftext", "title",
    ),
    "id": (
        "native_id", "id_str", "id", "tweet_id", "post_id", "comment_id", "review_id", "message_id", "status_id",
        "mention_id", "guid", "uuid",
    ),
    "published_at": (
        "published_at", "created_at", "created", "published", "date", "timestamp", "datetime", "created_utc", "posted_at",
        "time", "tweet_created", "review_date", "pub_date", "pubdate", "sent_at", "created_time", "at",
    ),
    "observed_at": ("observed_at", "edited_at", "updated_at", "modified_at"),
    "author": (
        "author_id", "author", "user_id", "user", "username", "user_name", "screen_name", "handle", "from", "name", "reviewer",
    ),
    "author_name": ("author_name", "display_name", "full_name"),
    "author_followers": ("author_followers", "followers", "followers_count", "follower_count"),
    "channel": ("channel", "platform", "network"),
    "kind": ("kind",),
    "property": ("property",),
    "visibility": ("visibility",),
    "is_own": ("is_own", "is_agent", "is_brand"),
    "is_automatic": ("is_automatic", "is_bot", "automatic"),
    "brand": ("brand", "brand_key", "company", "airline"),
    "language": ("language", "lang", "locale"),
    "url": ("url", "link", "permalink", "href"),
    "thread_id": ("thread_id", "conversation_id", "thread"),
    "in_reply_to": ("in_reply_to", "in_response_to_tweet_id", "in_reply_to_id", "in_reply_to_status_id", "parent_id", "reply_to"),
    "rating": ("rating", "stars", "score_stars"),
    "reach": ("reach", "impressions", "views", "view_count"),
    "weight": ("weight", "survey_weight", "sample_weight"),
    "expires_at": ("expires_at",),
    "deleted_at": ("deleted_at",),
    "media": ("media", "attachments", "images"),
}
_COUNTED = (
    "likes", "like_count", "favorites", "favorite_count", "retweets", "retweet_count", "reposts", "shares", "share_count",
    "replies", "reply_count", "comments_count", "comment_count", "quote_count",
)


def _plain(column: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", column).lower()).strip("_")


def guess(columns: list[str]) -> tuple[ColumnsSection, OwnSection | None]:
    """The mapping of columns with well-known names, in any case and with any separators; text is None where none is known.

    >>> guess(["Tweet ID", "Body", "Created At"])[0].model_dump(exclude_none=True)
    {'text': 'Body', 'id': 'Tweet ID', 'published_at': 'Created At'}
    """
    plain = {_plain(c): c for c in reversed(columns)}
    found: dict[str, Any] = {}
    for field, names in _KNOWN.items():
        hit = next((plain[n] for n in names if n in plain), None)
        if hit is not None and hit not in found.values():
            found[field] = hit
    counted = [plain[n] for n in _COUNTED if n in plain]
    if "engagement" in plain:
        found["engagement"] = plain["engagement"]
    elif counted:
        found["engagement"] = counted
    own = OwnSection(column=plain["inbound"], values=[False]) if "inbound" in plain and "is_own" not in found else None
    return ColumnsSection(**found), own
