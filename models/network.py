"""The network: a BERT-style encoder and several heads on its mean-pooled output, in one forward pass.

Written out here rather than taken from transformers because it starts in a fifth of the time, has one fused matrix for
query, key and value, and computes linear layers on real tokens only.
"""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from models.backbones import Backbone
from models.base import EMOTIONS, INTENTS, SENTIMENTS

HEADS = {"sentiment": len(SENTIMENTS), "intents": len(INTENTS), "emotion": len(EMOTIONS), "irony": 1, "offensive": 1}
POSITIONS = 512
HIDDEN = 256


class Layer(nn.Module):
    """One transformer layer over packed tokens."""

    def __init__(self, backbone: Backbone) -> None:
        super().__init__()
        width = backbone.width
        self.heads = backbone.heads
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.norm1 = nn.LayerNorm(width, eps=1e-12)
        self.up = nn.Linear(width, backbone.inner)
        self.down = nn.Linear(backbone.inner, width)
        self.norm2 = nn.LayerNorm(width, eps=1e-12)

    def forward(
        self, x: Tensor, index: Tensor | None, mask: Tensor | None, shape: tuple[int, int], dropout: float
    ) -> Tensor:
        """x: tokens x width. index: place of each token in the padded n x length grid; None where nothing is padded."""
        n, length = shape
        kind = self.qkv.weight.dtype  # lower precision for products only; what is added up stays as it is
        qkv = self.qkv(x.to(kind))
        if index is not None:
            grid = qkv.new_zeros(n * length, qkv.shape[1])
            qkv = grid.index_copy(0, index, qkv)
        q, k, v = qkv.view(n, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        # Written out: PyTorch's fused attention on CPU is several times slower than two products for rows this short.
        near = (q * (q.shape[-1] ** -0.5)) @ k.transpose(-1, -2)
        y = (near if mask is None else near + mask).softmax(dim=-1).to(v.dtype) @ v
        y = y.transpose(1, 2).reshape(n * length, -1)
        if index is not None:
            y = y.index_select(0, index)
        x = self.norm1(x + functional.dropout(self.out(y), dropout))
        y = self.down(functional.gelu(self.up(x.to(kind))))
        z: Tensor = self.norm2(x + functional.dropout(y, dropout))
        return z


class Head(nn.Module):
    """A small classifier on the pooled vector."""

    def __init__(self, width: int, outputs: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(width, HIDDEN)
        self.out = nn.Linear(HIDDEN, outputs)

    def forward(self, x: Tensor, dropout: float) -> Tensor:
        x = functional.gelu(self.hidden(functional.dropout(x, dropout)))
        y: Tensor = self.out(functional.dropout(x, dropout))
        return y


class Network(nn.Module):
    """Token ids in, one row of logits a head out.

    Args:
        backbone: shapes of the encoder.
        heads: outputs of each head by name.
    """

    def __init__(self, backbone: Backbone, heads: dict[str, int] | None = None) -> None:
        super().__init__()
        self.backbone = backbone
        self.words = nn.Embedding(backbone.vocabulary, backbone.width)
        self.positions = nn.Embedding(POSITIONS, backbone.width)
        self.norm = nn.LayerNorm(backbone.width, eps=1e-12)
        self.layers = nn.ModuleList(Layer(backbone) for _ in range(backbone.layers))
        self.heads = nn.ModuleDict({name: Head(backbone.width, n) for name, n in (heads or HEADS).items()})

    @property
    def kind(self) -> torch.dtype:
        """Precision of the matrices of the layers."""
        dtype: torch.dtype = self.get_parameter("layers.0.qkv.weight").dtype
        return dtype

    def lower(self, dtype: torch.dtype) -> None:
        """Keep the matrices of the layers in `dtype`, for scoring only; norms, sums and heads stay in float32."""
        for layer in self.layers:
            for part in (layer.qkv, layer.out, layer.up, layer.down):
                part.to(dtype)

    def forward(self, ids: Tensor, lengths: Tensor) -> dict[str, Tensor]:
        """ids: n x length, padded with 0 on the right. lengths: n, real tokens of each row (at least 1)."""
        return self.classify(self.pool(ids, lengths))

    def classify(self, pooled: Tensor) -> dict[str, Tensor]:
        """Logits of each head for n x width pooled vectors."""
        rate = 0.1 if self.training else 0.0
        return {name: head(pooled, rate) for name, head in self.heads.items()}

    def pool(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """Mean of the last layer over real tokens: n x width, float32."""
        rate = 0.1 if self.training else 0.0
        n, length = ids.shape
        places = torch.arange(length, device=ids.device)
        real = places[None, :] < lengths[:, None]
        padded = bool((lengths < length).any())
        index = real.view(-1).nonzero().squeeze(1) if padded else None
        mask = None
        if padded:
            kind = torch.get_autocast_dtype(ids.device.type) if torch.is_autocast_enabled(ids.device.type) else self.kind
            mask = torch.zeros(n, 1, 1, length, device=ids.device, dtype=kind).masked_fill(~real[:, None, None, :], float("-inf"))
        flat = ids.reshape(-1) if index is None else ids.reshape(-1)[index]
        where = places.repeat(n) if index is None else places.repeat(n)[index]
        x = functional.dropout(self.norm(self.words(flat) + self.positions(where)), rate)
        for layer in self.layers:
            x = layer(x, index, mask, (n, length), rate)
        owner = torch.repeat_interleave(torch.arange(n, device=ids.device), lengths)
        total = torch.zeros(n, x.shape[1], dtype=torch.float32, device=ids.device).index_add(0, owner, x.float())
        return total / lengths[:, None]


def pretrained(backbone: Backbone, weights: Path) -> dict[str, Tensor]:
    """Tensors of a published BERT checkpoint under our names; the heads are not among them.

    The embedding of sentence type 0 is added to the positions, since every token has it.
    """
    source = load_file(weights)

    def join(*names: str) -> Tensor:
        return torch.cat([source[name] for name in names])

    ours = {
        "words.weight": source["embeddings.word_embeddings.weight"],
        "positions.weight": join("embeddings.position_embeddings.weight") + source["embeddings.token_type_embeddings.weight"][:1],
        "norm.weight": source["embeddings.LayerNorm.weight"], "norm.bias": source["embeddings.LayerNorm.bias"],
    }
    plain = {
        "out": "attention.output.dense", "norm1": "attention.output.LayerNorm", "up": "intermediate.dense",
        "down": "output.dense", "norm2": "output.LayerNorm",
    }
    for i in range(backbone.layers):
        there, here = f"encoder.layer.{i}.", f"layers.{i}."
        for part in ("weight", "bias"):
            ours[f"{here}qkv.{part}"] = join(*(f"{there}attention.self.{x}.{part}" for x in ("query", "key", "value")))
            ours |= {f"{here}{a}.{part}": source[f"{there}{b}.{part}"] for a, b in plain.items()}
    return {name: tensor.float().contiguous() for name, tensor in ours.items()}


def fresh(backbone: Backbone, weights: Path) -> Network:
    """The pretrained encoder with new, random heads."""
    network = Network(backbone)
    missing, unexpected = network.load_state_dict(pretrained(backbone, weights), strict=False)
    if unexpected or any(not name.startswith("heads.") for name in missing):
        raise ValueError(f"the weights do not fit: {unexpected or missing}")
    return network
