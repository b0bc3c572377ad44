"""What scores on a CPU answers as the trained network does: in any order, both precisions, with and without packed weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from models import frozen
from models.backbones import MINILM, MPNET, Backbone
from models.frozen import Frozen
from models.network import HEADS, Network

SMALL = {"layers": 2, "width": 64, "heads": 4, "inner": 128, "vocabulary": 50}
KINDS = [replace(MINILM, **SMALL), replace(MPNET, **SMALL)]


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def random_network(backbone: Backbone, spread: float = 0.15) -> Network:
    torch.manual_seed(11)
    network = Network(backbone).eval()
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=spread)
    return network


def expected(network: Network, rows: list[list[int]]) -> dict[str, torch.Tensor]:
    grid = torch.zeros(len(rows), max(map(len, rows)), dtype=torch.long)
    for i, row in enumerate(rows):
        grid[i, : len(row)] = torch.tensor(row)
    return network(grid, torch.tensor([len(row) for row in rows]))


ROWS = st.lists(st.lists(st.integers(0, 49), min_size=1, max_size=40), min_size=1, max_size=9)


@settings(max_examples=30, deadline=None)
@given(ROWS, st.sampled_from(KINDS), st.booleans())
def test_any_rows_are_answered_as_the_network_answers_them(rows: list[list[int]], backbone: Backbone, packs: bool) -> None:
    network = random_network(backbone)
    with pytest.MonkeyPatch.context() as patch, torch.inference_mode():
        if not packs:
            patch.setattr(frozen, "packs", lambda: False)
        answer, truth = Frozen(network, torch.float32)(rows), expected(network, rows)
    assert answer.keys() == HEADS.keys()
    for name, values in truth.items():
        assert answer[name].shape == values.shape
        assert torch.allclose(answer[name], values, atol=2e-4, rtol=1e-3)


@pytest.mark.parametrize("backbone", KINDS)
def test_low_precision_is_near(backbone: Backbone) -> None:
    network, rows = random_network(backbone, spread=0.1), [[1, 2, 3] * 9, [4], list(range(40)), [5, 6]]
    with torch.inference_mode():
        low, exact = Frozen(network, torch.bfloat16).pool(rows), Frozen(network, torch.float32).pool(rows)
    assert torch.nn.functional.cosine_similarity(low, exact).min() > 0.999


def test_attention_beyond_any_real_one_gives_numbers() -> None:
    network = random_network(KINDS[0], spread=4.0)
    with torch.inference_mode():
        answer = Frozen(network, torch.bfloat16)([[1, 2, 3, 4, 5], [6] * 40])
    assert all(torch.isfinite(values).all() for values in answer.values())


def test_later_changes_of_the_network_are_not_seen() -> None:
    network = random_network(KINDS[0])
    with torch.inference_mode():
        still = Frozen(network, torch.float32)
        before = still([[1, 2, 3]])["sentiment"]
        network.layers[0].up.weight.zero_()
        network.heads["sentiment"].out.weight.zero_()
        assert torch.equal(before, still([[1, 2, 3]])["sentiment"])
