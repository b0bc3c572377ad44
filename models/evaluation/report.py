"""All measurements of the shipped encoder in one go, and the comparison with its card."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from models.encoder import Encoder, load
from models.evaluation import card, measure, plot, shift, targets
from models.training import sets

CARDS = {"fast": "encoder.md", "accurate": "accurate.md"}


def card_of(tier: str) -> Path:
    """The card of a tier."""
    return Path(__file__).parent.parent / "cards" / CARDS[tier]


def collect(encoder: Encoder, data: Path) -> dict[str, Any]:
    """Measure every head of an encoder on the held rows below `data`.

    Raises:
        ModelFault: a set is missing.
    """
    held = sets.load(data).held
    intents, complaints = measure.intents(encoder, held["intents"], held["complaints"])
    return {
        "shift": shift.measure(encoder, held["topics"]),
        "targets": {name: targets.measure(encoder, part="held", copied=name == "copied") for name in ("told apart", "copied")},
        "sentiment": measure.sentiment(encoder, held["sentiment"]), "other": measure.other_heads(encoder, held),
        "intents": intents, "complaints": complaints,
        "agreement": measure.agreement(data), "languages": measure.languages(encoder, data),
    }


def evaluate(data: Path, *, tier: str = "fast", write: bool = False) -> tuple[str, bool]:
    """Measure the shipped encoder again.

    Args:
        data: folder with the labelled sets.
        write: renew the card.

    Returns:
        What was measured as Markdown, and whether the card says the same.

    Raises:
        ModelFault: weights or a set are missing.
    """
    encoder = load(tier)
    found = collect(encoder, data)
    block = card.render(encoder.sheet, found)
    path = card_of(tier)
    text = path.read_text(encoding="utf-8") if path.exists() else f"# Card: encoder, tier {tier}\n"
    if write:
        heads = {"sentiment": found["sentiment"], **found["other"], "intents": found["intents"]}
        picture = plot.draw({name: values["reliability"] for name, values in heads.items()})
        path.with_name(f"calibration-{tier}.svg").write_text(picture, encoding="utf-8")
        texts = [e.text for e in sets.load(data).held["sentiment"]]
        pace = measure.speed(encoder, texts, time.monotonic)
        rate = f"{pace['per second']:,.0f} texts a second with all heads"
        line = f"Speed: {rate} on {pace['cores']:.0f} cores that had other work as well."
        path.write_text(card.replaced(text, block, line), encoding="utf-8")
    return block, write or card.measured(text) == block
