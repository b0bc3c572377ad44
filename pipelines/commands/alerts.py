"""Look at incidents and act on them: acknowledge, snooze, assign, judge, let a message out.

    earshot alerts                                what is open, and who has it (--all: what is over too)
    earshot alerts ack KEY                        you have it: nobody further is told
    earshot alerts snooze KEY --for 2h            no messages for so long, unless it gets worse
    earshot alerts assign KEY --to NAME           somebody else has it
    earshot alerts verdict KEY false|real         afterwards: was it a false alarm?
    earshot alerts approve KEY | reject KEY       a message to people outside that waits for a person

KEY is the first column of the list, an alert's id or a message's key; the beginning is enough. What you do is a file in
landing/actions, which the next run takes in; a page or a link in a message does the same.
"""

from __future__ import annotations

import argparse
import getpass
from datetime import UTC, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

import duckdb

from pipelines import incidents, outbox, wording
from pipelines.commands import config
from pipelines.errors import InputError
from pipelines.settings import Settings, span
from pipelines.store import open_warehouse, transaction, warehouse_path
from warehouse import actions
from warehouse.actions import Action, Standing, standing

VERBS = {
    "ack": "you have it: nobody further is told", "snooze": "no messages for a while, unless it gets worse",
    "assign": "somebody else has it", "verdict": "was it a false alarm?", "approve": "let a message to people outside go",
    "reject": "keep a message to people outside here",
}
_LEAST = 4  # characters of a key
_SHOWN = 8


class Row(NamedTuple):
    """An incident as the list shows it."""

    incident_id: str
    brand: str
    state: str
    tier: str
    severity: int
    onset_at: datetime
    resolved_at: datetime | None
    alert_count: int


class Known(NamedTuple):
    """All that this command needs of the warehouse, read at once."""

    rows: list[Row]  # newest first
    members: dict[str, str]  # alert -> incident
    done: dict[str, list[Action]]  # incident -> actions, those too that the next run will take in
    asked: dict[str, str]  # incident -> key of a message that waits for approval
    budgets: list[tuple[str, str, int]]  # brand, what verdicts have made of its budget of pages, and how many there are


def add_arguments(parser: argparse.ArgumentParser) -> None:
    config.add_arguments(parser)
    parser.add_argument("--all", action="store_true", help="list what is over too")
    chosen = parser.add_subparsers(dest="verb", metavar="ACTION")
    for verb, text in VERBS.items():
        sub = chosen.add_parser(verb, help=text, description=text)
        sub.add_argument("key", metavar="KEY", help="as the list shows it, or an alert's id; the beginning is enough")
        sub.add_argument("--as", dest="actor", metavar="NAME", help="who does it (default: your login name)")
        if verb == "snooze":
            sub.add_argument("--for", dest="length", default="2h", metavar="SPAN", help="how long, such as 30m (default: 2h)")
        elif verb == "assign":
            sub.add_argument("--to", required=True, metavar="NAME", help="who shall have it")
        elif verb == "verdict":
            sub.add_argument("verdict", choices=actions.VERDICTS, help="false: a false alarm; real: it was one")


def run(args: argparse.Namespace) -> int:
    """List, or write one action."""
    settings, now = config.settings(args), datetime.now(UTC)
    known = _known(settings, now)
    if args.verb is None:
        print("\n".join(lines(settings, known, now, everything=args.all)))
        return 0
    row = find(known, args.key)
    try:
        action = _made(args, row, known, now)
    except ValueError as error:
        raise InputError(str(error)) from None
    actions.write(settings.storage, action)
    stands = _state(standing([*known.done.get(row.incident_id, []), action]), settings, now)
    decided = {"approve": "the message will go", "reject": "the message will stay here"}
    said = decided.get(action.verb, stands)
    print(f"{row.incident_id[:_SHOWN]} {wording.brand_name(settings, row.brand)}: {said}; the next run takes it in.")
    return 0


def _made(args: argparse.Namespace, row: Row, known: Known, now: datetime) -> Action:
    value: str | None = None
    if args.verb == "snooze":
        value = (now + span(args.length)).isoformat()
    elif args.verb == "assign":
        value = args.to
    elif args.verb == "verdict":
        value = args.verdict
    elif args.verb in ("approve", "reject"):
        value = known.asked.get(row.incident_id)
        if value is None:
            raise InputError(f"{row.incident_id[:_SHOWN]}: no message of this incident waits for approval.")
    verb = "acknowledge" if args.verb == "ack" else args.verb
    return actions.made(row.incident_id, verb, args.actor or _login(), value, once=now.isoformat(), via="cli", now=now)


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container without a name for its user
        raise InputError("your login has no name here: say who you are with --as NAME.") from None


def _known(settings: Settings, now: datetime) -> Known:
    if not warehouse_path(settings).exists():
        return Known([], {}, {}, {}, [])
    with open_warehouse(settings) as connection:
        with transaction(connection):
            incidents.merge(connection, settings, now=now)
        return _read(connection, settings)


def _read(connection: duckdb.DuckDBPyConnection, settings: Settings) -> Known:
    rows = connection.execute(
        "SELECT incident_id::VARCHAR, brand, state, tier, severity, onset_at, resolved_at, alert_count FROM incidents "
        "ORDER BY onset_at DESC, incident_id"
    ).fetchall()
    members = dict(connection.execute("SELECT alert_id::VARCHAR, incident_id::VARCHAR FROM incident_alerts").fetchall())
    done = outbox.read_actions(connection)
    stored = {action.action_id for found in done.values() for action in found}
    for action in actions.pending(settings.storage, stored):
        done.setdefault(members.get(action.alert_id, action.alert_id), []).append(action)
    asked = connection.execute(
        "SELECT incident_id::VARCHAR, arg_min(delivery_key, asked_at) FROM approvals WHERE choice IS NULL GROUP BY incident_id"
    ).fetchall()
    budgets = connection.execute(
        "SELECT brand, note, judged_count FROM alert_budgets WHERE tier = 'page' ORDER BY brand"
    ).fetchall()
    return Known([Row(*row) for row in rows], members, done, dict(asked), budgets)


def find(known: Known, key: str) -> Row:
    """The incident that a key means.

    Raises:
        InputError: none or several have it.
    """
    wanted = key.strip().lower().split(":")[0]
    by_id = {row.incident_id: row for row in known.rows}
    found = {incident for alert, incident in known.members.items() if len(wanted) >= _LEAST and alert.startswith(wanted)}
    if not found:
        there = ", ".join(row.incident_id[:_SHOWN] for row in known.rows if row.state != "resolved") or "none is open"
        raise InputError(f"there is no alert {key!r}; open are: {there}; `earshot alerts --all` lists all.")
    if len(found) > 1:
        raise InputError(f"{key!r} is the beginning of {len(found)} alerts: {', '.join(sorted(found))}; give more of it.")
    return by_id[found.pop()]


def lines(settings: Settings, known: Known, now: datetime, *, everything: bool) -> list[str]:
    """The list, newest first; times in the project's zone."""
    shown = [row for row in known.rows if everything or row.state != "resolved"]
    if not shown:
        over = f"; {len(known.rows)} are over: `earshot alerts --all`" if known.rows else ""
        return [f"No incident is open{over}."]
    zone = ZoneInfo(settings.project.timezone)
    width = max(len(wording.brand_name(settings, row.brand)) for row in shown)
    out = [f"{'KEY':<9} {'SINCE':<13} {'BRAND':<{width}} {'TIER':<5} {'SEV':>3}  {'STATE':<9}  ({settings.project.timezone})"]
    for row in shown:
        who = _state(standing(known.done.get(row.incident_id, [])), settings, now) or "nobody has it"
        asks = " · a message waits for approval" if row.incident_id in known.asked else ""
        state = "over" if row.state == "resolved" else "worse" if row.state == "escalated" else "open"
        out.append(
            f"{row.incident_id[:_SHOWN]:<9} {row.onset_at.astimezone(zone):%d %b %H:%M}  "
            f"{wording.brand_name(settings, row.brand):<{width}} {row.tier:<5} {row.severity:>3}  {state:<9} {who}{asks}"
        )
    about = {row.brand for row in shown}
    told = (b for b in known.budgets if b[2] or (everything and b[0] in about))
    out += [f"{wording.brand_name(settings, brand)}: {note}" for brand, note, _ in told]
    return [*out, "next: earshot alerts ack KEY | snooze KEY --for 2h | assign KEY --to NAME | verdict KEY false"]


def _state(at: Standing, settings: Settings, now: datetime) -> str:
    """Where it stands with people, in words."""
    zone, said = ZoneInfo(settings.project.timezone), []
    if at.acknowledged_at:
        said.append(f"{at.acknowledged_by} has it since {at.acknowledged_at.astimezone(zone):%d %b %H:%M}")
    if at.assigned_to:
        said.append(f"assigned to {at.assigned_to}")
    if at.snoozed_until and at.snoozed_until > now:
        said.append(f"snoozed until {at.snoozed_until.astimezone(zone):%d %b %H:%M}")
    if at.verdict:
        said.append(f"{'a false alarm' if at.verdict == 'false' else 'real'}, says {at.verdict_by}")
    return " · ".join(said)
