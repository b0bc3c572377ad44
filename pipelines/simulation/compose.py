"""One text: what is said, how long, in what manner, to whom."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from pipelines.simulation.facts import CITIES, Facts, words
from pipelines.simulation.grammar import Draw, Node, Phrases, phrases, render
from pipelines.simulation.manner import written
from pipelines.simulation.vocabulary import FLAG, LANGUAGES, NEGATIVE, NEUTRAL, POSITIVE, TOPICS
from pipelines.simulation.world import AIRLINES

_MOOD = ("neg", "neu", "pos")
_REDDIT, _FORUM, _REVIEW, _X = 5, 6, 7, 0
_REQUEST, _CHURN, _WARNING, _URGENT = FLAG["request"], FLAG["churn_risk"], FLAG["warning"], FLAG["urgent"]
_RECOMMEND, _PURCHASE, _SUGGEST = FLAG["recommendation"], FLAG["purchase_intent"], FLAG["suggestion"]
_PERSONAL, _REFERENCE, _IRRELEVANT = FLAG["personal"], FLAG["reference"], FLAG["irrelevant"]
_SENTENCES = ((_CHURN, "churn"), (_WARNING, "warning"), (_RECOMMEND, "recommend"))
X_LIMIT = 280


class Topic(NamedTuple):
    """What a conversation is about and how it is meant, as far as words depend on it."""

    language: int
    sentiment: int
    topic: int
    flags: int
    situation: str  # "", storm, echo, campaign, outage
    channel: int
    place: int  # 0 own page, 1 addressed, 2 independent
    story: bool


class Voice:
    """Writes texts in one language. Chosen sections are kept, as looking them up costs more than reading them."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.book: Phrases = phrases(language)
        self._found: dict[tuple[str, ...], list[Node]] = {}
        self._cores: dict[tuple[str, int, int, int], tuple[list[Node], str | None]] = {}

    def section(self, *names: str) -> list[Node]:
        found = self._found.get(names)
        if found is None:
            found = self._found[names] = self.book.first(*names)
        return found

    def core(self, t: Topic) -> tuple[list[Node], str | None]:
        """What the message is mainly made of, and the topic that its words have (None: not known from its making)."""
        key = (t.situation, t.sentiment, t.topic, t.flags & (_PURCHASE | _SUGGEST | _IRRELEVANT | _REQUEST))
        found = self._cores.get(key)
        if found is None:
            name = next(n for n in self._candidates(t) if self.book.has(n))
            found = self._cores[key] = (self.book.tree(name), _topic_of(name, self.language))
        return found

    def _candidates(self, t: Topic) -> list[str]:
        topic, mood = TOPICS[t.topic], _MOOD[t.sentiment]
        names = ["irrelevant"] if t.flags & _IRRELEVANT else []
        names += [f"{t.situation}.{mood}.{topic}", f"{t.situation}.{mood}"] if t.situation else []
        if t.situation == "echo":
            names += [f"storm.{mood}.{topic}", f"storm.{mood}"]
        if t.sentiment == NEUTRAL and not t.situation:
            if t.flags & _PURCHASE:
                names.append("purchase")
            elif t.flags & _SUGGEST:
                names.append("suggestion")
            elif not t.flags & _REQUEST:
                names.append("chatter")
        return [*names, f"{mood}.{topic}", mood]


def _topic_of(section: str, language: str) -> str | None:
    last = section.rpartition(".")[2]
    if last in TOPICS:
        return last
    return {"purchase": "price", "suggestion": "general", "chatter": "general"}.get(
        last, "general" if section == "neg" and language == "en" else None
    )


_voices: dict[int, Voice] = {}


def voice(language: int) -> Voice:
    """The phrases and habits of a language, by its number in LANGUAGES."""
    found = _voices.get(language)
    if found is None:
        found = _voices[language] = Voice(LANGUAGES[language])
    return found


def opening(t: Topic, draw: Draw, facts: Facts) -> str:
    """The first message of a conversation."""
    v = voice(t.language)
    out: list[str] = []
    put = out.append
    mood = _MOOD[t.sentiment]
    long = t.channel in (_REDDIT, _FORUM)
    handle = 0
    if t.channel == _X and t.place == 1:
        handle = 1 + draw() % 8  # 1 to 5: in front, 6 and 7: behind, 8: named in passing
        facts.named = handle < 8
    if long and draw() % 10 < 7:
        _say(v.section(f"title.{mood}.{TOPICS[t.topic]}", f"title.{mood}"), draw, facts, put, "\n")
        if t.channel == _FORUM:
            out[-1] = " " if out[-2].endswith("?") else ". "
    if not t.story and draw() % 10 < (6 if long else 3):
        _say(v.section(*((f"lead.{mood}.them", f"lead.{mood}") if t.place == 2 else (f"lead.{mood}",))), draw, facts, put, " ")
    lead = "".join(out)
    out.clear()
    if long and draw() % 10 < 4:
        _say(v.section(f"story.{mood}"), draw, facts, put, " ")
    _say(v.core(t)[0], draw, facts, put, " ")
    if not t.story:
        _more(v, t, draw, facts, out, long)
    text = tidy(_joined(lead, "".join(out), v.language))
    text = written(text, v.language, t.sentiment, t.channel, t.story, draw, formal=long)
    if t.place == 2 and not facts.named and not t.flags & _IRRELEVANT:
        text = _named(v, text, draw, facts)
    return _aimed(t, _ending(v, t, text, draw, facts), handle, draw, facts)


_PROPER = frozenset(CITIES) | {w for a in AIRLINES for w in (a.name, a.handle)} | {"I", "EU261", "TRAVEL"}
# German writes its nouns with a capital: only these words lose theirs within a sentence.
_SMALL_IN_GERMAN = frozenset(
    words(
        """
        Seit, Wieder, Schon, Zum, Sitzen, Wir, Das, Die, Der, Mein, Meine, Unser, Darf, Kann, Wie, Ab, Wo, Fliegt, Ist, Welches,
        Gibt, Was, Für, Bei, Mit, Niemand, Alles, Umgebucht, Lohnt, Überlege, Endlich, Gerne, Danke, Vielen, Pünktlich, Auf, Sehr,
        Wirklich, Toller, Geht, Welche, Unfassbar
        """
    )
)


def tidy(text: str) -> str:
    """One space between words, none around."""
    text = text.strip()
    return text.replace("  ", " ") if "  " in text else text


def _joined(lead: str, rest: str, language: str) -> str:
    """After a comma or "but" the sentence goes on in small letters, except for names and the like."""
    if lead.endswith((", ", " but ")) and rest[:1].isupper() and not rest[1:2].isupper():
        first = re.split(r"\W", rest, maxsplit=1)[0]
        if first in _SMALL_IN_GERMAN if language == "de" else first not in _PROPER:
            return lead + rest[0].lower() + rest[1:]
    return lead + rest


def _say(section: list[Node], draw: Draw, facts: Facts, put: Any, after: str) -> None:
    if section:
        render(section, draw, facts, put)
        put(after)


def _more(v: Voice, t: Topic, draw: Draw, facts: Facts, out: list[str], long: bool) -> None:
    """Details, and one sentence for each further thing that the message says."""
    flags, topic, put = t.flags, TOPICS[t.topic], out.append
    if t.sentiment != NEUTRAL or long:
        _details(v, t, draw, facts, out, long)
    if flags & _URGENT:
        _say(v.section(f"{t.situation}.urgent", f"urgent.{topic}", "urgent"), draw, facts, put, " ")
    if flags & _REQUEST and t.sentiment == NEGATIVE:
        names = ("ask.them",) if t.place == 2 else (f"ask.{t.situation}.{topic}", f"ask.{topic}", "ask")
        _say(v.section(*names), draw, facts, put, " ")
    for bit, name in _SENTENCES:
        if flags & bit:
            _say(v.section(name), draw, facts, put, " ")
    if t.place != 2:
        if flags & _REFERENCE:
            _say(v.section("reference"), draw, facts, put, " ")
        if flags & _PERSONAL:
            _say(v.section("personal"), draw, facts, put, " ")


def _details(v: Voice, t: Topic, draw: Draw, facts: Facts, out: list[str], long: bool) -> None:
    mood, roll = _MOOD[t.sentiment], draw() % 100
    several = (roll < 90) + (roll < 60) if long or t.channel == _REVIEW else int(roll < 42)
    special = (
        (f"{t.situation}.detail.{mood}", f"detail.{mood}")
        if t.situation
        else (f"detail.{mood}.{TOPICS[t.topic]}", f"detail.{mood}")
    )
    begin = len(out)
    if several:
        _say(v.section(*special), draw, facts, out.append, " ")
    if several > 1 and v.language == "en":
        again = len(out)
        _say(v.section(f"detail.{mood}"), draw, facts, out.append, " ")
        if out[begin:again] == out[again:]:
            del out[again:]


def _ending(v: Voice, t: Topic, text: str, draw: Draw, facts: Facts) -> str:
    roll = draw() % 100
    usual = (34, 38, 34, 55, 30, 5, 2, 4)[t.channel]
    if t.flags & _IRRELEVANT or roll >= (70 if t.story else usual):
        return text
    out: list[str] = []
    kind = "story" if t.story else _MOOD[t.sentiment]
    render(
        v.section(f"{t.situation}.tag.{kind}", f"tag.{kind}.{_MOOD[t.sentiment]}", f"tag.{kind}", "tag"), draw, facts, out.append
    )
    tail = "".join(out)
    if tail[:1] in (".", "!", "?"):
        return text.rstrip(".") + tail
    return f"{text} {tail}" if tail else text


def _named(v: Voice, text: str, draw: Draw, facts: Facts) -> str:
    """Say somewhere whom it is about."""
    out: list[str] = []
    render(v.section("named"), draw, facts, out.append)
    name = "".join(out)
    return f"{name[:-1]} {text}" if name.endswith("^") else f"{text} {name}"


def _aimed(t: Topic, text: str, handle: int, draw: Draw, facts: Facts) -> str:
    """Put the handle where the channel has it."""
    if handle:
        at = "@" + (facts.airline.care if draw() % 5 < 2 else facts.airline.handle)
        if handle <= 5:
            text = f"{at} {text}" if draw() % 12 else f".{at} {text}"
        elif handle <= 7 or not facts.named:
            text = f"{text} {at}"
    elif t.story and draw() % 4:
        text = f"{text} @{facts.airline.handle}"
    text = text.strip()
    return text if t.channel != _X or len(text) <= X_LIMIT else _shortened(text)


def _shortened(text: str) -> str:
    """Cut at the last whole sentence, or word, that X has room for."""
    cut = text[: X_LIMIT - 1]
    stop = max(cut.rfind(". "), cut.rfind("! "), cut.rfind("? "))
    return cut[: stop + 1] if stop > 120 else cut[: cut.rfind(" ")] + "…"


def later(v: Voice, names: tuple[str, ...], t: Topic, draw: Draw, facts: Facts) -> str:
    """A later message by somebody who is not the airline: chasing, thanking, commenting."""
    out: list[str] = []
    render(v.section(*names), draw, facts, out.append)
    return written(tidy("".join(out)), v.language, t.sentiment, t.channel, True, draw, formal=False)


def official(v: Voice, names: tuple[str, ...], draw: Draw, facts: Facts) -> str:
    """A message by the airline: as its agents write, without slips."""
    out: list[str] = []
    render(v.section(*names), draw, facts, out.append)
    return tidy("".join(out))


def near_copy(text: str, draw: Draw, facts: Facts, v: Voice) -> str:
    """The same words from somebody else: copied, with something put before or after."""
    out: list[str] = []
    render(v.section("copy"), draw, facts, out.append)
    extra = "".join(out)
    room = X_LIMIT - len(extra) - 1
    if len(text) > room:
        text = text[: room - 1].rsplit(" ", 1)[0] + "…"
    return tidy(f"{extra[:-1]} {text}" if extra.endswith("^") else f"{text} {extra}")


def edited(text: str, draw: Draw, facts: Facts, v: Voice) -> str:
    """The same message after its author changed it."""
    out: list[str] = []
    render(v.section("edit"), draw, facts, out.append)
    return f"{text}{chr(10) if draw() % 2 else ' '}{''.join(out)}"


__all__ = ["NEGATIVE", "POSITIVE", "Topic", "Voice", "edited", "later", "near_copy", "official", "opening", "voice"]
