"""Names of persons, by rules: what stands before and after a capitalised word, helped by a list of first names.

Public figures stay: a name in running text is only taken where the text treats its bearer as somebody in the conversation
(greets, thanks or signs as them, introduces them, complains about "an agent named"), or where contact details stand beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipelines.redaction.first_names import ALSO_WORDS, FIRST_NAMES
from pipelines.redaction.name_forms import (
    ALSO,
    CAP,
    END,
    LOW,
    UP,
    WORD,
    full_name,
    rank,
    touches_contact,
    with_partners,
)
from pipelines.redaction.spans import Span, as_split
from pipelines.redaction.unlisted_names import unlisted

_CAPITALS = re.compile(rf"(?<![\w@#/.'’-]){CAP}{END}(?![-/])")
_UPPER = re.compile(rf"[{UP}]{{3,14}}{END}(?![-/>’'])")
_NAME_SAID = re.compile(
    r"\b(?:(?:my|her|his|last|first|sur|full|whose|account|passenger'?s?|customer'?s?|agent'?s?) ?name(?:'s|’s)?"
    r"(?: ?(?:is|was|:|-|=)){0,2}|"
    r"name(?:'s|’s| is| was| ?:| ?=| -)(?: ?(?:is|:))?)\s{1,3}|\bname:(?=\w)"
)
_NOT_OF_PERSON = re.compile(
    r"(?:user|brand|screen|file|song|album|artist|track|playlist|band|app|game|device|product|company|store|street|"
    r"domain|the|that|this|in|nick|pet|hotel|network|wifi)\s?\Z"
)
_I_AM = re.compile(r"\b(?:i am|i'm|i’m|im) ")
_THIS_IS = re.compile(r"\b(?:this is|it's|it’s|it is) ")
_CALLED = re.compile(
    r"\b(?:guy|man|woman|lady|girl|gentleman|gent|agent|reps?|representative|manager|mgr|supervisor|attendant|fa|"
    r"employee|driver|person|someone|somebody|kid|boy|pilot|"
    r"captain|steward|stewardess|member|associate|cashier|advisor|adviser|colleague|clerk|operator|technician|tech|"
    r"staff|friend|son|daughter|wife|husband|brother|"
    r"sister|mother|father|server|waiter|waitress|host|hostess|engineer|specialist|teammate|individual|chap|bloke|dude|"
    r"worker|officer|advocate|courier|postman)"
    r"(?: (?:at|in|from|on|with|for) (?:\w{1,12} ){1,3}|,? )(?:was |is |who is |who was )?(?:named|called|"
    r"by the name of|name of|with the name) "
)
_NAMED = re.compile(r"\bnamed ")
_TITLE = re.compile(
    r"(?<![\w@#])(?:(?:Mr|Mrs|Ms|Miss|Mx|Dr|Capt|Captain|MR|MRS|mr|mrs)(?:\. ?| )|(?:MS|ms)\. ?)"
)
_OFFICE = re.compile(
    r"\b(?:ceo|cfo|coo|cto|chairman|president|senator|minister|governor|mayor|justice|judge|coach|king|queen|prince|"
    r"princess|pope|congressman|"
    r"chancellor|secretary|pm)\b[^.!?]{0,12}\Z"
)
_GREETING = re.compile(
    r"(?<![\w@#])(?:hi|hello|hey|hiya|heya|hola|dear|morning|afternoon|evening|bonjour|hallo|ciao|ola|olá|oi|namaste|"
    r"greetings|welcome|howdy|yo|hej|salut)"
    r"(?: there)?[ ,]{1,2}"
)
_THANKS = re.compile(
    r"\b(?:thanks|thank you|thankyou|thx|tks|thnx|ty|tysm|cheers|sorry|apologies|kudos|props|shout ?out|s/o|hats off|"
    r"bless|congrats|congratulations|understood|no worries|no problem|"
    r"sure|ok|okay|great|bye|noted|sure thing|gotcha|absolutely|awesome|perfect)(?: so much| very much| a lot| again|"
    r" a million| a bunch| goes| go| out)?(?: to)?(?: your| the| our| you)?[ ,]{1,2}"
)
_STAFF = re.compile(
    r"\b(?:(?:spoke|spoken|speaking|talked|talking|chatted|chatting|dealt|dealing)(?: (?:with|to))?|(?:helped|assisted|"
    r"served|advised) by|asked? for|looking for|"
    r"agents?|rep|reps|representative|representatives|supervisor|manager|attendants?|fa|f/a|flight att|steward|"
    r"stewardess|employee|associate|cashier|advisor|adviser|clerk|technician|"
    r"specialist|teammate|crew ?member|driver|pilot|captain|capt|first officer|concierge|server|bartender|colleague|"
    r"husband|wife|son|daughter|brother|sister|friend|hubby|"
    r"boyfriend|girlfriend|cc|attn|attention|passengers?|guest)(?:[ ,:]{1,3}| is | was )"
)
_CARET = re.compile(rf"\^\s?({CAP})[{UP}]?{END}")
_TRAILER = re.compile(r"(?:[\s.!)]|\(?\d ?/ ?\d\)?|https?://\S{1,80}|<url>|\blink)+\Z")
_LAST_WORD = re.compile(rf"({CAP})[{UP}]?\Z")
_MARK = re.compile(r"(?:[*~]|(?<![\w@/-])[-–—/]{1,2}|(?<=[.!?)*])[-–—]{1,2})\s?\Z")
_CLOSING = re.compile(
    r"\b(?:regards|rgds|wishes|sincerely|best|thanks|thank you|thx|ty|cheers|yours|xoxo|love|"
    r"xx)[,.!]{0,2}[ \n]{1,3}[\^*~-]?\Z"
)
_STOP = re.compile(r"(?:[.!?)]|[^\w\s,;:'\"(&@#/<>\[\]-]|(?<=\w)\n)[ \n]{1,3}\Z")
_TAIL = 110  # characters at the end in which a signature may stand
_AFTER = re.compile(
    r" (?:from (?:your|the|customer|guest|reservations|baggage|support|tech|billing|care|chat|corporate)|in (?:customer|"
    r"guest|reservations|baggage|your|tech|billing|support)|"
    r"at (?:your|customer|gate|reservations|baggage|check)|helped|assisted|hung up on|took care of|went above|(?:was|"
    r"is) (?:\w{2,9} ){0,2}(?:helpful|rude|great|amazing|awesome|fantastic|wonderful|"
    r"excellent|terrific|outstanding|professional|unhelpful|polite|courteous|lovely|brilliant|patient|kind|a star|a gem|"
    r"a legend)|"
    r"for (?:taking|helping|your help|the help|assisting|being))\b"
)
_BEFORE_COMMA = re.compile(rf"[{LOW}\d!?’')]{{2}}, ?\Z")
_CLOSED = re.compile(r"[.,!?;:)]|\s?\Z|\s[-–^*:;(]|\s?[^\w\s,'’\"&@#/<>\[-]")
_LEAD = re.compile(r"\s*(?:\.?(?:[@\uff20]\w+|\[HANDLE\])[\s,:]*){1,30}")
_POSSESSIVE = re.compile(r"['’]s\b")
_CAPITAL_BEFORE = re.compile(rf"(?<![\w@])({CAP}), ?\Z")


def _words_of(pattern: re.Pattern[str]) -> frozenset[bytes]:
    """The words in a pattern: a text that has none of them cannot match it."""
    return as_split((re.sub(r"\\[a-zA-Z]", " ", pattern.pattern),))


_GREETING_WORDS, _THANKS_WORDS, _STAFF_WORDS = _words_of(_GREETING), _words_of(_THANKS), _words_of(_STAFF)


_FORMS = frozenset(form for name in FIRST_NAMES | ALSO_WORDS for form in (name.title(), name.upper()))
_TITLES = frozenset(("Mr", "Mrs", "Ms", "Miss", "Dr", "Capt", "Captain", "MR", "MRS", "MS", "mr", "mrs", "ms"))
_OPENERS = as_split(_FORMS | _TITLES)


def _is_foreign_name(words: list[bytes]) -> bool:
    """Whether a word with letters beyond ASCII is a listed name once its accents are gone."""
    return any(rank(w.decode("utf-8", "replace")) >= ALSO for w in words if not w.isascii())


def names(text: str, low: str, words: list[bytes], *, by_agent: bool, contacts: frozenset[int]) -> list[Span]:
    """Names of persons in `text`; may overlap.

    Args:
        low: the text in lower case, of the same length.
        words: its words as they are written.
        by_agent: the post answers a person, so it greets and signs with names.
        contacts: where phone numbers, addresses and the like begin in it.
    """
    listed = not _OPENERS.isdisjoint(words) or (not text.isascii() and _is_foreign_name(words))
    spans = list(unlisted(text, words, by_agent=by_agent, contacts=contacts))
    if not (listed or by_agent or "name" in low or "^" in text):
        return spans
    rules = _Rules(text, low, by_agent, frozenset(word.lower() for word in words))
    spans += [*rules.introduced(), *rules.signed()]
    if listed or by_agent:
        spans += [*rules.addressed(), *rules.titled()]
    if listed:
        spans += [*rules.staff(), *rules.mentioned(contacts)]
    return spans


class _Rules:
    """The rules over one text."""

    def __init__(self, text: str, low: str, by_agent: bool, words: frozenset[bytes]) -> None:
        self.text, self.low, self.by_agent, self.words = text, low, by_agent, words

    def introduced(self) -> Iterator[Span]:
        """ "My name is Anna", "I'm Anna", "an agent named Anna"."""
        if "name" in self.low:
            for m in _NAME_SAID.finditer(self.low):
                if not _NOT_OF_PERSON.search(self.low, max(0, m.start() - 12), m.start()):
                    yield from self._take(m.end(), capital=1, lower=3)
            for m in _NAMED.finditer(self.low):
                yield from self._take(m.end(), capital=3)
        for m in _CALLED.finditer(self.low) if not self.words.isdisjoint((b"named", b"called", b"name")) else ():
            yield from self._take(m.end(), capital=1, lower=3)
        for m in _I_AM.finditer(self.low):
            yield from self._take(m.end(), capital=2)
        for m in _THIS_IS.finditer(self.low):
            yield from self._take(m.end(), capital=3 if m.end() < 40 else 9, closed=3)

    def addressed(self) -> Iterator[Span]:
        """ "Hi Anna,", "Sorry Anna", "Thanks to Anna"."""
        for m in _GREETING.finditer(self.low) if not self.words.isdisjoint(_GREETING_WORDS) else ():
            yield from self._take(m.end(), capital=1 if self.by_agent else 3, closed=1 if self.by_agent else 2, lower_closed=3)
        for m in _THANKS.finditer(self.low) if not self.words.isdisjoint(_THANKS_WORDS) else ():
            yield from self._take(m.end(), capital=2 if self.by_agent else 3, closed=2)

    def titled(self) -> Iterator[Span]:
        """ "Ms. Novak", but neither "CEO Mr. X" nor "Mr. Parcel"."""
        for m in _TITLE.finditer(self.text):
            if not _OFFICE.search(self.low, max(0, m.start() - 30), m.start()):
                yield from self._take(m.end(), capital=2 if m.group()[:4] == "Miss" else 1)

    def staff(self) -> Iterator[Span]:
        """ "Spoke to Anna", "lead FA Anna"."""
        for m in _STAFF.finditer(self.low) if not self.words.isdisjoint(_STAFF_WORDS) else ():
            yield from self._take(m.end(), capital=2)

    def signed(self) -> Iterator[Span]:
        """ "^Anna", "- Anna", "Thanks, Anna" at the end."""
        for m in _CARET.finditer(self.text):
            if rank(m.group(1)) >= 1:
                yield Span(m.start(1), m.end(), "PERSON")
        yield from self._last_word()

    def _last_word(self) -> Iterator[Span]:
        trailer = _TRAILER.search(self.text, max(0, len(self.text) - _TAIL))
        end = trailer.start() if trailer else len(self.text)
        word = _LAST_WORD.search(self.text, max(0, end - 24), end)
        if word is None:
            return
        start, value = word.start(), rank(word.group(1))
        before = self.low[max(0, start - 14) : start]
        if _MARK.search(before):
            least = 1 if self.by_agent and len(word.group(1)) > 2 else 2 if self.by_agent else 3
        elif _CLOSING.search(before):
            least = 1 if self.by_agent and len(word.group(1)) > 2 else 2
        elif _STOP.search(before) and not before.rstrip(" .").endswith("st"):
            least = 2 if self.by_agent else 3
        else:
            return
        if value >= least:
            yield Span(start, end, "PERSON")

    def mentioned(self, contacts: frozenset[int]) -> Iterator[Span]:
        """Listed names that are spoken to, did something for the writer, lead the post, or have contact details beside them."""
        lead = _LEAD.match(self.text)
        first = lead.end() if lead else -1
        for m in _CAPITALS.finditer(self.text):
            if rank(m.group()) >= 2:
                yield from self._mention(m.start(), m.end(), first, contacts)
        upper = _UPPER.match(self.text, first) if first >= 0 else None
        if upper and rank(upper.group()) == 3:
            yield Span(upper.start(), upper.end(), "PERSON")

    def _mention(self, start: int, end: int, first: int, contacts: frozenset[int]) -> Iterator[Span]:
        sure = rank(self.text[start:end]) == 3
        full = full_name(self.text, start, end)
        if _POSSESSIVE.match(self.text, full.end):
            return
        spoken_to = (
            (sure or self.by_agent)
            and _BEFORE_COMMA.search(self.text, max(0, start - 4), start)
            and _CLOSED.match(self.text, end)
            and not self._in_list(start)
        )
        acted = sure and _AFTER.match(self.low, full.end)
        leads = sure and start == first and full.end == end
        beside = (sure and contacts and full.end > end) or touches_contact(self.text, full.end, contacts)
        if spoken_to or acted or leads or beside:
            yield from with_partners(self.text, full)

    def _in_list(self, start: int) -> bool:
        """Whether a capitalised word and a comma stand before it: "Future, Kendrick, Miguel"."""
        before = _CAPITAL_BEFORE.search(self.text, max(0, start - 25), start)
        return before is not None and rank(before.group(1)) > 0

    def _take(self, at: int, *, capital: int, closed: int | None = None, lower: int = 9, lower_closed: int = 9) -> Iterator[Span]:
        """The name that begins at `at`, if its rank is high enough for how it is written.

        Args:
            capital: least rank with a capital letter; `closed`: the same where punctuation or the end follows.
            lower: least rank in lower case; `lower_closed`: the same where punctuation or the end follows.
        """
        m = WORD.match(self.text, at)
        if m is None:
            return
        value = rank(m.group())
        if _POSSESSIVE.match(self.text, m.end()) and not self._after_title(at):
            return
        is_closed = bool(_CLOSED.match(self.text, m.end()))
        if m.group()[0].isupper():
            enough = value >= capital or (closed is not None and is_closed and value >= closed)
            if m.group().isupper():
                enough = value == 3
        else:
            enough = value >= lower or (is_closed and value >= lower_closed)
        if enough:
            yield from with_partners(self.text, full_name(self.text, m.start(), m.end()))

    def _after_title(self, at: int) -> bool:
        return bool(re.search(r"(?:Mr|Mrs|Ms|Dr)\.? \Z", self.text[max(0, at - 6) : at]))
