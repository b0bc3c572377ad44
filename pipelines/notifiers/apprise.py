"""Notifier `apprise`: Slack, Teams, e-mail, PagerDuty, webhooks and a hundred more, by one address.

The address holds credentials, so it is given as a reference. What is sent: a title with tier, severity and brand, the alert's
sentence, its drivers, who has it and what to do by the playbook, links to look at it and to act, and the key by which a receiver
can tell copies apart. JSON, XML and form webhooks get the key as a field `key` of its own; everywhere else it is the last line.
No mention's text and no author is ever sent.
"""

from __future__ import annotations

import logging
import threading
import warnings
from functools import cached_property
from typing import Any, ClassVar

from pydantic import Field

from pipelines.errors import ConfigError, NotifierError
from pipelines.notifiers.base import Notifier
from pipelines.records import Alert
from pipelines.settings import secret

_LOADING = threading.Lock()
_PERSONAL = {"author"}  # kinds of drivers that are about single people: the page shows them, a message does not
_TYPES = {"resolved": "success", "page": "failure", "watch": "warning"}


class Apprise(Notifier):
    """Sends alerts to one Apprise address, such as slack://..., mailtos://... or jsons://..."""

    title: ClassVar[str] = "Slack, Teams, e-mail, PagerDuty, webhook ... (Apprise)"
    needs_key: ClassVar[bool] = True
    key_page: ClassVar[str | None] = "https://github.com/caronc/apprise/wiki"

    url: str = Field(description="The Apprise address, as a reference: env:NAME or file:PATH.", pattern=r"^(env|file):.+")

    @cached_property
    def _service(self) -> Any:
        try:
            address = secret(self.url)
        except ConfigError as error:
            raise NotifierError(f"[notifiers.{self.name}] url = {error}") from None
        service = _instance(address)
        if service is None:
            scheme = address.split(":")[0]
            raise NotifierError(
                f"[notifiers.{self.name}] the address behind url = {self.url!r} ({scheme}://...) is none that Apprise knows."
            )
        return service

    def send(self, alert: Alert) -> None:
        self._notify(headline(alert), message(alert), _kind(alert), alert.key)

    def tell(self, title: str, text: str, *, key: str) -> None:
        self._notify(title, f"{text}\nkey {key}", "info", key)

    def _notify(self, title: str, body: str, kind: str, key: str) -> None:
        import apprise

        service = self._service
        if hasattr(service, "payload_extras"):  # webhooks: a field for machines
            service.payload_extras = {**service.payload_extras, "key": key}
        sender = apprise.Apprise()
        sender.add(service)
        with apprise.LogCapture(level=logging.WARNING, fmt="%(message)s") as said:
            sent = sender.notify(title=title, body=body, notify_type=kind, body_format="text")
            reason = said.getvalue().strip().splitlines()
        if not sent:
            raise NotifierError(f"[notifiers.{self.name}] was not accepted: {reason[-1] if reason else 'no reason given'}")

    def check(self) -> str:
        return f"The address is a valid {self._service.service_name} address; nothing was sent."


def _instance(address: str) -> Any:
    """The service behind an address, or None; without the warnings that loading every service brings."""
    with _LOADING, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        import apprise  # here, not above: it is only loaded where it is used

        return apprise.Apprise.instantiate(address, suppress_exceptions=True)


def _kind(alert: Alert) -> str:
    return _TYPES["resolved" if alert.state == "resolved" else alert.tier]


def headline(alert: Alert) -> str:
    """One line for a title or a lock screen.

    Args:
        alert: in any state.
    """
    state = {"onset": "", "escalated": "worse: ", "resolved": "over: "}[alert.state]
    mark = "[simulated] " if alert.is_simulated else ""
    return f"{mark}{state}{alert.brand_name}, {alert.tier}, severity {alert.severity} of 10"


def message(alert: Alert) -> str:
    """The body: sentence, drivers by kind with what they add to the excess, owner, playbook, links, and the key as last line."""
    lines = [alert.summary]
    kinds: dict[str, list[str]] = {}
    for driver in alert.drivers:
        if driver["kind"] not in _PERSONAL and driver["name"] != "other" and driver["excess"] > 0:
            kinds.setdefault(driver["kind"], []).append(f"{driver['name']} {driver['excess']:+,.0f}")
    if alert.state != "resolved" and kinds:
        lines += ["", "Mentions beyond what is expected:", *(f"- by {kind}: {', '.join(parts)}" for kind, parts in kinds.items())]
    if alert.is_simulated:
        lines.append("This alert is about simulated mentions.")
    if alert.owner:
        lines += ["", f"Owner: {alert.owner}"]
    if alert.playbook and alert.state != "resolved":
        lines.append(f"What to do: {alert.playbook}")
    if alert.links:
        lines += ["", *(f"{what}: {address}" for what, address in alert.links)]
    return "\n".join([*lines, "", f"key {alert.key}"])
