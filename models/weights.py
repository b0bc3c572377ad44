"""The shipped weights of a tier: a small file of differences to a public backbone, and a JSON beside it that pins every byte.

`weights/<tier>.json` names the backbone, the sha256 of `weights/<tier>.safetensors`, temperatures, thresholds and where all
of it came from. This module needs no torch, so the version of a model is known without loading it.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from models.base import INTENTS, ModelFault


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What `weights/<tier>.json` says.

    Attributes:
        sha256: of the safetensors file.
        temperature: head -> what its logits are divided by.
        bias: head -> what is added to its logits after that; heads without one are left out.
        cues: intent -> what is added to its logit where a cue phrase of the lexicon stands; for labels with few examples.
        thresholds: intent -> probability from which the label is given.
        confidence: below this probability of the likeliest sentiment a text is unknown.
        languages: what it was trained and measured on.
        beside: the tier that answers too, whose outputs are averaged with its own; "" where it answers alone.
        beside_sha256: of that tier's weights, with which it was calibrated.
    """

    tier: str
    sha256: str
    temperature: dict[str, float]
    bias: dict[str, tuple[float, ...]]
    cues: dict[str, float]
    thresholds: dict[str, float]
    confidence: float
    languages: tuple[str, ...]
    beside: str
    beside_sha256: str
    digest: str  # of the JSON itself, which pins everything else

    @property
    def version(self) -> str:
        """Changes with any change of weights, temperatures or thresholds."""
        return f"{self.tier}-{self.digest[:8]}"


def folder() -> Path:
    """Where the weights lie; $EARSHOT_WEIGHTS names another folder."""
    return Path(os.environ.get("EARSHOT_WEIGHTS") or Path(__file__).parent / "weights")


def sheet(tier: str) -> Sheet:
    """The sheet of a tier.

    Raises:
        ModelFault: there are no weights of this tier, or the sheet does not fit this code.
    """
    path = folder() / f"{tier}.json"
    try:
        status = path.stat()
    except OSError:
        raise ModelFault(
            f"{path} is missing: there are no trained weights for the tier {tier!r}. Train them with `earshot train --data DIR "
            f"--tier {tier}`, or use the model `lexicon`."
        ) from None
    return _sheet(path, status.st_mtime_ns)


@lru_cache(maxsize=8)
def _sheet(path: Path, changed: int) -> Sheet:
    return parse(path.read_bytes(), path)


def parse(raw: bytes, path: Path) -> Sheet:
    """The sheet in the bytes of a JSON file; `path` is only named in errors.

    Raises:
        ModelFault: it is not such a file, or was made for other intents.
    """
    try:
        values: dict[str, Any] = json.loads(raw)
        beside = values.get("beside") or {"tier": "", "sha256": ""}
        found = Sheet(
            tier=values["tier"], sha256=values["sha256"], temperature=values["temperature"],
            bias={head: tuple(bias) for head, bias in values["bias"].items()}, cues=values["cues"],
            thresholds=values["thresholds"], confidence=values["confidence"], languages=tuple(values["languages"]),
            beside=beside["tier"], beside_sha256=beside["sha256"],
            digest=hashlib.sha256(raw).hexdigest(),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelFault(f"{path} cannot be used ({error!r}); reinstall it or train again.") from None
    if set(found.thresholds) != set(INTENTS):
        raise ModelFault(f"{path} was made for other intents than this version has; train again.")
    return found


def version(tier: str) -> str:
    """The version of a tier's model."""
    return sheet(tier).version
