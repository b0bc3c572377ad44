"""How people write: haste, slips of the finger, capitals, abbreviations."""

from __future__ import annotations

import re

from pipelines.simulation.grammar import Draw

_SHORT = (
    (" you ", " u "), (" your ", " ur "), (" are ", " r "), ("please", "pls"), ("Please", "Pls"), ("because", "cos"),
    ("thanks", "thx"), ("Thanks", "Thx"), (" people", " ppl"), (" with ", " w/ "), ("tomorrow", "tmrw"),
    (" really ", " rly "), ("though", "tho"), (" going to ", " gonna "), (" minutes", " mins"),
    (" customer service", " cust service"), (" flights", " flts"), (" and ", " & "),
)  # fmt: skip
_SLIPS = (
    ("their", "thier"), ("receive", "recieve"), ("definitely", "definately"), ("luggage", "lugage"),
    ("because", "becuase"), ("believe", "beleive"), ("ridiculous", "rediculous"), ("really", "realy"),
    ("cancelled", "canceled"), ("cancelled", "cancled"), ("you're", "your"), ("it's", "its"), ("It's", "Its"),
    ("too ", "to "), ("disappointed", "dissapointed"), ("there's", "theres"), ("already", "allready"),
    ("separate", "seperate"), ("apologise", "apologize"), ("they're", "there"), ("don't", "dont"), ("can't", "cant"),
    ("didn't", "didnt"), ("I'm", "Im"), ("tomorrow", "tommorow"), ("embarrassing", "embarassing"), ("address", "adress"),
    ("until", "untill"), ("suitcase", "suit case"), ("a lot", "alot"), ("no one", "noone"), ("whose", "who's"),
)  # fmt: skip
_KEEP = re.compile(r"[@#]\S+")


def written(text: str, language: str, sentiment: int, channel: int, short: bool, draw: Draw, *, formal: bool) -> str:
    """The text as its writer types it: most as it is, some in haste, some in anger."""
    roll = draw() % 100
    if roll >= (34 if formal else 62) or not text:
        return text
    if roll < 16:
        return _lowered(text, draw)
    if roll < 26:
        return _slipped(text, draw) if language == "en" else _swapped(text, draw)
    if roll < 32:
        return _swapped(text, draw)
    if roll < 42 and language == "en" and not formal:
        return _abbreviated(text, draw)
    if roll < 50:
        return text.rstrip(".")
    if roll < 55 and sentiment == 0 and not short:
        return _loud(text, draw)
    if roll < 59 and sentiment != 1 and text.endswith("."):
        return text[:-1] + "!" * (1 + draw() % 3)
    return text


def _lowered(text: str, draw: Draw) -> str:
    lowered = text.lower()
    if _KEEP.search(text):
        lowered = _KEEP.sub(lambda m: text[m.start() : m.end()], lowered)
    how = draw() % 4
    if how == 0:
        lowered = lowered.replace("'", "").replace("’", "")
    elif how == 1:
        lowered = lowered.replace(",", "").rstrip(".")
    elif how == 2:
        lowered = lowered.rstrip(".").replace(". ", " ")
    return lowered


def _slipped(text: str, draw: Draw) -> str:
    at = draw() % len(_SLIPS)
    for i in range(len(_SLIPS)):
        right, wrong = _SLIPS[(at + i) % len(_SLIPS)]
        if right in text:
            return text.replace(right, wrong, 1)
    return text


def _swapped(text: str, draw: Draw) -> str:
    """Two neighbouring letters inside a word change places, or one is missing; addresses and the like stay as they are."""
    at = 2 + draw() % max(len(text) - 4, 1)
    pair = text[at : at + 2]
    if len(pair) == 2 and text[at - 1 : at + 3].isalpha() and pair.islower():
        word = text[text.rfind(" ", 0, at) + 1 :].split(" ", 1)[0]
        if not any(mark in word for mark in "@#_./"):
            return text[:at] + (pair[::-1] if draw() % 3 else pair[0]) + text[at + 2 :]
    return text


def _abbreviated(text: str, draw: Draw) -> str:
    start = draw() % len(_SHORT)
    changed = 0
    for i in range(len(_SHORT)):
        long, short = _SHORT[(start + i) % len(_SHORT)]
        if long in text:
            text = text.replace(long, short)
            changed += 1
            if changed == 3:
                break
    return text


def _loud(text: str, draw: Draw) -> str:
    if draw() % 9 == 0 and len(text) < 130:
        return text.upper()
    parts = text.split(" ")
    for _ in range(1 + draw() % 2):
        at = draw() % len(parts)
        if len(parts[at]) > 2 and parts[at].isalpha():
            parts[at] = parts[at].upper()
    return " ".join(parts)
