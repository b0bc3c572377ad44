"""The network as it scores on a CPU: what `network.Network` answers, without what only training or a GPU needs.

Products of matrices are what has to be computed, so all else is kept small: weights are laid out once as the processor's
matrix routine reads them, GELU happens inside that routine, texts of one length share their attention without padding, and
nothing is converted between layers. Softmax is written out: PyTorch's takes one row at a time, a row of attention is as short
as its text, and on thirty tokens that took twice as long as everything else in attention.
"""

from __future__ import annotations

import platform
from itertools import accumulate, groupby
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.network import Head, Layer, Network, buckets

LARGEST = 64.0  # of an exponent: keeps sums and products in the range of float32 and bf16; real attention stays below 50
_TYPICAL = 512  # rows that a weight is laid out for; with any other number of rows the answer is the same
Group = tuple[int, int, int]  # first token, texts, tokens of each


def filled(tokens: int) -> int:
    """Rows that so many tokens are multiplied in. Few sizes: oneDNN makes a routine of its own for each, in a millisecond and a
    megabyte.
    """
    step = 16 if tokens <= 128 else 64
    return -(-tokens // step) * step


def packs() -> bool:
    """Whether this build of PyTorch can lay out weights beforehand (oneDNN on x86)."""
    on_x86 = platform.machine().lower() in ("x86_64", "amd64")
    return on_x86 and bool(torch._C._has_mkldnn) and hasattr(torch.ops.mkldnn, "_linear_pointwise")


class Product:
    """x W' + b, then GELU if wanted: rows x inputs -> rows x outputs, in the precision `kind`."""

    def __init__(self, weight: Tensor, bias: Tensor, kind: torch.dtype, *, gelu: bool = False) -> None:
        self._bias, self._gelu, self._is_packed = bias.detach().to(kind), gelu, packs()
        self._weight: Any = weight.detach().to(kind).contiguous()
        if self._is_packed:
            self._weight = torch.ops.mkldnn._reorder_linear_weight(self._weight, _TYPICAL)

    def __call__(self, x: Tensor) -> Tensor:
        if self._is_packed:
            name, variant = ("gelu", "none") if self._gelu else ("none", "")  # "none" of two variants: not the approximation
            return cast(Tensor, torch.ops.mkldnn._linear_pointwise(x, self._weight, self._bias, name, [], variant))
        y = functional.linear(x, self._weight, self._bias)
        return functional.gelu(y) if self._gelu else y


class FrozenLayer:
    """One transformer layer over the tokens of many texts that stand one after another."""

    def __init__(self, layer: Layer, kind: torch.dtype) -> None:
        self.heads = layer.heads
        width = layer.out.in_features
        scale = torch.ones(3 * width)
        scale[:width] = (width // layer.heads) ** -0.5  # into the queries, so that no product has to be scaled
        self.qkv = Product(layer.qkv.weight.float() * scale[:, None], layer.qkv.bias.float() * scale, kind)
        self.out = Product(layer.out.weight, layer.out.bias, kind)
        self.up = Product(layer.up.weight, layer.up.bias, kind, gelu=True)
        self.down = Product(layer.down.weight, layer.down.bias, kind)
        self.norm1, self.norm2 = _norm(layer.norm1, kind), _norm(layer.norm2, kind)

    def __call__(self, x: Tensor, groups: list[Group], near: dict[int, Tensor]) -> Tensor:
        """x: rows x width, with any rows after the last group. near: length -> heads x length x length, added to the attention
        of texts of that length.
        """
        qkv, y = self.qkv(x), torch.zeros_like(x)
        for start, n, length in groups:
            end = start + n * length
            y[start:end] = self._attend(qkv[start:end], n, length, near.get(length))
        x = self.norm1(self.out(y).add_(x))
        z: Tensor = self.norm2(self.down(self.up(x)).add_(x))
        return z

    def _attend(self, qkv: Tensor, n: int, length: int, near: Tensor | None) -> Tensor:
        apart = qkv.view(n, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4).contiguous()
        q, k, v = apart.view(3, n * self.heads, length, -1).unbind(0)
        weights = torch.bmm(q, k.transpose(1, 2))
        if near is not None:
            weights.view(n, self.heads, length, length).add_(near)
        weights.clamp_(-LARGEST, LARGEST).exp_()
        y = torch.bmm(weights, v).div_(weights.sum(dim=-1, keepdim=True))
        return y.view(n, self.heads, length, -1).transpose(1, 2).reshape(n * length, -1)


class Frozen:
    """A network that answers on a CPU and no longer changes.

    Args:
        network: its embeddings are shared, everything else is copied.
        kind: precision of the layers; embeddings and heads stay in float32.
    """

    def __init__(self, network: Network, kind: torch.dtype) -> None:
        self.kind = kind
        self._words, self._positions = network.words.weight.detach(), network.positions.weight.detach()
        self._norm = _norm(network.norm, torch.float32)
        self._near = None if network.near is None else network.near.weight.detach()
        self.layers = [FrozenLayer(cast(Layer, layer), kind) for layer in network.layers]
        heads = {name: cast(Head, head) for name, head in network.heads.items()}
        self._sizes = {name: head.out.out_features for name, head in heads.items()}
        # One matrix for the hidden layers of all heads, and one with their outputs along its diagonal.
        hidden, out = [head.hidden for head in heads.values()], [head.out for head in heads.values()]
        weight = torch.cat([part.weight for part in hidden])
        self._hidden = Product(weight, torch.cat([part.bias for part in hidden]), torch.float32, gelu=True)
        weight = torch.block_diag(*[part.weight for part in out])  # type: ignore[no-untyped-call]
        self._out = Product(weight, torch.cat([part.bias for part in out]), torch.float32)

    def __call__(self, rows: list[list[int]]) -> dict[str, Tensor]:
        """Logits of each head (n x outputs, float32) for n texts given as ids of their tokens, at least one each.

        Any order is right; texts of one length that stand together are answered together.
        """
        logits = self._out(self._hidden(self.pool(rows)))
        ends = accumulate(self._sizes.values())
        return {name: logits[:, end - size : end] for (name, size), end in zip(self._sizes.items(), ends, strict=True)}

    def pool(self, rows: list[list[int]]) -> Tensor:
        """Mean of the last layer over the tokens of each text: n x width, float32."""
        groups = _groups(rows)
        tokens = sum(map(len, rows))
        ids, places = torch.zeros(2, filled(tokens), dtype=torch.long)
        ids[:tokens] = torch.tensor([token for row in rows for token in row])
        places[:tokens] = torch.cat([torch.arange(length).repeat(n) for _, n, length in groups])
        x = functional.embedding(ids, self._words) + functional.embedding(places, self._positions)
        x = self._norm(x).to(self.kind)
        near = {} if self._near is None else {length: self._apart(self._near, length) for _, _, length in groups}
        for layer in self.layers:
            x = layer(x, groups, near)
        return torch.cat([x[at : at + n * length].view(n, length, -1).float().mean(dim=1) for at, n, length in groups])

    def _apart(self, near: Tensor, length: int) -> Tensor:
        places = torch.arange(length)
        return near[buckets(places[None, :] - places[:, None], near.shape[0])].permute(2, 0, 1).to(self.kind).contiguous()


def _groups(rows: list[list[int]]) -> list[Group]:
    groups, start = [], 0
    for length, same in groupby(map(len, rows)):
        n = sum(1 for _ in same)
        groups.append((start, n, length))
        start += n * length
    return groups


def _norm(norm: nn.LayerNorm, kind: torch.dtype) -> nn.LayerNorm:
    made = nn.LayerNorm(list(norm.normalized_shape), eps=norm.eps)
    made.load_state_dict(norm.state_dict())
    return made.to(kind).requires_grad_(False)
