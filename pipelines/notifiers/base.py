"""What a notifier is: typed fields and `send`."""

from __future__ import annotations

from pipelines.plugin import Plugin
from pipelines.records import Alert


class Notifier(Plugin):
    """Base of all notifiers. A subclass in `pipelines/notifiers/<kind>.py` adds its fields and `send`."""

    def send(self, alert: Alert) -> None:
        """Hand the alert over; `alert.key` lets the receiver drop a second copy.

        Raises:
            NotifierError: it was not accepted; the delivery stays in the outbox and is tried again.
        """
        raise NotImplementedError(f"{type(self).__name__}.send")

    def check(self) -> str:
        """Test the address without alarming anybody; returns one sentence on what was tested.

        Raises:
            NotifierError: it cannot work as configured.
        """
        raise NotImplementedError(f"{type(self).__name__}.check")
