"""[models.<name>] stanzas: a Hugging Face checkpoint in place of one head of the active model."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

from pipelines.errors import ConfigError

if TYPE_CHECKING:
    from models.hub import Replacement

Head = Literal["sentiment", "intents", "emotion", "irony", "offensive"]
_HEADS = ("sentiment", "intents", "emotion", "irony", "offensive")
_NAME = re.compile(r"[\w.-]+(/[\w.-]+)?")
_FOLDER = ("/", "./", "../", "~")


class HubStanza(BaseModel):
    """[models.<name>] with kind = "hub"."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    kind: Literal["hub"] = Field(description="hub: a sequence-classification checkpoint of Hugging Face.")
    checkpoint: str = Field(min_length=1, description="Name on the hub such as org/name, or a folder relative to earshot.toml.")
    revision: str | None = Field(default=None, description="Commit or tag of a name on the hub; a folder has none.")
    head: Head | None = Field(
        default=None, description="What it replaces: sentiment, intents, emotion, irony, offensive; left out: the stanza's name."
    )
    labels: dict[str, str] = Field(
        default_factory=dict, description='Its labels and ours, such as {LABEL_0 = "negative"}; "none" stands for neither.'
    )
    languages: list[str] = Field(
        default_factory=list, description="Languages beyond English that it can read, such as de; what they say has no intents."
    )
    confidence: float = Field(
        default=0.4, ge=0, le=1, description="Below this probability of the likeliest sentiment a mention is unknown."
    )


def replacements(stanzas: Mapping[str, HubStanza], home: Path) -> tuple[Replacement, ...]:
    """What the stanzas ask for.

    Args:
        home: folder of earshot.toml, from which relative folders are taken.

    Raises:
        ConfigError: a stanza's name is no head and it names none, two replace the same, or a revision is missing.
    """
    if not stanzas:
        return ()
    from models.hub import Replacement

    found: dict[str, Replacement] = {}
    for name, stanza in stanzas.items():
        head = stanza.head or name
        if head not in _HEADS:
            raise ConfigError(f"[models.{name}] needs the key 'head', because {name} is none of {', '.join(_HEADS)}.")
        if head in found:
            raise ConfigError(f"[models.{name}] replaces {head}, which another stanza replaces already; keep one of them.")
        found[head] = Replacement(
            head=head, checkpoint=_checkpoint(name, stanza, home), revision=stanza.revision, labels=tuple(stanza.labels.items()),
            languages=tuple(stanza.languages), confidence=stanza.confidence,
        )
    return tuple(found.values())


def _checkpoint(name: str, stanza: HubStanza, home: Path) -> str:
    """An absolute folder, or a name on the hub."""
    folder = (home / Path(stanza.checkpoint).expanduser()).resolve()
    if folder.is_dir() or stanza.checkpoint.startswith(_FOLDER):
        if stanza.revision is not None:
            raise ConfigError(f"[models.{name}] revision: {folder} is a folder, which has none; leave it out.")
        return str(folder)
    if not _NAME.fullmatch(stanza.checkpoint):
        raise ConfigError(f"[models.{name}] checkpoint = {stanza.checkpoint!r}: write org/name, or ./folder.")
    if stanza.revision is None:
        raise ConfigError(
            f"[models.{name}] needs the key 'revision', a commit or tag of {stanza.checkpoint}, so that scores stay comparable; "
            "for a folder write ./folder."
        )
    return stanza.checkpoint
