"""Names that are on no list, where the words around them leave little doubt."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipelines.redaction.name_forms import CAP, END, LOW, NONE, UNKNOWN, UP, full_name, rank, touches_contact
from pipelines.redaction.organisations import PARTS
from pipelines.redaction.spans import Span, as_split

_TITLED = rf"[{UP}][{LOW}]{{2,15}}"  # no CamelCase: that is a product
_AFTER_STAFF = r"(?=[,.!](?:\s|\Z)| (?:was|is|did|for|at|who|in|has|told|helped|from|with|on)\b)"
_GRATEFUL = r"[Tt]hanks|[Tt]hank you|[Kk]udos|[Ss]hout ?out|[Pp]rops"
_ANYBODY = re.compile(
    rf"\b(?:(?:[Aa]gent|[Rr]epresentative|[Rr]ep|[Ss]upervisor|[Aa]ttendant|FA|[Ss]teward|[Ss]tewardess|[Aa]dvisor|[Aa]ssociate|[Mm]anager|"
    rf"[Ee]mployee),? (?P<staff>{_TITLED}){END}{_AFTER_STAFF}"
    rf"|(?:{_GRATEFUL})(?: so much| very much)? to (?P<pair>{_TITLED} {_TITLED}){END}(?= (?:for|at|in|who|from)\b)"
    rf"|(?:{_GRATEFUL}) to (?P<thanked>{_TITLED}){END}(?= for (?:his|her|taking|helping|assisting|being)\b)"
    rf"|(?:[Tt]hanks|[Tt]hank you|[Tt]hx)(?: so much| very much)?, (?P<closing>{_TITLED}){END}(?=[!.]|\s?\Z)"
    rf"|(?:spoke|chatted|talked|dealt|speaking|chatting|talking) (?:to|with) (?P<spoken>{_TITLED}){END}(?=[,.!](?:\s|\Z)| who\b))"
)
_CUES = as_split(("""
agent representative rep supervisor attendant steward stewardess advisor associate manager employee Agent Representative Rep
Supervisor Attendant Steward Manager Employee FA Thanks thanks Thank thank kudos Kudos shout Shout props Props thx Thx spoke
chatted talked dealt speaking chatting talking
""",))
_GREETED = re.compile(
    rf"\s*(?:\.?(?:[@\uff20]\w+|\[HANDLE\])[\s,:]*){{1,30}}"
    rf"(?:[Hh]i|[Hh]ello|[Hh]ey|[Dd]ear),? (?P<greeted>{_TITLED}){END}(?=[,!])"
)
_BY_AGENT = re.compile(
    rf"\b(?:[Ss]orry|[Tt]hanks|[Tt]hank you|[Uu]nderstood|[Nn]o worries|[Ww]elcome)(?: so much)?,? (?P<soothed>{_TITLED}){END}"
    rf"(?=[,.!]| (?:but|for|to|about|that|we)\b)|[{LOW}\d!?'’]{{2}}, (?P<spoken>{_TITLED}){END}(?=[.!?]|\s?\Z)"
)
_PAIR = re.compile(rf"(?<![\w@#/.'’-])({CAP})[ ]({CAP}|[{LOW}]{{3,15}}){END}")
_LOWER_PAIR = re.compile(rf"\bname(?: is|'s|:) ([{LOW}]{{3,15}}) ([{LOW}]{{3,15}}), (?=\d)")


def unlisted(text: str, written: list[bytes], *, by_agent: bool, contacts: frozenset[int]) -> Iterator[Span]:
    """Names that no list holds; `written` are its words, the other arguments as in `names.names`."""
    if by_agent:
        yield from _matched(_BY_AGENT, text)
    if not _CUES.isdisjoint(written):
        yield from _matched(_ANYBODY, text)
    if text[:1] == "@" and not by_agent:
        m = _GREETED.match(text)
        if m and rank(m.group("greeted")) == UNKNOWN:
            yield full_name(text, m.start("greeted"), m.end("greeted"))
    if contacts or "__email__" in text:
        yield from _beside_contacts(text, contacts)


def _matched(pattern: re.Pattern[str], text: str) -> Iterator[Span]:
    for m in pattern.finditer(text):
        group = str(m.lastgroup)
        if all(rank(word) != NONE for word in m.group(group).split(" ")):
            yield full_name(text, m.start(group), m.end(group))


def _beside_contacts(text: str, contacts: frozenset[int]) -> Iterator[Span]:
    """ "Anna Novak/10115/+49 ...": two words, the first with a capital, right before contact details."""
    for m in _PAIR.finditer(text):
        if _may_be_person(m) and touches_contact(text, m.end(), contacts):
            yield Span(m.start(), m.end(), "PERSON")
    for m in _LOWER_PAIR.finditer(text):
        if _may_be_person(m):
            yield Span(m.start(1), m.end(2), "PERSON")


def _may_be_person(pair: re.Match[str]) -> bool:
    return all(rank(word) != NONE and word.lower() not in PARTS for word in pair.groups())
