"""Training of one tier: all heads at once on all sets, resumable at any moment, the same run for the same seed.

Batches hold texts of similar length and of every set; each head learns from the rows that label it. Word embeddings stay
as they are, so that what is shipped is a small difference to the public backbone. Of a large backbone only thin matrices
beside its own are trained (`lora`), and each core works on a part of a batch by itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional

from models import backbones, encoder
from models.base import INTENTS, ModelFault
from models.encoder import CLASSES, MAX_TOKENS, native_bf16
from models.network import HEADS, Network, fresh
from models.text import normalise
from models.training import lora
from models.training.sets import Example, fold, key, load


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run does; a checkpoint of another plan is refused."""

    tier: str = "fast"
    seed: int = 1
    epochs: int = 2
    batch: int = 32
    rate: float = 1e-4
    warmup: float = 0.06
    decay: float = 0.01
    smoothing: float = 0.05
    intent_weight: float = 3.0
    average: float = 0.99  # of weights, every 10 steps
    fold_out: int = 0
    limit: int = 0  # examples; 0 means all: a small number is for trying things out
    rank: int = 0  # of the thin matrices that are trained beside frozen ones; 0 trains the matrices themselves
    parts: int = 1  # of a batch that are computed side by side, each with randomness of its own
    teacher: str = ""  # tiers, joined by +, whose mean answers are learnt beside the labels, by every head on every text
    trust: float = 0.0  # share of a target that is the teacher's answer where the text has a label; without one it is all
    start: str = ""  # key of the run whose weights it goes on from
    share: float = 1.0  # of the texts whose intents nobody labelled; fewer of them turn a run towards intents


PLANS = {
    "fast": Plan(epochs=4, rate=1.5e-4, intent_weight=4.0, parts=2, teacher="accurate", trust=0.5),
    # taught by both tiers as they were before, which agree better with the labels than either; the very first run had no teacher
    "accurate": Plan(
        tier="accurate", seed=2, rate=2e-4, intent_weight=6.0, rank=32, parts=2, teacher="accurate+fast", trust=0.5
    ),
}


def refined(plan: Plan) -> Plan:
    """The plan of a run that goes on from another one's weights and mostly sees texts with labelled intents."""
    return replace(plan, epochs=2, rate=plan.rate / 2, share=0.15, trust=plan.trust / 2)


HINT = 0.25  # weight of a teacher's answer where a text has no label of its own: there are four such heads a text


@dataclass(frozen=True, slots=True)
class Encoded:
    """Token ids and targets of all examples: n x outputs of each head, NaN where unknown; and how much each counts."""

    ids: list[list[int]]
    goals: dict[str, Tensor]
    weights: dict[str, Tensor]


def encode(examples: list[Example], tokenizer: Tokenizer) -> Encoded:
    """Tokenise examples and lay out their targets."""
    ids = [e.ids for e in tokenizer.encode_batch_fast([normalise(e.text) for e in examples])]
    goals = {}
    for name in CLASSES:
        given = torch.tensor([-1 if getattr(e, name) is None else getattr(e, name) for e in examples])
        goals[name] = functional.one_hot(given.clamp(min=0), HEADS[name]).float()
        goals[name][given < 0] = float("nan")
    for name in ("irony", "offensive"):
        goals[name] = torch.tensor([[float("nan") if getattr(e, name) is None else float(getattr(e, name))] for e in examples])
    goals["intents"] = torch.tensor([[float(e.intents.get(label, "nan")) for label in INTENTS] for e in examples])
    return Encoded(ids, goals, {name: (~goal.isnan()).float() for name, goal in goals.items()})


def taught(encoded: Encoded, answers: dict[str, Tensor], trust: float) -> Encoded:
    """Targets mixed with a teacher's probabilities: `trust` of them where there is a label, all of them where there is none."""
    goals, weights = {}, {}
    for name, goal in encoded.goals.items():
        known = ~goal.isnan()
        goals[name] = torch.where(known, (1 - trust) * goal + trust * answers[name], answers[name])
        weights[name] = torch.where(known, 1.0, HINT)
    return Encoded(encoded.ids, goals, weights)


def tokenizer_of(path: Path) -> Tokenizer:
    """The tokeniser of a backbone, cutting at MAX_TOKENS and adding no padding."""
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    return tokenizer


def order(lengths: list[int], weights: list[int], plan: Plan, epoch: int) -> list[list[int]]:
    """The batches of one epoch: rows shuffled, sorted by length within runs of 100 batches, batches shuffled."""
    rng = np.random.default_rng((plan.seed, epoch))
    rows = rng.permutation(np.repeat(np.arange(len(lengths)), weights))
    sizes = np.asarray(lengths)
    batches: list[list[int]] = []
    for start in range(0, len(rows), 100 * plan.batch):
        run = rows[start : start + 100 * plan.batch]
        run = run[np.argsort(sizes[run], kind="stable")]
        batches += [run[i : i + plan.batch].tolist() for i in range(0, len(run), plan.batch)]
    return [batches[i] for i in rng.permutation(len(batches))]


def pad(ids: list[list[int]], device: torch.device) -> tuple[Tensor, Tensor]:
    """n x longest token ids padded with 0, and n lengths."""
    lengths = torch.tensor([len(row) for row in ids])
    grid = np.zeros((len(ids), int(lengths.max())), dtype=np.int64)
    for i, row in enumerate(ids):
        grid[i, : len(row)] = row
    return torch.from_numpy(grid).to(device), lengths.to(device)


def loss_of(logits: dict[str, Tensor], encoded: Encoded, rows: list[int], plan: Plan) -> Tensor:
    """Mean over the rows of a batch of the losses of the heads for which each row has a target."""
    index = torch.tensor(rows)
    total = torch.zeros((), device=next(iter(logits.values())).device)
    for name, values in logits.items():
        goal, weight = (part[name][index].to(total.device) for part in (encoded.goals, encoded.weights))
        goal = goal.nan_to_num(0.0)
        if name in CLASSES:
            each = functional.cross_entropy(values.float(), goal, reduction="none", label_smoothing=plan.smoothing)
            total = total + (each * weight[:, 0]).sum()
        else:
            each = functional.binary_cross_entropy_with_logits(values.float(), goal, reduction="none")
            total = total + (each * weight).sum() * (plan.intent_weight / goal.shape[1] if name == "intents" else 1.0)
    return total / len(rows)


class Run:
    """One training run in a folder: `checkpoint.pt`, `log.txt` and, at the end, `final.pt`.

    Args:
        data: folder with the sets.
        out: folder of the run; a checkpoint in it is continued.
        plan: what to do.
        start: folder of a finished run of the same tier and rank, whose weights are where this one starts.
        device: "cpu" or "cuda".
        threads: processor cores to use; 0 leaves it to torch.
        report: called with (steps done, steps in all) after each step.
    """

    def __init__(
        self, data: Path, out: Path, plan: Plan, *, start: Path | None = None, device: str = "cpu", threads: int = 0,
        report: Callable[[int, int], None] | None = None,
    ) -> None:
        if threads or plan.parts > 1:
            torch.set_num_threads(threads or 1)  # parts are the threads then; small sums by several wait for each other
        begun = finished(start) if start else {}
        plan = replace(plan, start=key(str(begun["plan"]))) if start else plan
        self.out, self.plan, self.report = out, plan, report or (lambda done, all_steps: None)
        self.device = torch.device(device)
        out.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(plan.seed)
        if plan.tier not in backbones.TIERS:
            raise ModelFault(f"There is no tier {plan.tier!r}; there are: {', '.join(backbones.TIERS)}.")
        weights, tokenizer = backbones.files(backbones.TIERS[plan.tier])
        self.tokenizer = tokenizer_of(tokenizer)
        self.sets = load(data, fold_out=plan.fold_out)
        train = [*self.sets.train, *(self.sets.unlabelled if plan.teacher else ())]
        train = [e for e in train if len(e.intents) == len(INTENTS) or fold(e.text, 1000) < 1000 * plan.share]
        train = train[:: max(1, len(train) // plan.limit)] if plan.limit else train
        self.encoded = encode(train, self.tokenizer)
        if plan.teacher:
            self.encoded = taught(self.encoded, self._answers(train), plan.trust)
        self.weights = [e.weight for e in train]
        self.network: Network = fresh(backbones.TIERS[plan.tier], weights).to(self.device)
        self.network.words.weight.requires_grad_(False)
        self.bf16 = native_bf16(self.device)
        if plan.rank:
            lora.attach(self.network, plan.rank, torch.bfloat16 if self.bf16 else torch.float32)
            self.network.to(self.device)
        self.trained = {name: p for name, p in self.network.named_parameters() if p.requires_grad}
        if start:
            self._take(begun, start)
        self.mean = {name: p.detach().clone() for name, p in self.trained.items()}
        groups = [
            {"params": [p for p in self.trained.values() if p.dim() > 1], "weight_decay": plan.decay},
            {"params": [p for p in self.trained.values() if p.dim() <= 1], "weight_decay": 0.0},
        ]
        self.optimizer = torch.optim.AdamW(groups, lr=plan.rate, fused=True)
        lengths = [len(ids) for ids in self.encoded.ids]
        self.batches = [batch for epoch in range(plan.epochs) for batch in order(lengths, self.weights, plan, epoch)]
        self.step = 0
        self._resume()

    def _take(self, begun: dict[str, Any], start: Path) -> None:
        """Put the weights of another run in place."""
        with torch.no_grad():
            for name, parameter in self.trained.items():
                if name not in begun["network"] or begun["network"][name].shape != parameter.shape:
                    raise ModelFault(f"{start} is a run of another tier or rank: {name} does not fit.")
                parameter.copy_(begun["network"][name])

    def _answers(self, examples: list[Example]) -> dict[str, Tensor]:
        """The mean probabilities of the teachers for each text; each teacher is asked once a run."""
        told = [self._asked(tier, examples) for tier in self.plan.teacher.split("+")]
        return {name: torch.stack([one[name] for one in told]).mean(dim=0) for name in HEADS}

    def _asked(self, tier: str, examples: list[Example]) -> dict[str, Tensor]:
        teacher, path = encoder.load(tier, self.device.type), self.out / f"answers-{tier}.pt"
        known: dict[str, Any] = torch.load(path, weights_only=True) if path.exists() else {}
        if known.get("weights") != teacher.sheet.sha256 or known["texts"] != len(examples):  # calibration has no part in it
            self.log(f"asking {teacher.version} about {len(examples)} texts")
            logits = teacher.logits([e.text for e in examples], cues=False)
            known = {name: torch.from_numpy(encoder.calibrated(name, values, 1.0)) for name, values in logits.items()}
            _write(known := known | {"weights": teacher.sheet.sha256, "texts": len(examples)}, path)
        return {name: known[name] for name in HEADS}

    def _resume(self) -> None:
        path = self.out / "checkpoint.pt"
        if not path.exists():
            size = f"{len(self.encoded.ids)} texts, {len(self.batches)} steps"
            self.log(f"plan {asdict(self.plan)}; {size}, torch {torch.__version__}, {self.device}")
            return
        state = torch.load(path, map_location=self.device, weights_only=True)
        if state["plan"] != asdict(self.plan) or state["steps"] != len(self.batches):
            raise ModelFault(f"{path} belongs to another run: give another --out or remove it.")
        self.network.load_state_dict(self.network.state_dict() | state["network"])
        self.mean = state["mean"]
        self.optimizer.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["rng"].cpu())
        self.step = state["step"]
        self.log(f"resumed at step {self.step}")

    def save(self) -> None:
        """Write the checkpoint beside the old one, then replace it."""
        network = {name: p.detach() for name, p in self.trained.items()}
        state: dict[str, Any] = {
            "plan": asdict(self.plan), "steps": len(self.batches), "step": self.step, "network": network, "mean": self.mean,
            "optimizer": self.optimizer.state_dict(), "rng": torch.get_rng_state(),
        }
        _write(state, self.out / "checkpoint.pt")

    def log(self, line: str) -> None:
        with (self.out / "log.txt").open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    def train(self, *, save_every: int = 200, stop_after: int | None = None) -> Path:
        """Train to the end, or for `stop_after` more steps; returns the path of the final weights, which exist at the end."""
        self.network.train()
        until = len(self.batches) if stop_after is None else min(len(self.batches), self.step + stop_after)
        losses: list[float] = []
        started, first = time.monotonic(), self.step
        while self.step < until:
            losses.append(self._advance(self.batches[self.step]))
            self.step += 1
            self.report(self.step, len(self.batches))
            if self.step % save_every == 0 or self.step == until:
                self.save()
                rate = (self.step - first) / (time.monotonic() - started)
                loss, left = np.mean(losses[-save_every:]), (len(self.batches) - self.step) / rate / 3600
                self.log(f"step {self.step}/{len(self.batches)} loss {loss:.4f} steps/s {rate:.2f}, {left:.1f} h left")
        path = self.out / "final.pt"
        if self.step == len(self.batches):
            _write({"plan": asdict(self.plan), "network": {name: p.cpu() for name, p in self.mean.items()}}, path)
        return path

    def _advance(self, rows: list[int]) -> float:
        warm = max(1, int(self.plan.warmup * len(self.batches)))
        left = (len(self.batches) - self.step) / max(1, len(self.batches) - warm)
        for group in self.optimizer.param_groups:
            group["lr"] = self.plan.rate * min((self.step + 1) / warm, left)
        loss = self._learn(rows) if self.plan.parts == 1 else self._learn_side_by_side(rows)
        torch.nn.utils.clip_grad_norm_(self.trained.values(), 1.0)
        self.optimizer.step()
        if self.step % 10 == 9:
            # Early on the average follows closely, otherwise it would remember the random start.
            keep = min(self.plan.average, (1 + self.step / 10) / (10 + self.step / 10))
            torch._foreach_lerp_(list(self.mean.values()), [p.detach() for p in self.trained.values()], 1 - keep)
        return loss

    def _learn(self, rows: list[int]) -> float:
        """Gradients of a batch, left in the parameters; returns its loss."""
        ids, lengths = pad([self.encoded.ids[i] for i in rows], self.device)
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.bf16):
            logits = self.network(ids, lengths)
        loss = loss_of(logits, self.encoded, rows, self.plan)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        return float(loss.detach())

    def _learn_side_by_side(self, rows: list[int]) -> float:
        """The same, each part of the batch by one thread: threads that share one small matrix wait for each other."""
        wanted = list(self.trained.values())

        def part(number: int) -> tuple[float, tuple[Tensor, ...]]:
            own = rows[number :: self.plan.parts]
            noise = torch.Generator(self.device).manual_seed((self.plan.seed << 40) + (self.step << 8) + number)
            ids, lengths = pad([self.encoded.ids[i] for i in own], self.device)
            with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.bf16 and not self.plan.rank):
                logits = self.network(ids, lengths, noise)
            loss = loss_of(logits, self.encoded, own, self.plan) * (len(own) / len(rows))
            return float(loss.detach()), torch.autograd.grad(loss, wanted)

        with ThreadPoolExecutor(self.plan.parts, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            done = list(pool.map(part, range(min(self.plan.parts, len(rows)))))
        total = list(done[0][1])
        for _, gradients in done[1:]:
            torch._foreach_add_(total, gradients)
        for parameter, gradient in zip(wanted, total, strict=True):
            parameter.grad = gradient
        return sum(loss for loss, _ in done)

    def averaged(self) -> Network:
        """The network with the averaged weights in place, ready to evaluate."""
        self.network.load_state_dict(self.mean, strict=False)
        self.network.eval()
        return self.network


def finished(run: Path) -> dict[str, Any]:
    """Plan and network of a run that has been trained to its end.

    Raises:
        ModelFault: it has not.
    """
    path = run / "final.pt"
    if not path.exists():
        raise ModelFault(f"{path} is missing: the run has not finished; start it again with the same --out and it goes on.")
    state: dict[str, Any] = torch.load(path, weights_only=True)
    return state


def _write(state: dict[str, Any], path: Path) -> None:
    part = path.with_suffix(".part")
    torch.save(state, part)
    part.replace(path)
