"""What people do about an incident: one immutable file an action, the same whether it came from a page, a link or the CLI.

`landing/actions/<action_id>.json` is written beside and linked into place, so a file is whole or absent and is never changed:
whoever sends the same action again finds it there. `load` brings the files into the table `actions`; whoever cannot wait for
that reads the files that are not there yet.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import uuid
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path

VERBS = ("acknowledge", "snooze", "assign", "verdict", "approve", "reject")
VERDICTS = ("false", "real")
LONGEST = 80  # characters of a name
LONGEST_SNOOZE = timedelta(days=7)
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "earshot:action")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One thing that one person did.

    Attributes:
        alert_id: the incident, or any alert of it.
        value: snooze: until when (ISO 8601); assign: to whom; verdict: false or real; approve, reject: the message's key.
        via: page, cli, airflow, or link and the notifier that carried it.
    """

    action_id: str
    alert_id: str
    verb: str
    actor: str
    value: str | None
    acted_at: datetime
    via: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where an incident stands with people."""

    acknowledged_at: datetime | None = None
    acknowledged_by: str = ""
    snoozed_at: datetime | None = None
    snoozed_until: datetime | None = None
    assigned_to: str = ""
    verdict: str = ""  # false, real
    verdict_at: datetime | None = None
    verdict_by: str = ""


def made(alert_id: str, verb: str, actor: str, value: str | None, *, once: str, via: str, now: datetime) -> Action:
    """A checked action.

    Args:
        value: of a snooze its end, ISO 8601.
        once: what makes it this action: a form's or link's own random key, so that sending it twice is doing it once.

    Raises:
        ValueError: one sentence on what is wrong.
    """
    identity, who = str(uuid.UUID(alert_id)), name(actor, "your name")
    if verb not in VERBS:
        raise ValueError(f"{verb!r} is no action; there are {', '.join(VERBS)}.")
    if verb == "acknowledge":
        value = None
    elif verb == "snooze":
        value = _until(value, now).isoformat()
    elif verb == "assign":
        value = name(value or "", "the name of whoever shall have it")
    elif verb == "verdict" and value not in VERDICTS:
        raise ValueError(f"{value!r} is no verdict; there are false and real.")
    elif verb in ("approve", "reject") and not (value or "").startswith(identity):
        raise ValueError("the message that is decided on does not belong to this incident.")
    action_id = str(uuid.uuid5(_NAMESPACE, json.dumps([identity, verb, who, value if verb != "snooze" else None, once])))
    return Action(action_id=action_id, alert_id=identity, verb=verb, actor=who, value=value, acted_at=now, via=via)


def name(text: str, what: str) -> str:
    """A person's name as it is kept: one line without control characters.

    >>> name("  Ana\\nLima ", "your name")
    'Ana Lima'

    Raises:
        ValueError: it is empty or far too long.
    """
    kept = " ".join(_UNPRINTABLE.sub(" ", text).split())
    if not kept or len(kept) > LONGEST:
        raise ValueError(f"give {what}, at most {LONGEST} characters.")
    return kept


def _until(value: str | None, now: datetime) -> datetime:
    try:
        until = datetime.fromisoformat(value or "")
    except ValueError:
        raise ValueError("a snooze needs the time at which it ends.") from None
    if until.tzinfo is None or not now < until <= now + LONGEST_SNOOZE:
        raise ValueError("a snooze ends in the future, at most 7 days from now.")
    return until.astimezone(UTC)


def folder(storage: Path) -> Path:
    """Where the files lie."""
    return storage / "landing" / "actions"


def write(storage: Path, action: Action) -> bool:
    """Write the action's file; False where it is there already, and stays as it is."""
    place = folder(storage)
    place.mkdir(parents=True, exist_ok=True)
    values = asdict(action) | {"acted_at": action.acted_at.isoformat()}
    fresh = place / f".{action.action_id}.{os.getpid()}.{secrets.token_hex(4)}.tmp"
    try:
        with fresh.open("w", encoding="utf-8") as file:
            json.dump(values, file, ensure_ascii=False)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(fresh, place / f"{action.action_id}.json")
    except FileExistsError:
        return False
    finally:
        fresh.unlink(missing_ok=True)
    return True


def pending(storage: Path, known: Collection[str]) -> list[Action]:
    """Actions whose files are there and whose ids are not in `known`, oldest first; what is no action is passed over."""
    found = (_read(path) for path in folder(storage).glob("*.json") if path.stem not in known)
    return sorted((a for a in found if a is not None), key=lambda a: (a.acted_at, a.action_id))


@lru_cache(maxsize=4096)  # files never change
def _read(path: Path) -> Action | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        at = datetime.fromisoformat(found["acted_at"])
        return Action(
            action_id=path.stem, alert_id=str(uuid.UUID(found["alert_id"])), verb=str(found["verb"]), actor=str(found["actor"]),
            value=None if found.get("value") is None else str(found["value"]),
            acted_at=at if at.tzinfo else at.replace(tzinfo=UTC), via=str(found.get("via") or ""),
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def standing(actions: Iterable[Action]) -> Standing:
    """What the actions on one incident come to: of each kind the last one counts, whatever order they are given in."""
    at: dict[str, object] = {}
    for action in sorted(actions, key=lambda a: (a.acted_at, a.action_id)):
        if action.verb == "acknowledge":
            at |= {"acknowledged_at": action.acted_at, "acknowledged_by": action.actor}
        elif action.verb == "snooze":
            try:
                at |= {"snoozed_at": action.acted_at, "snoozed_until": datetime.fromisoformat(action.value or "")}
            except ValueError:
                continue
        elif action.verb == "assign":
            at["assigned_to"] = action.value or ""
        elif action.verb == "verdict" and action.value in VERDICTS:
            at |= {"verdict": action.value, "verdict_at": action.acted_at, "verdict_by": action.actor}
    return Standing(**at)  # type: ignore[arg-type]
