"""Finding words and short phrases of a table in text: one pass over the words, one dictionary look-up a word.

Everything that works by word lists (lexicon, topics, language) shares this pass, so ten tables cost little more than one.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Generic, TypeVar

T = TypeVar("T")
_Entry = tuple[int, list[str], str, T]  # words in all; those after the first; how the last begins, if it is a stem; value
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?|[!?]+|[\u203c-\u3299\U0001f000-\U0001faff]")
_MASKED = re.compile(r"@\w+|https?://\S+|www\.\S+")
LIMIT = 2_000
_REMEMBERED = 200_000


def words(text: str) -> list[str]:
    """Lower-case words, runs of ! and ?, and single emoji of the first LIMIT characters; no handles and no links.

    >>> words("@united It's LATE!! 😡 http://t.co/x")
    ["it's", 'late', '!!', '😡']
    """
    text = text[:LIMIT].lower()
    if "@" in text or "http" in text or "www." in text:
        text = _MASKED.sub(" ", text)
    if "’" in text:
        text = text.replace("’", "'")
    return _WORD.findall(text)


_LAST: list[tuple[Sequence[str], list[list[str]]]] = []


def words_of(texts: Sequence[str]) -> list[list[str]]:
    """`words` of each text. The answer for the last sequence is kept, because several tables read the same batch."""
    if _LAST and _LAST[0][0] is texts:
        return _LAST[0][1]
    found = [words(text) for text in texts]
    _LAST[:] = [(texts, found)]
    return found


@cache
def word_list(name: str) -> dict[str, Any]:
    """A word list of ours: `words/<name>.toml`, read once."""
    return tomllib.loads((Path(__file__).parent / "words" / f"{name}.toml").read_text(encoding="utf-8"))


class Phrases(Generic[T]):
    """A table from phrases ("not working", "delayed") to values.

    Args:
        table: phrase in lower case -> value. `delay*` stands for any word that begins so, as the last word of a phrase.
    """

    def __init__(self, table: Mapping[str, T] | Iterable[tuple[str, T]]) -> None:
        self._exact: dict[str, list[_Entry[T]]] = {}
        self._stems: dict[str, list[_Entry[T]]] = {}
        for phrase, value in table.items() if isinstance(table, Mapping) else table:
            first, *rest = phrase.split()
            stem = rest.pop()[:-1] if rest and rest[-1].endswith("*") else ""
            starts = self._stems if first.endswith("*") else self._exact
            starts.setdefault(first.rstrip("*"), []).append((1 + len(rest) + bool(stem), rest, stem, value))
        self._sizes = sorted({len(stem) for stem in self._stems})
        # What can begin with a word is worked out once a word: texts repeat a small vocabulary.
        self._seen: dict[str, list[_Entry[T]] | None] = {}

    def find(self, tokens: list[str]) -> list[tuple[int, int, T]]:
        """(first word, words, value) of what is found, longest phrase first at each place, none within another."""
        found = []
        skip = 0
        seen = self._seen
        for i, token in enumerate(tokens):
            try:
                entries = seen[token]
            except KeyError:
                entries = self._learn(token)
            if entries and i >= skip:
                for size, rest, stem, value in entries:
                    if size == 1 or _follows(tokens, i + 1, rest, stem):
                        found.append((i, size, value))
                        skip = i + size
                        break
        return found

    def _learn(self, token: str) -> list[_Entry[T]] | None:
        entries = list(self._exact.get(token, ()))
        for size in self._sizes:
            entries += self._stems.get(token[:size], ()) if len(token) >= size else ()
        if len(self._seen) >= _REMEMBERED:
            self._seen.clear()
        self._seen[token] = sorted(entries, key=lambda entry: -entry[0]) or None
        return self._seen[token]


def _follows(tokens: list[str], at: int, rest: list[str], stem: str) -> bool:
    end = at + len(rest)
    return tokens[at:end] == rest and (not stem or (end < len(tokens) and tokens[end].startswith(stem)))
