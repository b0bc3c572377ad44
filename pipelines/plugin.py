"""Base of everything that a stanza of earshot.toml configures: typed fields, each with a one-sentence description.

Prompts of `earshot add`, the JSON Schema, `--help` and the reference documentation are made from these fields.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field


class Plugin(BaseModel):
    """A configured source, detector or notifier. Unknown keys are errors, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)
    title: ClassVar[str] = ""  # for lists and prompts
    needs_key: ClassVar[bool] = False  # does the platform ask for credentials?
    key_page: ClassVar[str | None] = None  # where a user gets them
    one_of: ClassVar[tuple[str, ...]] = ()  # fields of which at least one must be given; the first is asked for

    kind: str = Field(description="Which connector this is: the name of its module.")
    name: str = Field(default="", description="The stanza's own name; filled in from earshot.toml.", exclude=True)
