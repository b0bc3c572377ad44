"""How a text is read: its words, hashtags, handles and links. Queries, matching and compiling share this reading.

A word is a run of letters and digits; case and accents do not count ("Citroën" is "citroen"), everything else parts words
("coca-cola" is two). In scripts without spaces each character is a word, so that a term matches wherever it is written.
An emoji is a word. A link counts as one unknown word: what stands in an address is asked for with `link:`.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import regex

_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\u30fc\uff70"
_EMOJI = r"[[\p{Extended_Pictographic}]&&[\u2190-\U0010ffff]]"
_LINK_WORD = "\x1a"  # stands for a link among the words of a text
_WORD = regex.compile(
    rf"(?V1)[{_UNSPACED}]\p{{M}}*|{_EMOJI}|[[\p{{L}}\p{{N}}]--[{_UNSPACED}]][[\p{{L}}\p{{N}}\p{{M}}]--[{_UNSPACED}]]*|{_LINK_WORD}"
)
_PATTERN = regex.compile(
    rf"(?V1)[{_UNSPACED}]\p{{M}}*|{_EMOJI}|[[\p{{L}}\p{{N}}*]--[{_UNSPACED}]][[\p{{L}}\p{{N}}\p{{M}}*]--[{_UNSPACED}]]*"
)
_ASCII_WORD = re.compile(rf"[a-z0-9]+|{_LINK_WORD}")
_ACCENTS = re.compile("[\u0300-\u036f]+")
_LINK = re.compile(r"(?:https?://|\bwww\.)([^\s/?#:]+)\S*", re.I)
_TAG = regex.compile(r"(?<![\w&#])[#\uff03]([\w\p{M}]+)")
_HANDLE = re.compile(r"(?<![\w@#$%&*!/])@(\w+(?:[.-]\w+)*(?:@\w+(?:[.-]\w+)*)?)")
_SPACELESS = regex.compile(rf"[{_UNSPACED}]")
_PICTURE = regex.compile(rf"(?V1){_EMOJI}")
# What search engines leave out of English texts and queries.
_DROPPED = """
i me my myself we our ours ourselves you your yours yourself yourselves he him his himself she her hers herself it its itself
they them their theirs themselves what which who whom this that these those am is are was were be been being have has had having
do does did doing a an the and but if or because as until while of at by for with about against between into through during
before after above below to from up down in out on off over under again further then once here there when where why how all any
both each few more most other some such no nor not only own same so than too very s t can will just don should now
"""
DROPPED = frozenset(_DROPPED.split())
# Words on which no query should rest.
_FREQUENT = """
get got go one like new good know want time people day see us make would could also back still really much even
"""
COMMON = DROPPED | frozenset(_FREQUENT.split())


def lowered(text: str) -> str:
    """Lower case, composed (NFC), with single spaces; accents stay.

    >>> lowered("  CITROE\u0308N   C3 ")
    'citroën c3'
    """
    return " ".join(unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).lower()).split())


def folded(text: str) -> str:
    """Lower case without accents, the form in which texts and terms are compared.

    >>> folded("Citroën"), folded("İSTANBUL"), folded("हिन्दी")
    ('citroen', 'istanbul', 'हिन्दी')
    """
    if text.isascii():
        return text.lower()
    bare = _ACCENTS.sub("", unicodedata.normalize("NFD", unicodedata.normalize("NFC", text).lower()))
    return unicodedata.normalize("NFC", bare)


def words(plain: str) -> list[str]:
    """The words of a folded text.

    >>> words(folded("JetBlue's @crew: #Love_it! 京都 https://t.co/x"))[:6]
    ['jetblue', 's', 'crew', 'love', 'it', '京']
    """
    if "://" in plain or "www." in plain:
        plain = _LINK.sub(f" {_LINK_WORD} ", plain)
    found: list[str] = (_ASCII_WORD if plain.isascii() else _WORD).findall(plain)
    return found


@lru_cache(maxsize=4096)
def pattern_words(text: str) -> tuple[str, ...]:
    """The words of a term as it is written in a query, folded; a * may stand in them.

    >>> pattern_words("O'Reilly serv*")
    ('o', 'reilly', 'serv*')
    """
    return tuple(_PATTERN.findall(folded(text)))


def written_words(text: str) -> list[str]:
    """The words of a term with their accents, as a platform is asked for them."""
    found: list[str] = _PATTERN.findall(text)
    return found


def trimmed(text: str) -> str:
    """A term without the punctuation around it; empty where it has no word.

    >>> trimmed("(booking.com)!"), trimmed("...")
    ('booking.com', '')
    """
    found = list(_PATTERN.finditer(text))
    return text[found[0].start() : found[-1].end()] if found else ""


def hashtags(plain: str) -> set[str]:
    """Names of the hashtags of a folded text, without #; a number alone is none."""
    return {tag for tag in _TAG.findall(plain) if not tag.isdigit()} if "#" in plain or "\uff03" in plain else set()


def handles(plain: str) -> set[str]:
    """Accounts that a folded text names, without @ in front; with the server where that is written out."""
    return set(_HANDLE.findall(plain)) if "@" in plain else set()


def first_handle(plain: str) -> str | None:
    """The account that a text is addressed to: the one it begins with."""
    found = _HANDLE.match(plain.lstrip())
    return found[1] if found else None


def hosts(text: str) -> set[str]:
    """Host names of the links in a text or address, lower case, without www."""
    return {host.lower().removeprefix("www.").rstrip(".") for host in _LINK.findall(text)}


def is_spaceless(text: str) -> bool:
    """Is any of it in a script that puts no spaces between words?"""
    return bool(_SPACELESS.search(text))


def has_emoji(text: str) -> bool:
    """Is there an emoji in it?"""
    return bool(_PICTURE.search(text))
