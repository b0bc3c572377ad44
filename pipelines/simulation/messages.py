"""The text of each kind of observation."""

from __future__ import annotations

from collections.abc import Callable

from pipelines.simulation import people
from pipelines.simulation.compose import Topic, edited, later, near_copy, official, opening, tidy, voice
from pipelines.simulation.facts import Facts
from pipelines.simulation.grammar import Draw
from pipelines.simulation.threads import (
    AGENT,
    AGENT2,
    AUTO,
    CHASE,
    CLOSE,
    COPY,
    DELETE,
    DETAILS,
    EDIT,
    FOLLOW,
    OWN,
    PEER,
    REPOST,
    ROOT,
    THANKS,
)
from pipelines.simulation.vocabulary import FLAG, NEGATIVE, NEUTRAL, POSITIVE, TOPICS
from pipelines.simulation.world import AIRLINES

_MOOD = ("neg", "neu", "pos")


class Row:
    """One observation: what happened, in which conversation, and the random numbers for its text."""

    __slots__ = (
        "at", "author", "block", "brand", "channel", "draw", "episode", "epoch", "event", "flags", "follow", "kind", "language",
        "luck", "ordinal", "other", "place", "root", "root_at", "seed", "sentiment", "story", "topic",
    )  # fmt: skip

    def __init__(
        self, epoch: int, brand: int, block: int, at: int, kind: int, root: int, ordinal: int, other: int, seed: int, luck: int,
        draw: Draw, root_at: int, channel: int, place: int, story: bool, language: int, sentiment: int, topic: int, flags: int,
        episode: int, author: int, follow: int,
    ) -> None:  # fmt: skip
        self.epoch, self.brand, self.block, self.at = epoch, brand, block, at
        self.kind, self.root, self.ordinal = kind, root, ordinal
        self.other, self.seed, self.luck, self.draw, self.root_at = other, seed, luck, draw, root_at
        self.channel, self.place, self.story, self.language = channel, place, story, language
        self.sentiment, self.topic, self.flags, self.episode = sentiment, topic, flags, episode
        self.author, self.follow, self.event = author, follow, ""

    @property
    def mood(self) -> int:
        """Sentiment of this very message: a reply differs from what it replies to."""
        return _MOODS.get(self.kind, _same)(self)

    def topic_of(self) -> Topic:
        return Topic(
            self.language,
            self.sentiment,
            self.topic,
            self.flags,
            self.event,
            self.channel,
            self.place,
            bool(self.story),
        )

    def facts(self, addressed: bool | None = None, peer: str = "") -> Facts:
        spoken_to = self.place < 2 and not (self.channel == 7 and self.seed & 3 < 3) if addressed is None else addressed
        return Facts(self.seed, self.brand, spoken_to, self.language == 0, peer)


def _same(row: Row) -> int:
    return row.sentiment


def _follow_mood(row: Row) -> int:
    return POSITIVE if row.follow == THANKS else NEUTRAL if row.follow == DETAILS else NEGATIVE


def _close_mood(row: Row) -> int:
    return POSITIVE if row.luck % 100 < (64 if row.event != "storm" else 40) else NEGATIVE


_PEER_MOODS = ((54, 84), (14, 86), (14, 36))  # percent negative, negative or neutral, after a negative, neutral, positive message


def _peer_mood(row: Row) -> int:
    first, second = _PEER_MOODS[row.sentiment]
    roll = row.luck % 100
    if row.event == "storm":
        first, second = 66, 92
    return NEGATIVE if roll < first else NEUTRAL if roll < second else POSITIVE


_MOODS: dict[int, Callable[[Row], int]] = {
    FOLLOW: _follow_mood,
    CLOSE: _close_mood,
    PEER: _peer_mood,
    AUTO: lambda row: NEUTRAL,
    AGENT: lambda row: NEUTRAL,
    AGENT2: lambda row: NEUTRAL,
    OWN: lambda row: NEUTRAL if row.event in ("storm", "outage") else POSITIVE,
    CHASE: lambda row: NEGATIVE,
}


def _root(row: Row) -> str:
    if row.flags & FLAG["image_only"]:
        return ""
    return opening(row.topic_of(), row.draw, row.facts())


def _auto(row: Row) -> str:
    return official(voice(row.language), (f"{row.event}.auto", "auto"), row.draw, row.facts(False))


def _agent(row: Row) -> str:
    topic = TOPICS[row.topic]
    sentiment = _MOOD[row.sentiment]
    facts = row.facts(True, people.handle(row.author))
    wish = "request" if row.sentiment == NEUTRAL else ""
    special = (f"{row.event}.agent.{sentiment}.{topic}", f"{row.event}.agent.{sentiment}") if row.event else ()
    names: tuple[str, ...] = (*special, f"agent.{wish}{sentiment}.{topic}", f"agent.{sentiment}.{topic}", f"agent.{sentiment}")
    if row.flags & FLAG["image_only"]:
        names = ("agent.image",)
    v = voice(row.language)
    body = official(v, names, row.draw, facts)
    greeting = official(v, ("agent.greet.neg", "agent.greet") if row.sentiment == NEGATIVE else ("agent.greet",), row.draw, facts)
    at = f"@{people.handle(row.author)} " if row.channel == 0 else ""
    return tidy(f"{at}{greeting} {body} {official(v, ('agent.sign',), row.draw, facts)}")


def _agent2(row: Row) -> str:
    v, facts = voice(row.language), row.facts(True, people.handle(row.author))
    body = official(v, (f"{row.event}.agent2", "agent2"), row.draw, facts)
    at = f"@{people.handle(row.author)} " if row.channel == 0 else ""
    return f"{at}{body} {official(v, ('agent.sign',), row.draw, facts)}".strip()


def _customer(*names: str) -> Callable[[Row], str]:
    def make(row: Row) -> str:
        text = later(
            voice(row.language),
            tuple(n.format(event=row.event, topic=TOPICS[row.topic]) for n in names),
            row.topic_of(),
            row.draw,
            row.facts(True),
        )
        return f"@{AIRLINES[row.brand].care} {text}" if row.channel == 0 and row.luck % 10 < 8 else text

    return make


_CHASE = _customer("{event}.chase", "chase")
_FOLLOWS = (
    _customer("follow.thanks.{topic}", "follow.thanks"),
    _customer("follow.details"),
    _customer("{event}.follow.angry", "follow.angry"),
)
_PLEASED = _customer("follow.pleased")
_CLOSES = {POSITIVE: _customer("close.thanks"), NEGATIVE: _customer("close.angry")}


def _follow(row: Row) -> str:
    if row.sentiment == POSITIVE:
        return _PLEASED(row)
    return _FOLLOWS[row.follow](row)


def _peer(row: Row) -> str:
    mood = _MOOD[_peer_mood(row)]
    names = (
        f"{row.event}.peer.{mood}",
        f"peer.{_MOOD[row.sentiment]}.{mood}.{TOPICS[row.topic]}",
        f"peer.{_MOOD[row.sentiment]}.{mood}",
        f"peer.{mood}",
    )
    text = later(voice(row.language), names, row.topic_of(), row.draw, row.facts(False, people.handle(row.author)))
    return f"@{people.handle(row.author)} {text}" if row.channel == 0 else text


def _copy(row: Row) -> str:
    return near_copy(_root(row), row.draw, row.facts(), voice(row.language))


def _repost(row: Row) -> str:
    return f"RT @{people.handle(row.author)}: {_root(row)}"


def _edit(row: Row) -> str:
    return edited(_root(row), row.draw, row.facts(), voice(row.language))


def _own(row: Row) -> str:
    return official(voice(0), (f"own.{row.event}", "own"), row.draw, row.facts(False))


TEXT: dict[int, Callable[[Row], str]] = {
    ROOT: _root,
    AUTO: _auto,
    AGENT: _agent,
    CHASE: _CHASE,
    FOLLOW: _follow,
    AGENT2: _agent2,
    CLOSE: lambda row: _CLOSES[_close_mood(row)](row),
    PEER: _peer,
    COPY: _copy,
    REPOST: _repost,
    EDIT: _edit,
    DELETE: lambda row: "",
    OWN: _own,
}
