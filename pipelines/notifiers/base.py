"""What a notifier is: typed fields that say what is sent here and when, and `send`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field

from pipelines.playbook import HoursOfWeek
from pipelines.plugin import Plugin
from pipelines.records import Alert
from pipelines.settings import known_zone


class Notifier(Plugin):
    """Base of all notifiers. A subclass in `pipelines/notifiers/<kind>.py` adds its fields and `send`.

    `send` may be called from a thread of its own, never twice at once for the same notifier.
    """

    tier: Literal["page", "watch"] = Field(
        default="watch", description="The least that is sent here: watch sends everything, page only what must wake somebody."
    )
    brands: list[str] = Field(
        default_factory=list,
        description="Keys of the brands whose alerts are sent here, 'sources' for the health of sources; empty: all.",
    )
    severity: int = Field(default=1, ge=1, le=10, description="The least severity that is sent here, 1 to 10.")
    quiet: HoursOfWeek = Field(
        default_factory=list,
        description="Days and hours in which a watch waits, such as '22:00-07:00' or 'sat,sun'; a page never waits.",
    )
    quiet_pages: bool = Field(default=False, description="True: in quiet hours even a page waits.")
    timezone: Annotated[str, AfterValidator(lambda zone: zone and known_zone(zone))] = Field(
        default="", description="Time zone of the quiet hours; empty: the project's."
    )
    after: str = Field(
        default="", pattern=r"^(\d+[mhd])?$",
        description="Sent here only once nobody has acknowledged a message for so long, such as 15m; empty: at once.",
    )
    outside: bool = Field(
        default=False,
        description="True: people outside read it. No owner, playbook or links are sent, and the playbook may ask for approval.",
    )

    def located(self, folder: Path) -> Self:
        """This notifier with its relative paths taken from `folder`, the storage folder."""
        return self

    def send(self, alert: Alert) -> None:
        """Hand the alert over; `alert.key` lets the receiver drop a second copy.

        Raises:
            NotifierError: it was not accepted; the delivery stays in the outbox and is tried again.
        """
        raise NotImplementedError(f"{type(self).__name__}.send")

    def tell(self, title: str, text: str, *, key: str) -> None:
        """Hand over a message that is no alert, such as the weekly digest; `key` lets the receiver drop a second copy.

        Raises:
            NotifierError: it was not accepted.
        """
        raise NotImplementedError(f"{type(self).__name__}.tell")

    def check(self) -> str:
        """Test the address without alarming anybody; returns one sentence on what was tested.

        Raises:
            NotifierError: it cannot work as configured.
        """
        raise NotImplementedError(f"{type(self).__name__}.check")
