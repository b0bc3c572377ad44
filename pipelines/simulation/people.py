"""Who writes: invented handles, names and followings, each fixed by the author's number."""

from __future__ import annotations

from functools import lru_cache

from pipelines.simulation.facts import FIRST, LAST, words

_STEMS = words(
    """
    window_seat, jetlagged, gatecheck, carryon, nomad, wander, skyward, commuter, runway, redeye, backpack, suitcase,
    layover, teabreak, northbound, seagull, puffin, marmalade, cobblestone, lighthouse, gravel, hiker, cyclist, violinist,
    baker, teacher, nurse, coder, gardener, rugbyfan, dogmum, catdad, bookish, espresso, croissant, dumpling, rainyday,
    sunchaser, midlife, gran, thereal, justme, hey_its, dr, the_other, notthat, lostin, tiredof, always, chef, captain,
    miss, mister, lady, uncle, auntie, sailor, pixel, vinyl
    """
)
_MASK = (1 << 64) - 1


def _mixed(number: int) -> int:
    number = (number ^ (number >> 30)) * 0xBF58476D1CE4E5B9 & _MASK
    number = (number ^ (number >> 27)) * 0x94D049BB133111EB & _MASK
    return number ^ (number >> 31)


@lru_cache(maxsize=65536)
def handle(number: int) -> str:
    """A user name that no two numbers share."""
    draw = _mixed(number + 11)
    first, stem = FIRST[draw % len(FIRST)].lower(), _STEMS[(draw >> 8) % len(_STEMS)]
    form = (draw >> 16) % 7
    if form == 0:
        return f"{first}_{stem}{number}"
    if form == 1:
        return f"{stem}_{first}{number}"
    if form == 2:
        return f"{first}{LAST[(draw >> 20) % len(LAST)][0].lower()}_{number}"
    if form == 3:
        return f"{stem.title().replace('_', '')}{number}"
    if form == 4:
        return f"{first[:3]}{stem}{number}"
    if form == 5:
        return f"{LAST[(draw >> 20) % len(LAST)].lower()}.{first}{number}"
    return f"{first}{number}"


def display_name(number: int) -> str:
    """How the invented person of that number signs: first name, full name or an initial."""
    draw = _mixed(number + 11)
    first, last = FIRST[draw % len(FIRST)], LAST[(draw >> 20) % len(LAST)]
    return (first, f"{first} {last}", f"{first} {last[0]}.", f"{first} {last}", first.lower())[(draw >> 40) % 5]


def followers(number: int) -> int:
    """How many follow them: a few hundred usually, seldom a hundred thousand."""
    draw = (_mixed(number + 29) >> 11) / float(1 << 53)
    return int(12 + 160 * (1 / (1 - draw * 0.99995) ** 0.78 - 1) + 300 * draw * draw)


@lru_cache(maxsize=65536)
def person(number: int) -> tuple[str, str, int]:
    """User name, display name and number of followers."""
    return handle(number), display_name(number), followers(number)
