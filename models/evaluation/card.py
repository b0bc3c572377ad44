"""The encoder's card: its numbers are generated, so they cannot grow old unnoticed.

Between the two marks stands what `measure` found; the text around them is written by hand and kept as it is.
"""

from __future__ import annotations

import re
from typing import Any

from models.evaluation.metrics import Measured
from models.weights import Sheet

BEGIN, END = "<!-- measured: written by `earshot evaluate --write` -->", "<!-- end of measured -->"
SPEED = re.compile(r"^Speed: .*$", re.MULTILINE)


def render(sheet: Sheet, found: dict[str, Any]) -> str:
    """What was measured as Markdown, from BEGIN to END."""
    sentiment, intents = found["sentiment"], found["intents"]
    lines = [
        BEGIN, f"Version `encoder@{sheet.version}`. Values with 95% bootstrap intervals over rows. Calibration error beside",
        "what a perfectly calibrated head shows on so many rows by chance: on average, and 95% of times below.", "",
        "| Head | Set (held out) | Rows | Metric | Value | Calibration error |", "|---|---|---|---|---|---|",
    ]
    for name in ("macro recall", "macro F1", "accuracy"):
        error = sentiment["calibration error"] if name == "macro recall" else ""
        lines.append(f"| sentiment | TweetEval val | {sentiment[name].n:,} | {name} | {sentiment[name]} | {error} |")
    for head, values in found["other"].items():
        name = next(iter(values))
        row = f"| {head} | TweetEval val | {values[name].n:,} | {name} | {values[name]} | {values['calibration error']} |"
        lines.append(row)
    lines += [
        f"| intents | held fifth | {intents['macro F1'].n:,} | macro F1, 11 labels | {intents['macro F1']} | "
        f"{intents['calibration error']} |",
        f"| complaint | held fifth of the complaint set | {found['complaints'].n:,} | macro F1 | {found['complaints']} | |", "",
        *_recalls(sentiment), "", *_slices(sentiment), "", *_intents(sheet, intents), "",
        *_agreement(found["agreement"]), "", *_shift(found["shift"]), "",
        *_targets(found["targets"]), "",
        *_languages(found["languages"]), "",
        f"![Share right against confidence, each head, ten bins of equal size](calibration-{sheet.tier}.svg)", END,
    ]
    return "\n".join(lines)


def _recalls(sentiment: dict[str, Any]) -> list[str]:
    recalls = ", ".join(f"{label} {value:.3f}" for label, value in sentiment["recall"].items())
    unknown = ", ".join(f"{why} {share:.1%}" for why, share in sentiment["unknown"].items())
    return [f"Recall by sentiment: {recalls}. Unknown on the same rows: {unknown}."]


def _slices(sentiment: dict[str, Any]) -> list[str]:
    rows = [f"| {name} | {value.n:,} | {value} |" for name, value in sentiment["slices"].items()]
    return ["| Sentiment, texts ... | Rows | Macro recall |", "|---|---|---|", *rows]


def _intents(sheet: Sheet, intents: dict[str, Any]) -> list[str]:
    counts = intents["positives"]
    limits = sheet.thresholds
    rows = [f"| {label} | {counts[label]:,} | {value} | {limits[label]:.2f} |" for label, value in intents["labels"].items()]
    return ["| Intent | Positives | F1 | Threshold shipped |", "|---|---|---|---|", *rows]


def _agreement(found: dict[str, Any]) -> list[str]:
    kappas = ", ".join(f"{label} {value:.2f}" for label, value in found["kappa"].items())
    return [
        f"Labels read for this project against those of {found['posts']} labelled posts, read unseen: macro F1 "
        f"{found['macro F1']:.3f}; kappa: {kappas}.",
    ]


def _shift(found: dict[str, Any]) -> list[str]:
    before, after = found["before"], found["after"]
    return [
        f"| Adapted to its own shares: {found['topics']} held-aside topics, {found['texts']:,} texts | Before | After |",
        "|---|---|---|",
        f"| error of the negative share, points | {_points(found['counted'])} | {_points(found['estimated'])} |",
        *(f"| {name} | {before[name]} | {after[name]} |" for name in ("accuracy", "macro F1")),
    ]


def _targets(found: dict[str, Measured]) -> list[str]:
    rows = [f"| {name} | {value.n} | {value} |" for name, value in found.items()]
    return ["| Brands of texts that name several (cases of our own), sentiment | Texts | Share right |", "|---|---|---|", *rows]


def _points(value: Measured) -> str:
    return f"{value.value:.1f} ({value.low:.1f}-{value.high:.1f})"


def _languages(languages: dict[str, dict[str, Any]]) -> list[str]:
    rows = [f"| {name} | {values['scored']:.1%} | {values['if scored']} |" for name, values in languages.items()]
    return ["| Language | Scored, not unknown | Macro recall of sentiment if all were scored |", "|---|---|---|", *rows]


def measured(card: str) -> str:
    """The generated part of a card; "" where it has none."""
    start, end = card.find(BEGIN), card.find(END)
    return card[start : end + len(END)] if 0 <= start < end else ""


def replaced(card: str, block: str, speed: str) -> str:
    """A card with its generated part and its speed line renewed."""
    old = measured(card)
    card = card.replace(old, block) if old else f"{card.rstrip()}\n\n{block}\n"
    return SPEED.sub(lambda _: speed, card)
