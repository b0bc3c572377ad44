"""Contact reasons: why people write to a company, found by a taxonomy of words and phrases.

The taxonomy is the plain table `words/topics.toml`, topic -> phrases, so that a user's own topics can be added to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from models.phrases import Phrases, word_list, words_of


class TopicFinder:
    """Finds contact reasons.

    Args:
        more: topics of the user's own, topic -> phrases; they extend those of the same name.
    """

    def __init__(self, more: Mapping[str, Sequence[str]] | None = None) -> None:
        table: dict[str, tuple[str, ...]] = {}
        for source in (word_list("topics"), more or {}):
            for topic, phrases in source.items():
                for phrase in phrases:
                    known = table.get(phrase.lower(), ())
                    table[phrase.lower()] = known if topic in known else (*known, topic)
        self._phrases = Phrases(table)

    def find(self, tokens: list[str]) -> list[str]:
        """The topics of one text, given as `phrases.words(text)`: each once, in order of appearance."""
        return list(dict.fromkeys(topic for _, _, topics in self._phrases.find(tokens) for topic in topics))

    def find_all(self, texts: Sequence[str]) -> list[list[str]]:
        """The topics of each text."""
        return [self.find(tokens) for tokens in words_of(texts)]
