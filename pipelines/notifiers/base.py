"""What a notifier is: typed fields and `send`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import Field

from pipelines.plugin import Plugin
from pipelines.records import Alert


class Notifier(Plugin):
    """Base of all notifiers. A subclass in `pipelines/notifiers/<kind>.py` adds its fields and `send`.

    `send` may be called from a thread of its own, never twice at once for the same notifier.
    """

    tier: Literal["page", "watch"] = Field(
        default="watch", description="The least that is sent here: watch sends everything, page only what must wake somebody."
    )
    brands: list[str] = Field(default_factory=list, description="Keys of the brands whose alerts are sent here; empty: all.")

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
