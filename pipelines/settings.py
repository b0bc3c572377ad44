"""earshot.toml as typed settings. An error names the file, the stanza, the key, and what is allowed."""

from __future__ import annotations

import os
import re
import tomllib
from datetime import timedelta
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from pipelines import registry
from pipelines.errors import ConfigError
from pipelines.hubs import HubStanza, replacements
from pipelines.playbook import Rule
from pipelines.records import Brand, Query
from warehouse import links

if TYPE_CHECKING:
    from models.hub import Replacement

_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
SPAN = r"^\d+[mhd]$"
DEVICE = r"^(cpu|cuda(:\d{1,2})?)$"
_PATTERNS = {
    SPAN: "write a number and m, h or d, such as 15m",
    "^(encoder|lexicon|none)$": "allowed are encoder, lexicon and none",
    "^(fast|accurate)$": "allowed are fast and accurate",
    DEVICE: "allowed are cpu and cuda, and cuda:1 and so on for further GPUs",
}


def span(text: str) -> timedelta:
    """A length of time as it is written in earshot.toml.

    >>> span("15m"), span("6h"), span("400d")
    (datetime.timedelta(seconds=900), datetime.timedelta(seconds=21600), datetime.timedelta(days=400))
    """
    if not re.match(SPAN, text):
        raise ConfigError(f"{text!r} is not a length of time; write a number and m, h or d, such as 15m.")
    return timedelta(**{_UNITS[text[-1]]: int(text[:-1])})


def known_zone(value: str) -> str:
    """The name of a time zone, as it is.

    Raises:
        ValueError: there is none of that name.
    """
    try:
        ZoneInfo(value)
    except Exception as error:
        raise ValueError("not a time zone; use a name such as UTC or Europe/Berlin") from error
    return value


Zone = Annotated[str, AfterValidator(known_zone)]  # the name of a time zone


class _Stanza(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ProjectStanza(_Stanza):
    """[project]"""

    name: str = Field(default="My brands", description="Title shown on the pages and in messages.")
    storage: str = Field(
        default="earshot-data", description="Folder for landing files, warehouse and snapshots; relative to earshot.toml."
    )
    timezone: Zone = Field(
        default="UTC", description="Time zone in which pages show times and days begin, such as Europe/Berlin."
    )


class BrandStanza(_Stanza):
    """[brands.<key>]"""

    name: str = Field(description="The brand's name as people write it.")
    handles: list[str] = Field(default_factory=list, description="Accounts of the brand, with or without @.")
    aliases: list[str] = Field(default_factory=list, description="Other ways in which people name it.")
    exclude: list[str] = Field(
        default_factory=list, description="Phrases in which the name means something else, such as 'united states'."
    )
    competitor: bool = Field(
        default=False, description="True for a rival: it counts in share of voice and is not alerted on unless asked."
    )
    query: str = Field(
        default="", description="What to collect, in the query language (docs/queries.md); default: name, aliases and handles."
    )

    @field_validator("query")
    @classmethod
    def _readable_query(cls, query: str) -> str:
        if query:
            from pipelines.query.language import parse

            try:
                parse(query)
            except ConfigError as error:
                raise ValueError(str(error)) from None
        return query


class ModelsStanza(_Stanza):
    """[models], and in stanzas of their own, such as [models.sentiment], what replaces a head."""

    model_config = ConfigDict(extra="allow", frozen=True)
    __pydantic_extra__: dict[str, HubStanza] = Field(init=False)
    active: str = Field(
        default="encoder",
        description="Which model scores sentiment and intent: encoder, lexicon (no weights) or none.",
        pattern="^(encoder|lexicon|none)$",
    )
    tier: str = Field(
        default="fast",
        description="Which encoder: fast, or accurate, which is several times slower and whose backbone `make accurate` fetches.",
        pattern="^(fast|accurate)$",
    )
    device: str = Field(
        default="cpu",
        description="Where the encoder and the checkpoints compute: cpu, or cuda for an NVIDIA GPU.",
        pattern=DEVICE,
    )


class TopicStanza(_Stanza):
    """[topics.<key>]: a contact reason of your own, or more phrases for one of ours."""

    replace: bool = Field(
        default=False, description="True: our own phrases for this topic do not count; without any of yours it is switched off."
    )
    phrases: list[str] = Field(description="Words and phrases that show it; at the end of one, * stands for any ending.")

    @field_validator("phrases")
    @classmethod
    def _readable(cls, phrases: list[str], info: ValidationInfo) -> list[str]:
        for phrase in phrases:
            if not any(c.isalnum() for c in phrase) or "*" in phrase[:-1]:
                raise ValueError(f"{phrase!r} is no phrase; write words, and * only at the very end, such as 'lounge*'")
        if not phrases and not info.data.get("replace"):
            raise ValueError("there is no phrase; with replace = true that switches the topic off")
        return phrases


class CareStanza(_Stanza):
    """[care]"""

    first_response_target: str = Field(default="60m", description="Within how long a person should have answered.", pattern=SPAN)


class PrivacyStanza(_Stanza):
    """[privacy]"""

    salt: str = Field(
        default="",
        description="Secret behind the pseudonyms: env:NAME or file:PATH; left out, one is made in the storage folder.",
    )


class RetentionStanza(_Stanza):
    """[retention]"""

    mentions: str = Field(default="400d", description="How long mentions are kept.", pattern=SPAN)


class IncidentsStanza(_Stanza):
    """[incidents]"""

    resolve_after: str = Field(
        default="60m", pattern=SPAN,
        description="How long after its last alert has ended an incident is over; an alert that comes before joins it.",
    )
    escalate_by: int = Field(
        default=2, ge=1, le=9, description="By how many points an alert that joins must be worse than the incident to be sent."
    )


class LinksStanza(_Stanza):
    """[links]"""

    url: str = Field(
        default="", pattern=r"^(https?://[^\s?#]+)?$",
        description="Where people reach the pages, such as https://earshot.example.org; empty: messages carry no links.",
    )
    secret: str = Field(
        default="",
        description="Secret that signs links to act: env:NAME or file:PATH; left out, one is made in the storage folder.",
    )
    valid: str = Field(default="3d", description="How long a link to act on an alert holds.", pattern=SPAN)


class Settings(BaseModel):
    """Everything in earshot.toml."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    project: ProjectStanza = ProjectStanza()
    brands: dict[str, BrandStanza] = Field(default_factory=dict)
    sources: dict[str, dict[str, Any]] = Field(default_factory=dict)
    models: ModelsStanza = ModelsStanza()
    topics: dict[str, TopicStanza] = Field(default_factory=dict)
    detectors: dict[str, dict[str, Any]] = Field(default_factory=dict)
    notifiers: dict[str, dict[str, Any]] = Field(default_factory=dict)
    incidents: IncidentsStanza = IncidentsStanza()
    playbook: dict[str, Rule] = Field(default_factory=dict)
    links: LinksStanza = LinksStanza()
    care: CareStanza = CareStanza()
    privacy: PrivacyStanza = PrivacyStanza()
    retention: RetentionStanza = RetentionStanza()
    path: Path = Field(default=Path("earshot.toml"), exclude=True)
    folder: Path | None = Field(default=None, exclude=True)  # storage as given on the command line

    @cached_property
    def storage(self) -> Path:
        """Folder that holds `landing/`, `warehouse.duckdb` and `serving/`; EARSHOT_STORAGE overrides it."""
        return Path(self.folder or os.environ.get("EARSHOT_STORAGE") or self.path.parent / self.project.storage).resolve()

    @cached_property
    def salt(self) -> str:
        """Secret behind the pseudonyms: the one referred to, or one that is made once and kept in the storage folder."""
        if self.privacy.salt:
            return secret(self.privacy.salt)
        return links.kept_secret(self.storage / "salt")

    @cached_property
    def link_secret(self) -> str:
        """Secret that signs the links in messages: the one referred to, or the one that the pages know too."""
        return secret(self.links.secret) if self.links.secret else links.stored_secret(self.storage)

    @cached_property
    def replaced(self) -> tuple[Replacement, ...]:
        """The heads that checkpoints of [models.<name>] stanzas replace."""
        try:
            return replacements(self.models.model_extra or {}, self.path.parent)
        except ConfigError as error:
            raise ConfigError(f"{self.path}: {error}") from None

    @cached_property
    def query(self) -> Query:
        brands = tuple(
            Brand(
                key=key,
                name=b.name,
                handles=tuple(h.lstrip("@") for h in b.handles),
                aliases=tuple(b.aliases),
                exclude=tuple(b.exclude),
                is_competitor=b.competitor,
                query=b.query,
            )
            for key, b in self.brands.items()
        )
        return Query(brands=brands)

    def plugin(self, group: registry.Group, name: str) -> Any:
        """The configured source, detector or notifier of stanza [group.name].

        Raises:
            ConfigError: no such stanza, an unknown kind, or a wrong key or value in it.
        """
        stanzas = cast(dict[str, dict[str, Any]], getattr(self, group))
        if name not in stanzas:
            raise ConfigError(f"{self.path}: there is no [{group}.{name}]; there are: {', '.join(stanzas) or 'none'}.")
        values = stanzas[name]
        if "kind" not in values:
            raise ConfigError(f"{self.path}: [{group}.{name}] has no kind; allowed: {', '.join(registry.kinds(group))}.")
        try:
            kind = registry.load(group, str(values["kind"]))
            return kind(**values | {"name": name})
        except ValidationError as error:
            raise ConfigError(f"{self.path}: {explain(error, f'[{group}.{name}]', kind)}") from None
        except ConfigError as error:
            raise ConfigError(f"{self.path}: [{group}.{name}]: {error}") from None


def explain(error: ValidationError, stanza: str, model: type[BaseModel]) -> str:
    """The first problem of a validation error, in one sentence that names the key and what is allowed."""
    first = error.errors()[0]
    place = [str(p) for p in first["loc"]]
    key = place[-1] if place else "?"
    if not stanza and len(place) > 1:
        stanza = f"[{'.'.join(place[:-1])}]"
    if first["type"] == "extra_forbidden" or (first["type"] == "model_type" and place[:-1] == ["models"]):
        allowed = _allowed(model, place[:-1])
        near = get_close_matches(key, allowed, 1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        what = f"{stanza} has no key {key!r}" if stanza else f"there is no stanza [{key}]"
        return f"{what}; {hint}allowed: {', '.join(allowed)}."
    if first["type"] == "missing":
        return f"{stanza} needs the key {key!r}."
    if first["type"] in ("dict_type", "model_type"):
        return f"{stanza} {key} must be a stanza of its own: write {stanza[:-1]}.{key}] and its keys below it."
    message = first["msg"].removeprefix("Value error, ").rstrip(".")
    if first["type"] == "string_pattern_mismatch":
        message = _PATTERNS.get(first["ctx"]["pattern"], message)
    return f"{stanza} {key} = {first['input']!r}: {message[0].lower()}{message[1:]}."


def _allowed(model: type[BaseModel], place: list[str]) -> list[str]:
    """Keys allowed at `place` below `model`; a path part that is no field is the name of a stanza."""
    for part in place:
        if part not in model.model_fields:
            model = HubStanza if model is ModelsStanza else model
            continue
        annotation = model.model_fields[part].annotation
        inner = [a for a in getattr(annotation, "__args__", (annotation,)) if isinstance(a, type) and issubclass(a, BaseModel)]
        if inner:
            model = inner[0]
    return [
        name
        for name in model.model_fields
        if name not in ("path", "folder", "name") or model is BrandStanza or model is ProjectStanza
    ]


def read(path: Path) -> Settings:
    """Read and check earshot.toml, with every stanza's plug-in.

    Raises:
        ConfigError: the file is missing, is not TOML, or has a wrong stanza, key or value.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path}: there is no such file; `earshot init` writes one.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}.") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: is not valid TOML: {error}.") from None
    try:
        settings = Settings(**values | {"path": path, "folder": None})
    except ValidationError as error:
        raise ConfigError(f"{path}: {explain(error, '', Settings)}") from None
    for group in ("sources", "detectors", "notifiers"):
        for name in getattr(settings, group):
            settings.plugin(group, name)
    _ = settings.replaced  # says what is wrong with a [models.<name>] stanza
    return settings


def secret(reference: str, default: str | None = None) -> str:
    """The value behind a reference: `env:NAME` or `file:PATH`. Secrets are never written into earshot.toml.

    Raises:
        ConfigError: the reference has another form, or points at nothing and there is no default.
    """
    scheme, _, rest = reference.partition(":")
    if scheme == "env":
        value = os.environ.get(rest, default)
        if value is None:
            raise ConfigError(f"{reference}: the environment variable {rest} is not set.")
        return value
    if scheme == "file":
        try:
            return Path(rest).expanduser().read_text(encoding="utf-8").strip()
        except OSError:
            raise ConfigError(f"{reference}: the file cannot be read.") from None
    raise ConfigError(f"{reference.split(':')[0]!r}...: a secret is given as env:NAME or file:PATH, never as its value.")
