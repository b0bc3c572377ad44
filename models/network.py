"""The network: a BERT or MPNet encoder and several heads on its mean-pooled output, in one forward pass.

Written out here rather than taken from transformers because it starts in a fifth of the time, has one fused matrix for
query, key and value, and computes linear layers on real tokens only. MPNet differs from BERT in one thing only once its
tensors are loaded: what it adds to the attention between two tokens depends on how far they are apart.
"""

from __future__ import annotations

import math
from collections.abc import Callable
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
DROPOUT = 0.1
Drop = Callable[[Tensor], Tensor]


class Layer(nn.Module):
    """One transformer layer over packed tokens."""

    def __init__(self, backbone: Backbone) -> None:
        super().__init__()
        width = backbone.width
        self.heads = backbone.heads
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.norm1 = nn.LayerNorm(width, eps=backbone.eps)
        self.up = nn.Linear(width, backbone.inner)
        self.down = nn.Linear(backbone.inner, width)
        self.norm2 = nn.LayerNorm(width, eps=backbone.eps)

    def forward(self, x: Tensor, index: Tensor | None, mask: Tensor | None, shape: tuple[int, int], drop: Drop) -> Tensor:
        """x: tokens x width. index: place of each token in the padded n x length grid; None where nothing is padded.
        mask: added to the attention, as n x heads x length x length or something that spreads to it.
        """
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
        x = self.norm1(x + drop(self.out(y)))
        y = self.down(functional.gelu(self.up(x.to(kind))))
        z: Tensor = self.norm2(x + drop(y))
        return z


class Head(nn.Module):
    """A small classifier on the pooled vector."""

    def __init__(self, width: int, outputs: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(width, HIDDEN)
        self.out = nn.Linear(HIDDEN, outputs)

    def forward(self, x: Tensor, drop: Drop) -> Tensor:
        x = functional.gelu(self.hidden(drop(x)))
        y: Tensor = self.out(drop(x))
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
        self.near = nn.Embedding(backbone.buckets, backbone.heads) if backbone.buckets else None
        self.norm = nn.LayerNorm(backbone.width, eps=backbone.eps)
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

    def forward(self, ids: Tensor, lengths: Tensor, noise: torch.Generator | None = None) -> dict[str, Tensor]:
        """ids: n x length, padded with anything on the right. lengths: n, real tokens of each row (at least 1).
        noise: where dropout is drawn from in training; None takes torch's own generator.
        """
        return self.classify(self.pool(ids, lengths, noise), noise)

    def classify(self, pooled: Tensor, noise: torch.Generator | None = None) -> dict[str, Tensor]:
        """Logits of each head for n x width pooled vectors."""
        drop = self._drop(noise)
        return {name: head(pooled, drop) for name, head in self.heads.items()}

    def pool(self, ids: Tensor, lengths: Tensor, noise: torch.Generator | None = None) -> Tensor:
        """Mean of the last layer over real tokens: n x width, float32."""
        drop = self._drop(noise)
        n, length = ids.shape
        places = torch.arange(length, device=ids.device)
        real = places[None, :] < lengths[:, None]
        padded = bool((lengths < length).any())
        index = real.view(-1).nonzero().squeeze(1) if padded else None
        mask = self._mask(real if padded else None, places)
        flat = ids.reshape(-1) if index is None else ids.reshape(-1)[index]
        where = places.repeat(n) if index is None else places.repeat(n)[index]
        x = drop(self.norm(self.words(flat) + self.positions(where)))
        for layer in self.layers:
            x = layer(x, index, mask, (n, length), drop)
        owner = torch.repeat_interleave(torch.arange(n, device=ids.device), lengths)
        total = torch.zeros(n, x.shape[1], dtype=torch.float32, device=ids.device).index_add(0, owner, x.float())
        return total / lengths[:, None]

    def _mask(self, real: Tensor | None, places: Tensor) -> Tensor | None:
        """What is added to the attention: how far two tokens are apart, and nothing from padding."""
        device = places.device.type
        kind = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else self.kind
        mask = None
        if real is not None:
            padding = ~real[:, None, None, :]
            mask = torch.zeros(padding.shape, device=places.device, dtype=kind).masked_fill(padding, float("-inf"))
        if self.near is None:
            return mask
        near: Tensor = self.near(buckets(places[None, :] - places[:, None], self.backbone.buckets)).permute(2, 0, 1).to(kind)
        return near if mask is None else near + mask

    def _drop(self, noise: torch.Generator | None) -> Drop:
        if not self.training:
            return lambda x: x
        if noise is None:
            return lambda x: functional.dropout(x, DROPOUT)
        return lambda x: x * torch.empty_like(x).bernoulli_(1 - DROPOUT, generator=noise).div_(1 - DROPOUT)


def buckets(apart: Tensor, count: int) -> Tensor:
    """The bucket of each signed distance, half of `count` for each direction: small ones singly, others by logarithm up to 128.

    >>> buckets(torch.tensor([0, -1, 1, 9, 500]), 32).tolist()
    [0, 1, 17, 24, 31]
    """
    half = count // 2
    single = half // 2
    size = apart.abs()
    wide = single + (torch.log(size.clamp(min=1).float() / single) / math.log(128 / single) * (half - single)).long()
    return torch.where(size < single, size, wide.clamp(max=half - 1)) + (apart > 0) * half


_BERT = {
    "q": "attention.self.query", "k": "attention.self.key", "v": "attention.self.value", "out": "attention.output.dense",
    "norm1": "attention.output.LayerNorm", "up": "intermediate.dense", "down": "output.dense", "norm2": "output.LayerNorm",
}
_MPNET = _BERT | {
    "q": "attention.attn.q", "k": "attention.attn.k", "v": "attention.attn.v", "out": "attention.attn.o",
    "norm1": "attention.LayerNorm",
}


def pretrained(backbone: Backbone, weights: Path) -> dict[str, Tensor]:
    """Tensors of a published BERT or MPNet checkpoint under our names; the heads are not among them.

    The embedding of sentence type 0, which every token has, is added to BERT's positions; MPNet's begin after its padding.
    """
    source = load_file(weights)
    positions = source["embeddings.position_embeddings.weight"]
    ours = {
        "words.weight": source["embeddings.word_embeddings.weight"], "positions.weight": positions[-POSITIONS:],
        "norm.weight": source["embeddings.LayerNorm.weight"], "norm.bias": source["embeddings.LayerNorm.bias"],
    }
    names = _BERT
    if backbone.buckets:
        names = _MPNET
        ours["near.weight"] = source["encoder.relative_attention_bias.weight"]
    else:
        ours["positions.weight"] = positions + source["embeddings.token_type_embeddings.weight"][:1]
    for i in range(backbone.layers):
        there, here = f"encoder.layer.{i}.", f"layers.{i}."
        for part in ("weight", "bias"):
            ours[f"{here}qkv.{part}"] = torch.cat([source[f"{there}{names[x]}.{part}"] for x in "qkv"])
            ours |= {f"{here}{x}.{part}": source[f"{there}{names[x]}.{part}"] for x in ("out", "norm1", "up", "down", "norm2")}
    return {name: tensor.float().contiguous() for name, tensor in ours.items()}


def fresh(backbone: Backbone, weights: Path) -> Network:
    """The pretrained encoder with new, random heads."""
    network = Network(backbone)
    missing, unexpected = network.load_state_dict(pretrained(backbone, weights), strict=False)
    if unexpected or any(not name.startswith("heads.") for name in missing):
        raise ValueError(f"the weights do not fit: {unexpected or missing}")
    return network
