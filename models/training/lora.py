"""Training thin matrices beside frozen ones (LoRA), so that what is learnt and shipped is a few per cent of the backbone.

A frozen matrix W gets two thin ones: what it computes becomes W x + b (a x). Merged into W they cost nothing when scoring.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.network import Network

SCALE = 2.0  # of what the thin matrices add while they are trained: lets them learn at the rate of everything else
MATRICES = ("qkv", "out", "up", "down")


class Thin(nn.Linear):
    """A linear layer whose matrix is frozen, with two thin matrices beside it: a (rank x inputs) and b (outputs x rank)."""

    def __init__(self, base: nn.Linear, rank: int) -> None:
        super().__init__(base.in_features, base.out_features)
        self.weight, self.bias = base.weight, base.bias
        self.weight.requires_grad_(False)
        self.a = nn.Parameter(torch.empty(rank, base.in_features))
        self.b = nn.Parameter(torch.zeros(base.out_features, rank))
        nn.init.uniform_(self.a, -1 / math.sqrt(base.in_features), 1 / math.sqrt(base.in_features))

    def forward(self, x: Tensor) -> Tensor:
        kind = x.dtype
        thin = functional.linear(x, self.a.to(kind))
        return functional.linear(x, self.weight, self.bias.to(kind)) + functional.linear(thin, (SCALE * self.b).to(kind))


def attach(network: Network, rank: int, dtype: torch.dtype) -> None:
    """Freeze a network but for its heads, biases and layer norms, and put thin matrices beside those of its layers.

    Args:
        dtype: of the frozen matrices, which decides the precision of the products.
    """
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(name.startswith("heads.") or parameter.dim() == 1)
    for layer in network.layers:
        for name in MATRICES:
            thin = Thin(getattr(layer, name), rank)
            thin.weight.data = thin.weight.data.to(dtype)
            setattr(layer, name, thin)
