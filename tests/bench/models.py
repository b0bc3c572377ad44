"""What the encoder costs, as ratios within one run: `python -m tests.bench.models` prints them as JSON.

Each tier answers with all its heads, beside three yardsticks on the same texts and threads, taken in turns with it:

- `transformers.pipeline("text-classification", batch_size=32)`, once a head, with the same backbone under random heads;
- the limit: nothing but the tier's own products of matrices (its shapes, its batches, its packed weights, its precision,
  all worker threads at once);
- the same answers in float32.

`limit_share` is useful floating-point operations a second of the whole call (tokens that are text, linear layers only, with
language, preparation and tokeniser in the time) over those of the limit. Ratios are by the clock; `by_processor_time` has the
same of processor time, which other work on the machine disturbs less. Of several rounds medians are taken, and the sum over
the heads for the pipelines.
The texts are the real week of $EARSHOT_DATA/streams/airline_week.jsonl, or simulated ones (it says which).
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from models import backbones, base, encoder, weights
from models.backbones import Backbone
from models.encoder import Encoder, native_bf16, packed
from models.frozen import Frozen, Product, filled
from models.network import HEADS, fresh
from models.text import normalise

ROOT = Path(__file__).resolve().parent.parent.parent
EXAMPLES = ROOT / "examples"
SIZES = {"fast": 2_000, "accurate": 300}


def airline_week() -> Path:
    """The real week, which may not be there."""
    return Path(os.environ.get("EARSHOT_DATA", ROOT.parent / "shared" / "data")) / "streams" / "airline_week.jsonl"


def real_texts(count: int) -> list[str]:
    """`count` texts spread over the whole week, or simulated ones where there is none."""
    if airline_week().exists():
        with airline_week().open(encoding="utf-8") as lines:
            texts = [json.loads(line)["text"] for line in lines]
        return texts[:: max(1, len(texts) // count)][:count]
    from pipelines.simulation.export import write_jsonl

    with tempfile.TemporaryDirectory() as folder:
        write_jsonl(Path(folder) / "texts.jsonl", count, seed=1)
        return [json.loads(line)["text"] for line in (Path(folder) / "texts.jsonl").read_text(encoding="utf-8").splitlines()]


class Taken(NamedTuple):
    """What a call took: seconds by the clock, and seconds of processor time of all its threads."""

    clock: float
    processor: float


def timed(call: Callable[[], Any]) -> Taken:
    """Call and measure."""
    clock, processor = time.perf_counter(), time.process_time()
    call()
    return Taken(time.perf_counter() - clock, time.process_time() - processor)


# The yardstick: transformers' own pipelines.


def pipelines_of(backbone: Backbone) -> Iterator[Callable[[list[str]], Any]]:
    """A text-classification pipeline for each head, on the backbone's weights under a random head, loaded one at a time."""
    import transformers
    from transformers import AutoModelForSequenceClassification, BertConfig, MPNetConfig, PreTrainedTokenizerFast, pipeline

    transformers.logging.set_verbosity_error()  # that heads are random is known
    transformers.logging.disable_progress_bar()
    path, tokens = backbones.files(backbone)
    sizes: dict[str, Any] = {
        "vocab_size": backbone.vocabulary, "hidden_size": backbone.width, "num_hidden_layers": backbone.layers,
        "num_attention_heads": backbone.heads, "intermediate_size": backbone.inner, "layer_norm_eps": backbone.eps,
    }
    pad = "<pad>" if backbone.buckets else "[PAD]"
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(tokens), pad_token=pad, model_max_length=encoder.MAX_TOKENS)
    for head, outputs in HEADS.items():
        if backbone.buckets:
            config: Any = MPNetConfig(**sizes, max_position_embeddings=514, pad_token_id=1, num_labels=outputs)
        else:
            config = BertConfig(**sizes, num_labels=outputs)
        model = AutoModelForSequenceClassification.from_pretrained(path.parent, config=config).eval()
        options = {"top_k": None, "function_to_apply": "softmax" if head in encoder.CLASSES else "sigmoid"}
        ready = pipeline("text-classification", model=model, tokenizer=tokenizer, batch_size=32, truncation=True, **options)
        ready(["a text to begin with"])
        yield ready


# The limit: the same products of matrices and nothing else.


@dataclass(frozen=True)
class Work:
    """The products that a tier's answer to some texts takes.

    Attributes:
        rows: of each batch of each network, with those that fill it.
        operations: additions and multiplications in the linear layers, of tokens that are text.
        multiplied: the same of all rows.
    """

    rows: list[list[int]]
    tokens: int
    distinct: int
    operations: float
    multiplied: float


def work_of(model: Encoder, texts: list[str]) -> Work:
    """The batches that the encoder, and the one beside it, make of these texts, by their own tokenisers and packing."""
    plain = list(dict.fromkeys(map(normalise, texts)))
    rows, tokens, operations, multiplied = [], [], 0, 0
    for one in _networks(model):
        backbone = backbones.TIERS[one.sheet.tier]
        lengths = np.array([len(found.ids) for found in one._tokenizer.encode_batch_fast(plain)])
        a_token = 2 * backbone.layers * (4 * backbone.width**2 + 2 * backbone.width * backbone.inner)
        rows.append([filled(int(lengths[batch].sum())) for batch in packed(lengths)])
        tokens.append(int(lengths.sum()))
        operations, multiplied = operations + a_token * tokens[-1], multiplied + a_token * sum(rows[-1])
    return Work(rows, tokens[0], len(plain), float(operations), float(multiplied))


def _networks(model: Encoder) -> list[Encoder]:
    return [model, *([model.beside] if model.beside else [])]


def multiply(model: Encoder, work: Work) -> None:
    """Every product of every batch, in the order of the networks, on as many threads as the encoder uses."""
    for one, batches in zip(_networks(model), work.rows, strict=True):
        frozen, backbone = one._network, backbones.TIERS[one.sheet.tier]
        assert isinstance(frozen, Frozen)
        _products(frozen, backbone, batches, model.workers)


def _products(frozen: Frozen, backbone: Backbone, batches: list[int], workers: int) -> None:
    kind = frozen.kind
    ups = [_plain(layer.up) for layer in frozen.layers]

    def batch(rows: int) -> None:
        with torch.inference_mode():
            narrow, wide = torch.zeros(rows, backbone.width, dtype=kind), torch.zeros(rows, backbone.inner, dtype=kind)
            for layer, up in zip(frozen.layers, ups, strict=True):
                layer.qkv(narrow)
                layer.out(narrow)
                up(narrow)
                layer.down(wide)

    with ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        list(pool.map(batch, batches))


def _plain(product: Product) -> Callable[[torch.Tensor], torch.Tensor]:
    """The same product without the GELU that follows it."""
    from copy import copy

    plain = copy(product)
    plain._gelu = False
    return plain


# One tier.


def build(tier: str, *, bf16: bool | None = None) -> tuple[Encoder, str]:
    """The encoder of a tier, and what its weights are: those shipped, or random heads where none are."""
    backbone = backbones.TIERS[tier]
    path, tokens = backbones.files(backbone)
    torch.manual_seed(1)
    try:
        return encoder.read(tier, bf16=bf16), "shipped"
    except base.ModelFault:
        sheet = replace(weights.sheet("fast"), tier=tier)
        return Encoder(fresh(backbone, path).eval(), tokens, sheet, bf16=bf16), "random heads"


def agreement(quick: base.Scores, exact: base.Scores) -> dict[str, float]:
    """Share of labels that two sets of scores have in common, for each head."""

    def same(a: Any, b: Any) -> float:
        return round(float(np.mean(a == b)), 5)

    def best(values: Any) -> Any:
        return values.argmax(axis=1)

    return {
        "sentiment": same(best(quick.sentiment), best(exact.sentiment)),
        "intents": same(quick.intent_labels, exact.intent_labels), "emotion": same(best(quick.emotion), best(exact.emotion)),
        "irony": same(quick.irony >= 0.5, exact.irony >= 0.5), "offensive": same(quick.offensive >= 0.5, exact.offensive >= 0.5),
    }


def measure(tier: str, texts: list[str]) -> dict[str, Any]:
    """One tier beside its yardsticks; a round for each head."""
    backbone = backbones.TIERS[tier]
    (model, what), (exact, _) = build(tier), build(tier, bf16=False)
    work, frozen = work_of(model, texts), model._network
    assert isinstance(frozen, Frozen)
    model.score(texts, everything=True)
    multiply(model, work)
    taken: dict[str, list[Taken]] = {"encoder": [], "pipeline": [], "limit": []}
    for ready in pipelines_of(backbone):
        torch.set_num_threads(model.workers)
        taken["pipeline"].append(timed(lambda ready=ready: ready(texts)))
        for _ in range(3):
            taken["limit"].append(timed(lambda: multiply(model, work)))
            taken["encoder"].append(timed(lambda: model.score(texts, everything=True)))
        last = {name: round(times[-1].clock, 2) for name, times in taken.items()}
        print(f"{tier}, seconds: {last}", file=sys.stderr, flush=True)
    answers: dict[str, base.Scores] = {}
    slow = timed(lambda: answers.update(exact=exact.score(texts, everything=True)))
    by_clock, by_processor = (ratios({name: [t[i] for t in times] for name, times in taken.items()}, work) for i in (0, 1))
    seconds = statistics.median(t.clock for t in taken["encoder"])
    return {
        "weights": what, "precision": str(frozen.kind).removeprefix("torch."), "threads": model.workers,
        "texts": len(texts), "distinct": work.distinct, "tokens": work.tokens,
        "mentions_per_second": round(len(texts) / seconds), "tokens_per_second": round(work.tokens / seconds),
        "gflops": round(work.operations / seconds / 1e9),
        "limit_gflops": round(work.multiplied / statistics.median(t.clock for t in taken["limit"]) / 1e9),
        **by_clock, "by_processor_time": by_processor, "times_float32": round(slow.clock / seconds, 2),
        "agreement_with_float32": agreement(model.score(texts, everything=True), answers["exact"]),
        "seconds": {name: [round(t.clock, 3) for t in times] for name, times in taken.items()},
    }


def ratios(taken: dict[str, list[float]], work: Work) -> dict[str, float]:
    """How many times the pipelines of all heads take what the encoder takes, and its share of the limit."""
    own = statistics.median(taken["encoder"])
    share = statistics.median(limit / one for limit, one in zip(taken["limit"], taken["encoder"], strict=True))
    share *= work.operations / work.multiplied
    return {"times_pipelines": round(sum(taken["pipeline"]) / own, 1), "limit_share": round(share, 3)}


# The whole enrichment.


def enrichment(folder: Path, count: int = 6_000) -> dict[str, Any] | None:
    """Redaction and the enrich stage (encoder, language, brands, target sentiment, topics, spaCy) over the encoder alone.

    A first file loads what a process loads once.
    """
    from pipelines import collect, enrich, privacy, settings

    if not airline_week().exists():
        return None
    config = settings.read(EXAMPLES / "airline_brands.toml").model_copy(update={"folder": folder})
    now, model = datetime.now(UTC), encoder.load()

    def landed(name: str, lines: list[str]) -> tuple[str, list[str]]:
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
        found = collect.run_file(config, folder / name, EXAMPLES / "airline_week.toml", now=now, source=name.partition(".")[0])
        return found.source, found.window_keys

    def enriched(source: str, keys: list[str]) -> None:
        for key in keys:
            enrich.run(config, source, key, now=now, model="encoder")

    lines = airline_week().read_text(encoding="utf-8").splitlines()
    step = max(2, len(lines) // count)
    enriched(*landed("first.jsonl", lines[1::step][:500]))
    source, keys = landed("week.jsonl", lines[::step][:count])
    raw = [json.loads(line)["text"] for line in lines[::step][:count]]
    texts = [found.text for found in privacy.protect_batch(raw, None, config.query.brands)]
    taken = {
        "encoder": timed(lambda: model.score(texts)), "enrich": timed(lambda: enriched(source, keys)),
        "redaction": timed(lambda: privacy.protect_batch(raw, None, config.query.brands)),
        "again": timed(lambda: model.score(texts)),
    }
    alone, whole = ([taken[a][i] + taken[b][i] for i in (0, 1)] for a, b in (("encoder", "again"), ("enrich", "redaction")))
    return {
        "mentions": len(texts), "windows": len(keys), "mentions_per_second": round(len(texts) / whole[0]),
        "times_encoder": round(2 * whole[0] / alone[0], 2), "by_processor_time": round(2 * whole[1] / alone[1], 2),
        "seconds": {name: round(one.clock, 2) for name, one in taken.items()},
    }


def main() -> None:
    """Measure every tier whose backbone is here, and the enrichment."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tiers", nargs="*", default=list(SIZES), choices=list(SIZES))
    parser.add_argument("--texts", type=int, help="texts for each tier (default: 2,000 fast, 300 accurate)")
    args = parser.parse_args()
    result: dict[str, Any] = {
        "corpus": airline_week().name if airline_week().exists() else "simulated",
        "bf16": native_bf16(torch.device("cpu")), "load": round(os.getloadavg()[0], 1),
    }
    for tier in args.tiers:
        try:
            result[tier] = measure(tier, real_texts(args.texts or SIZES[tier]))
        except base.ModelFault as fault:
            result[tier] = {"skipped": str(fault)}
    with tempfile.TemporaryDirectory(prefix="earshot-bench-") as folder:
        result["enrichment"] = enrichment(Path(folder))
    print(json.dumps(result))


if __name__ == "__main__":
    main()
