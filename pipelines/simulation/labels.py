"""The true label of one observation, from what it was made of."""

from __future__ import annotations

from pipelines.records import INTENTS
from pipelines.simulation.compose import voice
from pipelines.simulation.messages import Row
from pipelines.simulation.threads import AGENT, AGENT2, AUTO, CHASE, CLOSE, COPY, DELETE, EDIT, FOLLOW, OWN, PEER, REPOST, ROOT
from pipelines.simulation.truth import Label
from pipelines.simulation.vocabulary import FLAG, LANGUAGES, NEGATIVE, NEUTRAL, POSITIVE, SENTIMENTS
from pipelines.simulation.world import KEYS

ROLES = {
    ROOT: "root",
    AUTO: "auto",
    AGENT: "agent",
    CHASE: "chase",
    FOLLOW: "follow",
    AGENT2: "agent2",
    CLOSE: "close",
    PEER: "peer",
    COPY: "copy",
    REPOST: "repost",
    EDIT: "edit",
    DELETE: "delete",
    OWN: "own",
}
_FLAGGED = tuple((name, FLAG[name]) for name in INTENTS if name in FLAG)


def _first(row: Row) -> tuple[str, ...]:
    found = {name for name, bit in _FLAGGED if row.flags & bit}
    if row.flags & FLAG["image_only"] or row.kind == DELETE:
        return ()
    if "irrelevant" in found:
        return ("irrelevant",)
    if row.sentiment == NEGATIVE:
        found.add("complaint")
    if row.sentiment == POSITIVE:
        found.add("praise")
    if row.kind in (ROOT, EDIT) and row.place < 2 and (row.sentiment == NEGATIVE or "request" in found):
        found.add("needs_response")
    return tuple(name for name in INTENTS if name in found)


def _later(row: Row) -> tuple[str, ...]:
    if row.kind in (AUTO, AGENT, AGENT2, OWN):
        return ()
    if row.kind == CHASE:
        return ("complaint", "request", "needs_response")
    mood = row.mood
    if mood == NEGATIVE:
        return ("complaint", "needs_response") if row.kind in (FOLLOW, CLOSE) else ("complaint",)
    return ("praise",) if mood == POSITIVE else ()


def label_of(row: Row, native_id: str) -> Label:
    """The label of an observation; a repost and a near-copy mean what their original means."""
    first = row.kind in (ROOT, EDIT, DELETE, COPY, REPOST)
    textless = row.kind == DELETE or (first and row.flags & FLAG["image_only"])
    sentiment = "unknown" if textless else SENTIMENTS[row.mood if not row.flags & FLAG["irrelevant"] else NEUTRAL]
    return Label(
        native_id=native_id,
        brand=KEYS[row.brand],
        sentiment=sentiment,
        intents=_first(row) if first else _later(row),
        topic=None if row.kind == OWN or textless else voice(row.language).core(row.topic_of())[1],
        language=LANGUAGES[row.language],
        role=ROLES[row.kind],
        episode=row.event,
        is_crisis=row.event == "storm",
    )
