"""Phrase files as trees, and the facts that one conversation keeps from its first message to its last.

A phrase file has sections: `# name` and then one template a line. In a template `[a|b|]` is a choice, `{slot}` a fact of
the conversation, `<section>` any template of another section. Lines that begin with `;` are notes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from pipelines.simulation.facts import CAPITAL, SLOTS, Facts, Slot

Node = Any  # str | list[Node] (a choice) | tuple[Node, ...] (a sequence) | Slot
_SENTENCE_ENDS = (". ", "! ", "? ", ": ")
Draw = Callable[[], int]  # the next random number of this text


class Phrases:
    """All sections of one language."""

    def __init__(self, text: str) -> None:
        self._lines: dict[str, list[str]] = {}
        section = ""
        for line in text.splitlines():
            if line.startswith("# "):
                section = line[2:].strip()
            elif line.strip() and not line.startswith(";"):
                self._lines.setdefault(section, []).append(line.strip())
        self._trees: dict[str, list[Node]] = {}

    def names(self) -> list[str]:
        return sorted(self._lines)

    def has(self, section: str) -> bool:
        return section in self._lines

    def tree(self, section: str) -> list[Node]:
        """The section as a choice; parsed when first used."""
        found = self._trees.get(section)
        if found is None:
            found = self._trees[section] = []
            found.extend(self._parse(line) for line in self._lines[section])
        return found

    def first(self, *sections: str) -> list[Node]:
        """The first of these sections that this language has; an empty choice where it has none."""
        for section in sections:
            if section in self._lines:
                return self.tree(section)
        return []

    def _parse(self, text: str) -> Node:
        node, end = self._sequence(text, 0, "", True)
        if end != len(text):
            raise ValueError(f"unbalanced bracket in {text!r}")
        return node

    def _sequence(self, text: str, at: int, stops: str, begins: bool) -> tuple[Node, int]:
        """Parts up to one of `stops`. `begins`: a sentence begins here, so that a fact gets a capital letter."""
        parts: list[Node] = []
        literal = at
        while at < len(text) and text[at] not in stops:
            mark = text[at]
            if mark not in "[{<":
                at += 1
                continue
            if at > literal:
                parts.append(text[literal:at])
                begins = text[literal:at].endswith(_SENTENCE_ENDS)
            if mark == "[":
                choice, at = self._choice(text, at + 1, begins)
                parts.append(choice)
            else:
                close = text.index("}" if mark == "{" else ">", at)
                name = text[at + 1 : close]
                parts.append((CAPITAL if begins else SLOTS)[name] if mark == "{" else self.tree(name))
                at = close + 1
            literal, begins = at, False
        if at > literal:
            parts.append(text[literal:at])
        return (parts[0] if len(parts) == 1 and isinstance(parts[0], str) else tuple(parts)), at

    def _choice(self, text: str, at: int, begins: bool) -> tuple[list[Node], int]:
        options: list[Node] = []
        while True:
            node, at = self._sequence(text, at, "|]", begins)
            options.append("" if node == () else node)
            if at >= len(text):
                raise ValueError(f"[ without ] in {text!r}")
            at += 1
            if text[at - 1] == "]":
                return options, at


@cache
def phrases(language: str) -> Phrases:
    """The phrase files of one language: every `<language>*.txt` beside this module."""
    folder = Path(__file__).parent / "phrases"
    language = language if (folder / f"{language}.txt").exists() else "en"
    return Phrases("\n".join(p.read_text(encoding="utf-8") for p in sorted(folder.glob(f"{language}*.txt"))))


def render(node: Node, draw: Draw, facts: Facts, put: Callable[[str], None]) -> None:
    """Write one reading of `node`, piece by piece, to `put`."""
    kind = node.__class__
    while kind is list:
        if not node:
            return
        node = node[draw() % len(node)]
        kind = node.__class__
    if kind is str:
        put(node)
    elif kind is tuple:
        for part in node:
            if part.__class__ is str:
                put(part)
            elif part.__class__ is Slot:
                put(part.fill(facts))
            else:
                render(part, draw, facts, put)
    else:
        put(node.fill(facts))
