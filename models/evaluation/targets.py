"""Sentiment by brand, measured on texts that name several: `tests/targets.jsonl`, written for this project.

Each line is {"text", "sentiments": {brand: label}, "set"}. The rules were made while looking at the texts of the set `tuned`;
those of `held` were written afterwards and looked at by nobody but this measurement. All brands are invented.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from models.base import SENTIMENTS, Model
from models.brands import BrandMatcher
from models.evaluation.metrics import Ints, Measured, accuracy, interval
from models.targets import Targets

CASES = Path(__file__).parent.parent.parent / "tests" / "targets.jsonl"
NAMES = ("SkyJet", "AirNova", "Telvo", "Zonic", "Bankora", "PayWise", "Shopwell", "Parcelo")


@dataclass(frozen=True, slots=True)
class _Brand:
    key: str
    name: str
    handles: tuple[str, ...]
    aliases: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()


def matcher() -> BrandMatcher:
    """Finds the invented brands of the cases."""
    return BrandMatcher(_Brand(name.lower(), name, (name,)) for name in NAMES)


def cases(part: str = "held", path: Path = CASES) -> list[dict[str, Any]]:
    """The labelled texts of one set."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [row for row in rows if row["set"] == part]


def given(model: Model, rows: list[dict[str, Any]], *, copied: bool = False) -> list[dict[str, str]]:
    """What a model says of each brand of each case; with `copied`, the sentiment of the whole text for all of them."""
    texts = [row["text"] for row in rows]
    whole = model.score(texts).labels()
    found = [None] * len(texts) if copied else Targets(model).score(texts, matcher().places(texts))
    return [
        {brand: feelings[brand].sentiment if feelings and brand in feelings else label for brand in row["sentiments"]}
        for row, feelings, label in zip(rows, found, whole, strict=True)
    ]


def measure(model: Model, *, part: str = "held", copied: bool = False, path: Path = CASES) -> Measured:
    """Share of brands whose sentiment is right (unknown is wrong), with a bootstrap interval over texts.

    Args:
        part: "held", or "tuned" for the texts that the rules were made with.
        copied: measure what was done before: one sentiment for all brands of a text.
    """
    rows = cases(part, path)
    said = given(model, rows, copied=copied)
    owner = [i for i, row in enumerate(rows) for _ in row["sentiments"]]
    true = np.array([SENTIMENTS.index(label) for row in rows for label in row["sentiments"].values()])
    got = np.array([SENTIMENTS.index(label) if label in SENTIMENTS else -1 for found in said for label in found.values()])
    places = [np.flatnonzero(np.array(owner) == i) for i in range(len(rows))]

    def of_texts(chosen: Ints, _: Ints) -> float:
        spots = np.concatenate([places[i] for i in chosen.tolist()])
        return accuracy(true[spots], got[spots])

    index = np.arange(len(rows))
    found = interval(of_texts, index, index)
    return Measured(found.value, found.low, found.high, len(true))
