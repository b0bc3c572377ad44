"""How well redaction does on posts that a person has marked up, with 95% intervals."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipelines.redaction.spans import PERSONAL, REFERENCES, Span
from pipelines.statistics import wilson

Finder = Callable[[str], list[Span]]

# Invented, so that no list of names holds them: what is left of the recall for PERSON is due to the words around a name.
_UNLISTED = (
    "Zorvan", "Quellin", "Abrexa", "Dweylo", "Tamsorin", "Orvelle", "Jathrek", "Milovex", "Pernou", "Skandre", "Ulbrina",
    "Vaskoli", "Wexlow", "Yldene", "Broskin", "Cathmel",
)
FIGURES_START = "<!-- figures: written by `earshot redact --evaluate`, not by hand -->"
FIGURES_END = "<!-- end of figures -->"


@dataclass
class Measured:
    """Counts of one evaluation: (found, marked) by type, and what else was touched."""

    posts: int = 0
    recall: dict[str, list[int]] = field(default_factory=dict)
    kept: list[int] = field(default_factory=lambda: [0, 0])  # references that no personal span covers
    named: list[int] = field(default_factory=lambda: [0, 0])  # references found as references
    altered: list[int] = field(default_factory=lambda: [0, 0])  # posts without personal data in which something was masked
    precision: list[int] = field(default_factory=lambda: [0, 0])  # personal spans that touch a marked one


def measure(gold: Iterable[dict[str, Any]], find: Finder) -> Measured:
    """Compare what `find` yields with the marked spans ({"text", "spans": [{"start", "end", "type"}]}); any overlap counts."""
    result = Measured()
    for row in gold:
        result.posts += 1
        marked = [Span(s["start"], s["end"], s["type"]) for s in row["spans"]]
        found = find(row["text"])
        for span in marked:
            _count(result, span, [f for f in found if f.start < span.end and span.start < f.end])
        personal = [f for f in found if f.type in PERSONAL]
        private = [m for m in marked if m.type in PERSONAL]
        result.precision[0] += sum(any(f.start < m.end and m.start < f.end for m in private) for f in personal)
        result.precision[1] += len(personal)
        if not private:
            result.altered[0] += bool(personal)
            result.altered[1] += 1
    return result


def _count(result: Measured, span: Span, over: list[Span]) -> None:
    if span.type in PERSONAL:
        pair = result.recall.setdefault(span.type, [0, 0])
        pair[0] += any(f.type not in REFERENCES for f in over)
        pair[1] += 1
    elif span.type in REFERENCES:
        result.kept[0] += all(f.type in REFERENCES for f in over)
        result.named[0] += any(f.type in REFERENCES for f in over)
        result.kept[1] += 1
        result.named[1] += 1


def with_unlisted_names(gold: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same posts with every word of a marked name replaced by an invented one, in the same case."""
    return [_renamed(row) for row in gold]


def _renamed(row: dict[str, Any]) -> dict[str, Any]:
    text, spans, grown = row["text"], [], 0
    for span in sorted(row["spans"], key=lambda s: int(s["start"])):
        start, end = span["start"] + grown, span["end"] + grown
        if span["type"] == "PERSON":
            name = " ".join(_unlisted(word) for word in text[start:end].split(" "))
            grown += len(name) - (end - start)
            text, end = text[:start] + name + text[end:], start + len(name)
        spans.append({"start": start, "end": end, "type": span["type"]})
    return {**row, "text": text, "spans": spans}


def _unlisted(word: str) -> str:
    name = _UNLISTED[zlib.crc32(word.lower().encode()) % len(_UNLISTED)]
    return name.upper() if word.isupper() else name.lower() if word.islower() else name


def figures(gold: Sequence[dict[str, Any]], find: Finder) -> str:
    """The measured figures as a Markdown table: what was counted, the share, its Wilson 95% interval."""
    result, renamed = measure(gold, find), measure(with_unlisted_names(gold), find)
    rows = [(f"{kind} found", result.recall[kind]) for kind in sorted(result.recall)]
    rows += [
        ("PERSON found, every name replaced by one on no list", renamed.recall.get("PERSON", [0, 0])),
        ("references not masked as personal data", result.kept),
        ("references found and kept as typed tokens", result.named),
        ("masked spans that touch marked personal data", result.precision),
        ("posts without personal data that were altered", result.altered),
    ]
    lines = [f"{result.posts} posts.", "", "| Figure | Count | Share | 95% interval |", "|---|---|---|---|"]
    lines += [_line(name, *counts) for name, counts in rows]
    return "\n".join(lines)


def _line(name: str, hits: int, total: int) -> str:
    low, high = wilson(hits, total)
    share = f"{hits / total:.1%}" if total else "-"
    return f"| {name} | {hits} of {total} | {share} | {low:.1%} to {high:.1%} |"


def in_card(card: str, table: str) -> str:
    """The text of a card with its figures replaced.

    Raises:
        ValueError: the card has no place for figures.
    """
    before, start, rest = card.partition(FIGURES_START)
    _, end, after = rest.partition(FIGURES_END)
    if not start or not end:
        raise ValueError("there is no block of figures")
    return f"{before}{start}\n{table}\n{end}{after}"
