"""Cross-validation of intents: runs that each left out one fifth of the labelled posts, measured on what each left out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from models import backbones, weights
from models.base import ModelFault
from models.encoder import Encoder, build
from models.evaluation.measure import folded
from models.network import pretrained
from models.training import calibrate, export
from models.training.sets import EVERY, fold, load
from models.training.train import finished


def measure(tier: str, runs: Sequence[Path], data: Path) -> dict[str, Any]:
    """Intents of all posts, each as the run that did not see it says; temperature and thresholds of a fifth fit the others.

    Args:
        tier: of the runs.
        runs: folders of finished runs, each with another fifth held out.
        data: folder with the labelled sets.

    Raises:
        ModelFault: a run has not finished, or two held out the same fifth.
    """
    states = {state["plan"]["fold_out"]: state for state in map(finished, runs)}
    if len(states) < len(runs) or len(runs) < 2 or min(states) < 0:
        raise ModelFault("--folds needs two runs or more, each trained with another --hold-out.")
    backbone, sheet = backbones.TIERS[tier], weights.sheet(tier)
    path, tokenizer = backbones.files(backbone)
    start, logits, goals, owners = pretrained(backbone, path), [], [], []
    posts = load(data, fold_out=EVERY).held["intents"]
    for number, state in states.items():
        held = [e for e in posts if fold(e.text) == number]
        encoder = Encoder(build(backbone, export.pack(state["network"], start)), tokenizer, sheet)
        logits.append(encoder.logits([e.text for e in held])["intents"])
        goals.append(calibrate.targets(held, "intents"))
        owners += [number] * len(held)
    owner = np.array(owners)
    return folded(np.concatenate(logits), np.concatenate(goals), [owner == number for number in states])


def render(found: dict[str, Any]) -> str:
    """What was measured as Markdown."""
    parts = np.array(found["parts"])
    lines = [
        f"Macro F1 over eleven labels: {found['macro F1']} on {found['macro F1'].n:,} posts; mean of {len(parts)} parts "
        f"{parts.mean():.3f}, standard deviation {parts.std(ddof=1):.3f}. Calibration error"
        f" {found['calibration error']}.",
        "", "| Intent | Positives | F1 |", "|---|---|---|",
        *(f"| {label} | {found['positives'][label]:,} | {value} |" for label, value in found["labels"].items()),
    ]
    return "\n".join(lines)
