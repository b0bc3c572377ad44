"""Text as the encoders see it: masks for handles and links, words for emoji, and nothing that can break a tokeniser.

The same function prepares training and scored texts, so a change here needs new weights.
"""

from __future__ import annotations

import html
import re
import unicodedata
from functools import lru_cache

LIMIT = 2_000  # characters looked at; 128 tokens are far fewer
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")
_LINK = re.compile(r"(?:https?://|www\.)\S+|<url>|\bpic\.twitter\.com/\S+", re.IGNORECASE)
_HANDLE = re.compile(r"(?<![\w.])@(\w{1,50})")
_CARE = re.compile(r"support|care|help|service|assist", re.IGNORECASE)
_MASK = re.compile(
    r"[<\[](email|phone|number|person|address|card|govid|birthdate|ip|handle|\w+ref)(?:[:_#-][^>\]]{0,40})?[>\]]", re.IGNORECASE
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ud800-\udfff\ufe00-\ufe0f\ufeff]")
_LONG = re.compile(r"(.)\1{3,}")
_SYMBOL = re.compile(r"[\u203c\u2049\u2139-\u21aa\u231a-\u23ff\u25aa-\u27bf\u2b05-\u2b55\u3030-\u3299\U0001f000-\U0001faff]")
# Official names that would mislead a model which knows ordinary English.
_NAMES = {
    "❤": "love heart", "♥": "love heart", "🖤": "love heart", "👍": "thumbs up", "👎": "thumbs down", "😡": "furious face",
    "🤬": "swearing face", "😭": "crying", "😂": "laughing", "🤣": "laughing", "🙏": "please thanks", "🙄": "rolling eyes",
    "💯": "perfect", "🔥": "fire", "👏": "applause", "😍": "in love", "💔": "broken heart", "😒": "unamused", "✈": "airplane",
    "🤡": "clown", "💩": "poo",
}
_FILLER = frozenset(("sign", "symbol", "black", "white", "heavy", "with", "of", "emoji", "face", "medium", "smiling"))


def normalise(text: str) -> str:
    """The text an encoder reads: at most LIMIT characters, one line, without control characters and lone surrogates.

    >>> normalise("@united  why??? 😡😡 https://t.co/abc &amp; more")
    '@user why??? furious face http & more'
    >>> normalise("\\ud800\\x00 @AppleSupport soooooo late")
    '@support sooo late'
    """
    text = text[: 4 * LIMIT].strip()[:LIMIT]
    if "&" in text:
        text = html.unescape(text)
    if "\\u" in text:
        text = _ESCAPED.sub(lambda m: chr(int(m[1], 16)), text)
    if not text.isascii():
        text = _CONTROL.sub("", text)
        text = _SYMBOL.sub(_word, unicodedata.normalize("NFKC", text))
    else:
        text = _CONTROL.sub("", text)
    text = _LINK.sub(" http ", text)
    text = _HANDLE.sub(_handle, text)
    text = _MASK.sub(_mask, text)
    return " ".join(_LONG.sub(r"\1\1\1", text).split())


def _handle(match: re.Match[str]) -> str:
    return "@support" if _CARE.search(match[1]) else "@user"


def _mask(match: re.Match[str]) -> str:
    """What redaction leaves behind, as one plain word."""
    kind = match[1].lower()
    if kind == "handle":
        return "@user"
    return "name" if kind == "person" else "number" if kind in ("phone", "card", "govid", "ip") or kind.endswith("ref") else kind


def _word(match: re.Match[str]) -> str:
    string, at = match.string, match.start()
    if at and string[at - 1] == match[0]:
        return ""  # a row of the same emoji says it once
    return f" {emoji_name(match[0])} "


@lru_cache(maxsize=4096)
def emoji_name(symbol: str) -> str:
    """Words for one emoji: `furious face`; its Unicode name without the filler, or nothing for skin tones and parts."""
    if symbol in _NAMES:
        return _NAMES[symbol]
    name = unicodedata.name(symbol, "").lower()
    if not name or "modifier" in name or "regional indicator" in name:
        return ""
    words = [word for word in re.split(r"[\s-]+", name) if word not in _FILLER]
    return " ".join(words) or name
