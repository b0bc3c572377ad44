"""Contact reasons: why people write to a company, found by a taxonomy of words and phrases.

The taxonomy is the plain table `words/topics.toml`, topic -> phrases; [topics.*] stanzas of earshot.toml add to it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from models.phrases import Phrases, word_list, words, words_of


def normal(phrase: str) -> str:
    """A phrase as texts are read: lower-case words with single spaces; a `*` at its end is kept.

    >>> normal("Wi-Fi"), normal("cancel*")
    ('wi fi', 'cancel*')
    """
    return " ".join(words(phrase.rstrip("*"))) + "*" * phrase.endswith("*")


class TopicFinder:
    """Finds contact reasons.

    Args:
        more: topics of the user's own, topic -> phrases; they extend those of the same name.
        replaced: names of topics of which only the user's own phrases count; one without any is switched off.
    """

    def __init__(self, more: Mapping[str, Sequence[str]] | None = None, *, replaced: Collection[str] = ()) -> None:
        table: dict[str, tuple[str, ...]] = {}
        ours = {topic: phrases for topic, phrases in word_list("topics").items() if topic not in replaced}
        for source in (ours, more or {}):
            for topic, phrases in source.items():
                for phrase in map(normal, phrases):
                    known = table.get(phrase, ())
                    table[phrase] = known if topic in known else (*known, topic)
        self._phrases = Phrases(table)

    def find(self, tokens: list[str]) -> list[str]:
        """The topics of one text, given as `phrases.words(text)`: each once, in order of appearance."""
        return list(dict.fromkeys(topic for _, _, topics in self._phrases.find(tokens) for topic in topics))

    def find_all(self, texts: Sequence[str]) -> list[list[str]]:
        """The topics of each text."""
        return [self.find(tokens) for tokens in words_of(texts)]
