"""From a finished run to what is shipped: small differences, calibrated, with a sheet that pins every byte."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save
from torch import Tensor

from models import backbones, weights
from models.base import INTENTS, ModelFault
from models.encoder import Encoder, build, read
from models.network import HEADS, pretrained
from models.training import calibrate, lora
from models.training.sets import Sets, key
from models.training.train import finished

LANGUAGES = ("en",)
# Intents with too few examples to learn how they are said: a cue phrase makes one about five times as likely.
CUES = dict.fromkeys(("recommendation", "warning", "churn_risk", "suggestion", "urgent"), 1.6)
TRAINED_ON = {
    "tweeteval sentiment, emotion, irony, offensive (train)": "SemEval / TweetEval research terms",
    "topics (texts not in the above)": "SemEval terms",
    "intents (4,000 posts)": "Apache-2.0, CrowdFlower open data, research",
    "complaints": "research",
    "churn chat": "CC BY-SA",
    "rated tweets (those rated clearly)": "MIT",
    "written posts (3,160 for rare intents)": "written for this project",
    "intents of posts of the sets above": "read for this project under the guide of the labelled posts",
}
TAUGHT_ON = {"care conversations (customers' messages, a teacher's answers only)": "Apache-2.0"}


def pack(trained: dict[str, Tensor], start: dict[str, Tensor]) -> dict[str, Tensor]:
    """What `encoder.expand` undoes: matrices as int8 differences to the backbone with one scale a row, vectors as float32,
    heads and thin matrices as float16.
    """
    packed = {}
    for name, tensor in trained.items():
        if name in start and tensor.dim() == 2:
            change = tensor.float() - start[name]
            scale = change.abs().amax(dim=1).clamp(min=1e-12) / 127
            packed[f"{name}.delta"] = (change / scale[:, None]).round().to(torch.int8)
            packed[f"{name}.scale"] = scale
        elif name.endswith(".b"):
            packed[name] = (lora.SCALE * tensor).half().contiguous()
        else:
            packed[name] = tensor.float().contiguous() if name in start else tensor.half().contiguous()
    return packed


def write(tier: str, runs: Sequence[Path], sets: Sets, out: Path, *, beside: str = "") -> Path:
    """Pack the final weights of a run, calibrate what was packed, and write `<tier>.safetensors` and `<tier>.json`.

    Several runs from the same start are averaged: where they learnt the same, the mean errs less than each of them (model
    soups, Wortsman et al., ICML 2022). A run and the one it went on from are too: the mean keeps what the second forgot.

    Args:
        runs: folders of finished runs; the sheet names the plan of the first.
        sets: what the run trained on and what it did not.
        out: folder to write into.
        beside: a shipped tier that is to answer too.

    Returns:
        Path of the sheet.

    Raises:
        ModelFault: a run has not finished, or runs with thin matrices, whose products are what counts, are to be averaged
            though neither went on from the other.
    """
    states = [finished(run) for run in runs]
    state, backbone = states[0], backbones.TIERS[tier]
    if state["plan"]["rank"] and any(key(str(one["plan"])) != state["plan"]["start"] for one in states[1:]):
        raise ModelFault("a run with thin matrices (rank above 0) can be averaged only with the run that it went on from.")
    mean = {name: torch.stack([one["network"][name].float() for one in states]).mean(dim=0) for name in state["network"]}
    packed = pack(mean, pretrained(backbone, backbones.files(backbone)[0]))
    raw = save(packed)
    out.mkdir(parents=True, exist_ok=True)
    (out / f"{tier}.safetensors").write_bytes(raw)
    return recalibrate(tier, packed, sets, out, sha256=hashlib.sha256(raw).hexdigest(), plan=state["plan"], beside=beside)


def recalibrate(
    tier: str, packed: dict[str, Tensor], sets: Sets, out: Path, *, sha256: str, plan: dict[str, Any], beside: str = ""
) -> Path:
    """Choose temperatures and thresholds for packed weights and write the sheet."""
    backbone, held = backbones.TIERS[tier], sets.held
    shares = 1 + np.bincount([e.sentiment for e in sets.train if e.sentiment is not None], minlength=3)
    values: dict[str, Any] = {
        "tier": tier, "backbone": backbone.name, "backbone_sha256": backbone.weights_sha256, "sha256": sha256,
        "temperature": dict.fromkeys(HEADS, 1.0), "bias": {"sentiment": calibrate.balance(shares)},
        "cues": CUES, "thresholds": dict.fromkeys(INTENTS, 0.5), "confidence": 0.0,
        "languages": list(LANGUAGES), "trained_on": TRAINED_ON | (TAUGHT_ON if plan.get("teacher") else {}), "plan": plan,
    }
    other = read(beside) if beside else None
    if other:
        values["beside"] = {"tier": beside, "sha256": other.sheet.sha256}
    path = out / f"{tier}.json"

    def sheet() -> weights.Sheet:
        return weights.parse(json.dumps(values).encode(), path)

    encoder = Encoder(build(backbone, packed), backbones.files(backbone)[1], sheet(), beside=other)
    for head in HEADS:
        rows = [*held[head], *(held["complaints"] if head == "intents" else ())]
        logits, goal = encoder.logits([e.text for e in rows])[head], calibrate.targets(rows, head)
        values["temperature"][head] = calibrate.temperature(head, logits, goal, values["bias"].get(head))
        encoder.sheet = sheet()
        if head == "intents":
            values["thresholds"] = calibrate.thresholds(encoder.chances(head, logits), goal)
        if head == "sentiment":
            values["confidence"] = calibrate.confidence(encoder.chances(head, logits), goal)
    path.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")
    return path
