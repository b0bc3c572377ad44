"""The encoder: one transformer, one forward pass, and every head's answer, fast on a CPU and the same on any machine.

Texts are prepared once each (exact copies are scored once), sorted by length and packed into batches of a fixed number of
tokens, so that memory does not depend on the input and hardly any padding is computed. Each core works on batches of its
own: several cores on one small matrix wait for each other, many times longer where the machine has other work too.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file
from tokenizers import Tokenizer

from models import backbones, base, language, weights
from models.base import INTENTS, Floats, ModelFault, Scores
from models.frozen import Frozen
from models.lexicon import cues
from models.network import HEADS, Network, pretrained
from models.text import normalise

MAX_TOKENS = 128
BUDGET = 768  # tokens in a batch: its activations stay in a core's cache
CLASSES = ("sentiment", "emotion")  # heads of which exactly one label holds; the others say yes or no to each
_CHUNK = 20_000  # texts that are tokenised at a time


def native_bf16(device: torch.device) -> bool:
    """Whether the processor multiplies bf16 matrices itself; emulated, bf16 would be slower than float32."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags


def expand(packed: dict[str, torch.Tensor], start: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Full weights from the shipped file and the backbone.

    A matrix `NAME.weight` is shipped as its difference to the backbone's: `NAME.weight.delta` (int8) and `NAME.weight.scale`
    (one float32 a row), or two thin matrices `NAME.a` and `NAME.b` (float16) whose product b a it is. Merged here, they cost
    nothing when scoring. Vectors are shipped as float32, heads as float16.

    Raises:
        ModelFault: a difference has no counterpart in the backbone.
    """
    full, changes = dict(start), {}
    for name, tensor in packed.items():
        if name.endswith(".delta"):
            key = name.removesuffix(".delta")
            changes[key] = tensor.float() * packed[f"{key}.scale"][:, None]
        elif name.endswith(".a"):
            key = name.removesuffix(".a")
            changes[f"{key}.weight"] = packed[f"{key}.b"].float() @ tensor.float()
        elif not name.endswith((".scale", ".b")):
            full[name] = tensor.float()
    for key, change in changes.items():
        if key not in start:
            raise ModelFault(f"The weights change {key}, which the backbone does not have; reinstall both.")
        full[key] = start[key] + change
    return full


def build(backbone: backbones.Backbone, packed: dict[str, torch.Tensor]) -> Network:
    """The network of a backbone with the shipped differences and heads applied, ready to score.

    Raises:
        ModelFault: the backbone is missing or the weights do not fit it.
    """
    path, _ = backbones.files(backbone)
    network = Network(backbone)
    try:
        network.load_state_dict(expand(packed, pretrained(backbone, path)))
    except RuntimeError as error:
        raise ModelFault(f"The weights do not fit {backbone.name}: {error}.") from None
    return network.eval()


class Encoder:
    """A network with its tokeniser, temperatures and thresholds, as a `models.base.Model`.

    Args:
        network: in evaluation mode.
        tokenizer: file of the tokeniser.
        sheet: temperatures, thresholds and version.
        device: "cpu" or "cuda".
        bf16: True or False to decide, None to let the processor decide.
        beside: another encoder that answers too: the outputs of both are averaged, as two that err differently err less.
    """

    name = "encoder"

    def __init__(
        self, network: Network, tokenizer: Path, sheet: weights.Sheet, *, device: str = "cpu", bf16: bool | None = None,
        beside: Encoder | None = None,
    ) -> None:
        self.version, self.beside = sheet.version, beside
        self.sheet = sheet
        self._device = torch.device(device)
        dtype = torch.bfloat16 if (native_bf16(self._device) if bf16 is None else bf16) else torch.float32
        self._network: Frozen | Network
        if self._device.type == "cpu":
            self._network = Frozen(network, dtype)
        else:
            self._network = network.to(self._device)
            self._network.lower(dtype)
        self._tokenizer = Tokenizer.from_file(str(tokenizer))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self.workers = _cores() if self._device.type == "cpu" else 1

    def score(
        self, texts: Sequence[str], hints: Sequence[str | None] | None = None, *, everything: bool = False
    ) -> Scores:
        """Score texts of any content and length.

        Args:
            everything: give numbers for unsupported languages too; they stay unknown.
        """
        scores = base.blank(len(texts), heads=True)
        languages, reasons = language.triage(texts, hints, supported=frozenset(self.sheet.languages))
        scores.language[:], scores.reason[:] = languages, reasons
        wanted = ("", "language") if everything else ("",)
        rows = np.array([i for i, reason in enumerate(reasons) if reason in wanted], dtype=np.int64)
        plain = {i: normalise(texts[i]) for i in rows.tolist()}
        distinct = {text: place for place, text in enumerate(dict.fromkeys(plain.values()))}
        if not distinct:
            return scores
        logits = self._logits(list(distinct))
        self._fill(scores, rows, np.array([distinct[plain[i]] for i in rows.tolist()]), logits)
        return scores

    def logits(self, texts: Sequence[str], *, cues: bool = True) -> dict[str, Floats]:
        """Outputs of each head before calibration, for already chosen texts: n x outputs. For calibration and evaluation.

        Args:
            cues: add what cue phrases say; False gives what the network alone says.
        """
        return self._logits([normalise(text) for text in texts], helped=cues)

    def chances(self, head: str, logits: Floats) -> Floats:
        """Calibrated probabilities of a head from its raw outputs."""
        return calibrated(head, logits, self.sheet.temperature.get(head, 1.0), self.sheet.bias.get(head))

    def _logits(self, plain: list[str], *, helped: bool = True) -> dict[str, Floats]:
        out = {name: np.empty((len(plain), n), dtype=np.float32) for name, n in HEADS.items()}
        budget = BUDGET if self._device.type == "cpu" else 64 * BUDGET
        # Made for each call: a pool would not survive the fork of a process that holds one.
        with ThreadPoolExecutor(self.workers, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            for start in range(0, len(plain), _CHUNK):
                ids = [e.ids for e in self._tokenizer.encode_batch_fast(plain[start : start + _CHUNK])]
                batches = list(packed(np.array([len(row) for row in ids]), budget))
                for batch, answer in zip(batches, pool.map(self._answer, ([ids[i] for i in b] for b in batches)), strict=True):
                    for name, values in answer.items():
                        out[name][batch + start] = values
        if self.beside:
            for name, values in self.beside._logits(plain, helped=False).items():
                out[name] = (out[name] + values) / np.float32(2)
        if helped and self.sheet.cues:
            out["intents"] += cues(plain) * np.array([self.sheet.cues.get(label, 0.0) for label in INTENTS], dtype=np.float32)
        return out

    def _answer(self, ids: list[list[int]]) -> dict[str, Floats]:
        with torch.inference_mode():
            if isinstance(self._network, Frozen):
                answer = self._network(ids)
            else:
                grid, lengths = _grid(ids)
                answer = self._network(grid.to(self._device), lengths.to(self._device))
            return {name: values.float().cpu().numpy() for name, values in answer.items()}

    def _fill(self, scores: Scores, rows: NDArray[np.int64], places: NDArray[np.int64], logits: dict[str, Floats]) -> None:
        chances = {name: self.chances(name, values)[places] for name, values in logits.items()}
        scores.sentiment[rows], scores.intents[rows] = chances["sentiment"], chances["intents"]
        if scores.emotion is not None and scores.irony is not None and scores.offensive is not None:
            scores.emotion[rows] = chances["emotion"]
            scores.irony[rows], scores.offensive[rows] = chances["irony"][:, 0], chances["offensive"][:, 0]
        limits = np.array([self.sheet.thresholds[label] for label in INTENTS], dtype=np.float32)
        scores.intent_labels[rows] = exclusive(chances["intents"], limits)
        for row in rows[chances["sentiment"].max(axis=1) < self.sheet.confidence].tolist():
            scores.reason[row] = scores.reason[row] or "low_confidence"


def calibrated(head: str, logits: Floats, heat: float, bias: Sequence[float] | None = None) -> Floats:
    """Probabilities of a head from its raw outputs, shifted by `bias` and then divided by `heat`."""
    values = (logits if bias is None else logits + np.array(bias, dtype=np.float32)) / np.float32(heat)
    return softmax(values) if head in CLASSES else sigmoid(values)


def exclusive(chances: Floats, limits: Floats) -> NDArray[np.bool_]:
    """Labels above their limits; `irrelevant` stands alone or not at all, whichever is further above its limit."""
    labels = np.asarray(chances >= limits)
    place = INTENTS.index("irrelevant")
    margin = chances - limits
    others = np.delete(margin, place, axis=1).max(axis=1)
    alone = labels[:, place] & (margin[:, place] >= others)
    labels[alone] = False
    labels[:, place] = alone
    return labels


def packed(lengths: NDArray[Any], budget: int = BUDGET) -> Iterator[NDArray[np.int64]]:
    """Rows in batches of similar length whose padded size stays within `budget` tokens (or one row), longest first."""
    order = np.argsort(-lengths, kind="stable")
    start = 0
    while start < len(order):
        count = max(1, budget // int(lengths[order[start]]))
        yield order[start : start + count]
        start += count


def _cores() -> int:
    """Processors that this process may use; $OMP_NUM_THREADS sets another number."""
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, int(wanted) if wanted.isdigit() else available)


def _grid(ids: list[list[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    lengths = [len(row) for row in ids]
    grid = np.zeros((len(ids), max(lengths)), dtype=np.int64)
    for i, row in enumerate(ids):
        grid[i, : len(row)] = row
    return torch.from_numpy(grid), torch.tensor(lengths)


def softmax(logits: Floats) -> Floats:
    """Probabilities over the last axis."""
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True), dtype=np.float32)


def sigmoid(logits: Floats) -> Floats:
    """Probability of each logit by itself."""
    return np.asarray(1.0 / (1.0 + np.exp(-logits)), dtype=np.float32)


def usable(device: str) -> torch.device:
    """The device called "cpu", "cuda" or "cuda:N".

    Raises:
        ModelFault: there is none of that name, or torch cannot use it here.
    """
    try:
        found = torch.device(device)
    except RuntimeError:
        found = None
    if found is None or found.type not in ("cpu", "cuda"):
        raise ModelFault(f"There is no device {device!r}; there are cpu and cuda, and cuda:1 and so on for further GPUs.")
    count = torch.cuda.device_count() if found.type == "cuda" and torch.cuda.is_available() else 0
    if found.type == "cuda" and (found.index or 0) >= count:
        devices = f"{count or 'no'} CUDA device{'' if count == 1 else 's'}"
        raise ModelFault(
            f"The device {device!r} cannot be used, since torch finds {devices} here: "
            "take cpu (--device, or device in [models]), or install the CUDA build of torch with `make setup TORCH_INDEX=`."
        )
    return found


@lru_cache(maxsize=2)
def load(tier: str = "fast", device: str = "cpu") -> Encoder:
    """The shipped encoder of a tier, loaded once in a process. Backbone, tokeniser and weights are verified by their sha256.

    Raises:
        ModelFault: something is missing, has another hash, or does not fit; the message says what to do.
    """
    if tier not in backbones.TIERS:
        raise ModelFault(f"There is no tier {tier!r}; there are: {', '.join(backbones.TIERS)}.")
    usable(device)
    return read(tier, device=device)


def read(tier: str, *, device: str = "cpu", bf16: bool | None = None) -> Encoder:
    """The shipped encoder of a tier, read anew.

    Raises:
        ModelFault: as `load`.
    """
    sheet = weights.sheet(tier)
    path = backbones.verified(weights.folder() / f"{tier}.safetensors", sheet.sha256, what=f"weights of tier {tier}")
    try:
        network = build(backbones.TIERS[tier], load_file(path))
    except SafetensorError as error:
        raise ModelFault(f"{path} cannot be read ({error}); reinstall it.") from None
    tokenizer, beside = backbones.files(backbones.TIERS[tier])[1], None
    if sheet.beside:
        if weights.sheet(sheet.beside).sha256 != sheet.beside_sha256:
            raise ModelFault(f"{tier}.json was made for other weights of the tier {sheet.beside}; reinstall both.")
        beside = read(sheet.beside, device=device, bf16=bf16)
    return Encoder(network, tokenizer, sheet, device=device, bf16=bf16, beside=beside)
