"""What relates two brands in a part of a text: comparisons, switches, preferences, advice to learn from the other.

Such a part says something about both sides, and not the same: it becomes a plain statement about each, which a model of
sentiment reads without having to know who is meant. Brands stand in the text as «0», «1» ...
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from models.lexicon import valence

GAP = r"[^«»]{0,40}?"
NAME = "this brand"  # in place of the name: it fits wherever a name stands, and brings no feeling of its own


@dataclass(frozen=True, slots=True)
class Part:
    """What a text says about one brand. turned: it says the opposite of `text`."""

    text: str
    turned: bool = False


@dataclass(frozen=True, slots=True)
class _Relation:
    pattern: re.Pattern[str]
    turns: bool  # "biggest mistake was ..." makes the opposite of it
    stands: bool  # a negation changes nothing: "you don't care like A does"


def _relation(pattern: str, *, turns: bool = False, stands: bool = False) -> _Relation:
    """Brands are written G (better off) and B (worse off)."""
    for sign, name in (("G", "good"), ("B", "bad")):
        pattern = re.sub(rf"\b{sign}\b", rf"«(?P<{name}>\\d+)»(?:'s?\\b)?", pattern, count=1)
    return _Relation(re.compile(pattern.replace("~", GAP)), turns, stands)


_RELATIONS = (
    _relation(
        r"\b(?:switch\w*|mov(?:e|ed|ing)|chang\w+|go|going|gone|went|com(?:e|ing)|came|convert\w*|port\w*|jump\w*|ran|run\w*)\b"
        r" ~\bfrom (?:the |my )?B ~\b(?:back |over )?to G", turns=True
    ),
    _relation(
        r"\b(?:left|leav\w+|ditch\w*|dump\w*|dropp?\w*|quit\w*|swap\w*|trad\w+|abandon\w*|cancel\w*)\b ~B ~\bfor G", turns=True
    ),
    _relation(
        r"\b(?:left|ditch\w+|dump\w+|quit|cancell?ed|leaving)\b ~B\W+(?:and )?~\b(?:join|switch|mov|went|go)\w*\b ~G", turns=True
    ),
    _relation(
        r"\b(?:switch\w*|mov(?:e|ed|ing)|defect\w*|convert\w*|port\w*|jump\w*|return\w*|(?:go|going|went|com(?:e|ing)|ran)"
        r" (?:back|over))\b ~\bto G(?:~\bfrom B)?", turns=True
    ),
    _relation(r"\b(?:prefer\w*|ch(?:oo|o)s\w+|pick\w*|recommend\w*|rather) ~G ~\b(?:to|over|instead of|rather than|than) B"),
    _relation(r"G ~(?:\bbeats?|\boutshines?|\boutperforms?|\bwins? over|\bcrush\w*|\bdestroy\w*|>+) ~B"),
    _relation(r"B ~<+ ~G"),
    _relation(r"G ~\bputs? ~B ~\bto shame"),
    _relation(r"G ~\b(?:rescu|sav)\w+ ~\bfrom B"),
    _relation(
        r"\b(?:should(?:'ve| have|a)|wish (?:i|we)(?:'d| had|'ve)?) ~(?:flown|used|booked|chosen|picked|gone|stayed|stuck|taken|"
        r"bought|called|joined)\b ~G(?: instead of B)?"
    ),
    _relation(r"\b(?:next time|stick with|(?:sticking|staying) with) ~G"),
    _relation(r"G ~\b(?:instead of|rather than) B"),
    _relation(r"\bused to (?:love|like|adore|trust|swear by) ~B"),
    _relation(r"\b(?:lessons?|notes?|page|leaf|cue|tips?|learn\w*|pointers)\b ~\bfrom G", stands=True),
    _relation(r"\b(?:more|much) like G", stands=True),
    _relation(r"\b(?:like|as) G (?:does|do|did|is|are|has|have|can|offers?)\b", stands=True),
    _relation(r"\b(?:good)?(?:bye|riddance|farewell|adios|so long)\b ~B(?:\W+(?:and )?(?:hello|hi|hey|welcome)\b ~G)?"),
    _relation(r"\b(?:miss|missing) G"),
    _relation(r"\b(?:nothing|nobody|no one) ~\b(?:beats|better than) G", stands=True),
)
_REGRET = re.compile(r"\b(?:mistake|regret\w*|never should(?:'ve| have)|should(?:n't| not| never) have|wish (?:i|we) hadn't)\b")
_NO_REGRET = re.compile(r"\b(?:no|zero|not|never|don't|without)\b[^«»]{0,20}regret")
_THAN = re.compile(r"\bthan (?:[\w']+ ){0,3}?(?:«(?P<brand>\d+)»(?:'s?\b(?: \w+){0,2})?|(?:this|yours?|you)\b)")
_AS = re.compile(r"\bas (?P<how>[\w'-]+) (?:[\w'-]+ ){0,3}?as (?:the |my )?«(?P<brand>\d+)»(?:'s?\b)?")
_GOOD = re.compile(
    r"\b(?:better|nicer|faster|quicker|cheaper|friendlier|easier|smoother|cleaner|kinder|safer|smarter|comfier|classier|"
    r"more (?:reliable|helpful|comfortable|convenient|professional|friendly|pleasant|responsive|affordable))\b"
)
UNLIKE = re.compile(
    r"\b(?:unlike|(?:the )?opposite of|compared (?:to|with)|not like) (?:[\w']+ ){0,2}?«(?P<brand>\d+)»(?:'s?\b)?"
)
_NEGATED = re.compile(r"\b(?:no|not|never|nowhere|hardly|isn't|aren't|wasn't|ain't|doesn't|don't|didn't|won't|can't)\b")
_BEFORE = 30  # characters before a relation in which its negation stands
# The negation of what follows to the end, in the same clause: "I would never", "no way I'm", "I don't think you should".
_DENIED = re.compile(
    r"(?<!why )\b(?:no way|(?:don'?t|do not|doesn'?t) (?:think|believe|see|know|understand|recommend|suggest|advise|you ever))\b"
    r"[^«»,.;:!?]*$"
    r"|(?<!why )\b(?:(?:do|does|did|wo|ca|would|could|should|is|are|was|were|have|has|had|ai)n'?t|cannot|not|never|hardly|"
    r"no (?:chance|reason|need|point|plans?|intention|sense))\b"
    r"(?! (?:wait|hesitate|think twice|regret\w*|sorry|surprised|only|just|help but|mind|blame|doubt|believe|stand|look\w* back|"
    r"(?:been |be |felt )?(?:happier|better|more)))\b"
    r"(?:(?!\b(?:i|im|we|you|u|they|he|she|since|because|cause|cuz|after|when|while|until|till|so|and|but|yet|if|then|now)\b)"
    r"[^«»,.;:!?])*$"
)
_ASKED = re.compile(r"^\W*(?:is|are|was|does|do|did|which|who|should|would|anyone|any one|can|how)\b.*\?")
BETTER, WORSE = Part("This brand is better."), Part("This brand is worse.")


def about(unit: str) -> Part:
    """A part of a masked text as what it says about the brand that it names."""
    return Part(re.sub(r"«\d+»", NAME, unit).strip(" ,"))


def related(low: str, named: list[int], addressed: list[int], last: list[int]) -> list[tuple[int, Part]]:
    """What a part says about the brands that it relates; [] where it relates none.

    Args:
        low: masked, in lower case.
        named: brands that it names.
        addressed: brands that "you" means.
        last: brands that the words before were about.
    """
    if _ASKED.match(low):
        return []
    return _comparison(low, named, addressed, last) or _relation_of(low, named, addressed)


def _comparison(low: str, named: list[int], addressed: list[int], last: list[int]) -> list[tuple[int, Part]]:
    """Comparatives and "unlike": one side is better, the other worse; or the other gets the opposite of what is said of one."""
    for pattern in (UNLIKE, _THAN, _AS):
        place = pattern.search(low)
        if place is None:
            continue
        other = [int(place["brand"])] if place["brand"] else addressed
        subjects = [brand for brand in named if brand not in other] or [b for b in addressed or last if b not in other]
        sides = _sides(pattern, place, low) if other and subjects else None
        if sides:
            return [*((brand, sides[0]) for brand in subjects), *((brand, sides[1]) for brand in other)]
    return []


def _sides(pattern: re.Pattern[str], place: re.Match[str], low: str) -> tuple[Part, Part] | None:
    """What a comparison says about its subject and about the other; None where it is none."""
    before = low[: place.start()]
    said = about(before + low[place.end() :])
    negated = _NEGATED.search(before) is not None
    if pattern is _AS:
        if not negated:
            return None
        return (WORSE, BETTER) if valence([place["how"]]) >= 0 else (BETTER, WORSE)
    if pattern is _THAN and (negated or "worse" in before.split()):
        return said, said  # "no better than B" is no praise of B, and neither is "worse than B"
    if pattern is _THAN and _GOOD.search(before):
        return BETTER, WORSE
    return said, Part(said.text, turned=True)


def _relation_of(low: str, named: list[int], addressed: list[int]) -> list[tuple[int, Part]]:
    """Switches, preferences and recommendations: one side is better, the other worse; [] where that is negated."""
    for relation in _RELATIONS:
        place = relation.pattern.search(low)
        if place is None or (relation.turns and len({*named, *addressed}) < 2):  # "going to A" alone is no switch
            continue
        sides = place.groupdict()
        good, bad = ([int(found)] if (found := sides.get(side)) else [] for side in ("good", "bad"))
        good = good or [brand for brand in named if brand not in bad]
        bad = bad or [brand for brand in dict.fromkeys([*named, *addressed]) if brand not in good]
        if relation.turns and _REGRET.search(low) and not _NO_REGRET.search(low):
            good, bad = bad, good
        elif not relation.stands and _denied(low, place):
            return []
        return [*((brand, BETTER) for brand in good), *((brand, WORSE) for brand in bad)]
    return []


def _denied(low: str, place: re.Match[str]) -> bool:
    """Whether a relation is negated, before it or before its verb: then it is not known which side the text is on."""
    sign = low.index("«", place.start())
    if _DENIED.search(low[max(0, place.start() - _BEFORE) : sign]):
        return True
    verb = low[low.index("»", sign) + 1 : low.find("«", sign + 1)] if sign == place.start() and place[0].count("«") > 1 else ""
    return _DENIED.search(verb) is not None
