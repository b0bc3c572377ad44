"""Enrich: what the models say about each mention of a landed window, as one immutable file.

A window that was already enriched with the same model, the same brands and the same input is left as it is. Memory holds one
batch of mentions and their scores, whatever the size of the window.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from pipelines.batches import ENRICHMENT_SCHEMA, text_hash
from pipelines.errors import InputError, ModelError
from pipelines.landing import Landing, replacing
from pipelines.settings import Settings

if TYPE_CHECKING:
    from models.base import Model, Scores
    from models.brands import BrandMatcher, Found
    from models.entities import Entities
    from models.hub import Replacement
    from models.targets import Feeling, Targets

_LOG = logging.getLogger(__name__)
BATCH = 8_192
NONE = "none@1"
_RULES = "3"  # of brands, relations and topics beyond word lists: raise it where a change must reach what is already enriched
_STAMP = b"earshot"
_COLUMNS = ["mention_id", "content_hash", "text", "language", "brand", "media"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Enriched:
    """What enriching a window gave. mentions = scored + unknown + not scored."""

    path: Path
    mentions: int
    scored: int  # with a sentiment
    unknown: int  # empty, image only, language, low confidence
    seconds: float


@dataclass(frozen=True, slots=True)
class _Tools:
    """What is loaded once in a process for one model and one set of brands."""

    model: Model | None
    name: str  # name@version
    matcher: BrandMatcher
    topics: Any
    entities: Entities | None
    targets: Targets | None


def run(settings: Settings, source: str, window_key: str, *, now: datetime, model: str | None = None) -> Enriched:
    """Score the mentions of a landed window.

    Args:
        source: name of the [sources.*] stanza.
        window_key: key of a window that has landed.
        now: unused by the scores; stages all take it.
        model: "encoder", "lexicon" or "none" (brands and contact reasons only); None means as configured.

    Raises:
        InputError: the window has not landed.
        ModelError: the model cannot be loaded, or the device that [models] names cannot be used.
    """
    from models.base import ModelFault

    started = time.perf_counter()
    landing = Landing(settings.storage)
    manifest = landing.read_manifest(source, window_key)
    if manifest is None:
        raise InputError(f"{source} {window_key}: this window has not landed; collect it first.")
    wanted = model or settings.models.active
    try:
        name = model_name(wanted, settings.models.tier, settings.replaced)
        path = landing.enrichment(name, source, window_key)
        stamp = {"input": manifest.content_hash, "rules": _rules(settings), "model": name}
        if done := _unchanged(path, stamp):
            return Enriched(path=path, seconds=time.perf_counter() - started, **done)
        tools = _tools(wanted, _asked(settings), settings)
        counts = _write(landing.mentions(source, window_key), path, tools, stamp)
    except ModelFault as error:
        raise ModelError(str(error)) from None
    seconds = time.perf_counter() - started
    _LOG.info("%s %s: %d mentions enriched by %s in %.1f s", source, window_key, counts["mentions"], name, seconds)
    return Enriched(path=path, seconds=seconds, **counts)


def model_name(wanted: str, tier: str = "fast", replaced: tuple[Replacement, ...] = ()) -> str:
    """name@version of "encoder", "lexicon" or "none", without loading any weights.

    Args:
        tier: of the encoder.
        replaced: heads that checkpoints stand in for; their versions are part of the version.

    Raises:
        models.base.ModelFault: the weights or a checkpoint are missing.
    """
    if wanted == "none":
        return NONE
    if replaced:
        from models import hub

        return model_name(wanted, tier) + hub.version(replaced)
    if wanted == "lexicon":
        from models.lexicon import Lexicon

        return f"{Lexicon.name}@{Lexicon.version}"
    from models.weights import version

    return f"encoder@{version(tier)}"


@lru_cache(maxsize=4)
def _scorer(wanted: str, tier: str, device: str) -> Model | None:
    """The model, loaded once in a process."""
    if wanted == "none":
        return None
    if wanted == "lexicon":
        from models.lexicon import Lexicon

        return Lexicon()
    from models.encoder import load

    return load(tier, device)


def _with_heads(model: Model | None, replaced: tuple[Replacement, ...], device: str) -> Model | None:
    """The model with the checkpoints that stand in for some of its heads."""
    if model is None or not replaced:
        return model
    from models.hub import Hub

    return Hub(model, replaced, device=device)


def model_of(wanted: str, tier: str = "fast", replaced: tuple[Replacement, ...] = (), *, device: str = "cpu") -> Model:
    """The model "encoder" (of a tier) or "lexicon", with the heads that are replaced, loaded once in a process.

    Raises:
        ModelError: its weights are missing or not the ones that belong to it, or there is no such device.
    """
    from models.base import ModelFault

    try:
        found = _with_heads(_scorer(wanted, tier, device), replaced, device)
    except ModelFault as error:
        raise ModelError(str(error)) from None
    if found is None:
        raise ModelError(f"{wanted!r} is no model that scores; there are encoder and lexicon.")
    return found


_LOADED: dict[tuple[str, str, str, str], _Tools] = {}


def _tools(wanted: str, asked: str, settings: Settings) -> _Tools:
    from models.brands import BrandMatcher
    from models.topics import TopicFinder

    tier, device, replaced = settings.models.tier, settings.models.device, settings.replaced
    name = model_name(wanted, tier, replaced)
    key = (wanted, name, asked, device)
    if key not in _LOADED:
        model, entities, targets = _with_heads(_scorer(wanted, tier, device), replaced, device), None, None
        if wanted == "encoder" and model is not None:
            from models.entities import Entities
            from models.targets import Targets

            entities, targets = Entities(), Targets(model)
        _LOADED.clear()
        matcher = BrandMatcher(settings.query.brands, entities)
        own = {name: topic.phrases for name, topic in settings.topics.items()}
        topics = TopicFinder(own, replaced=[name for name, topic in settings.topics.items() if topic.replace])
        _LOADED[key] = _Tools(model, name, matcher, topics, entities, targets)
    return _LOADED[key]


def _asked(settings: Settings) -> str:
    """What is looked for in texts, as one text: brands and topics of the user's own."""
    return repr(settings.query.brands) + (repr(settings.topics) if settings.topics else "")


def _rules(settings: Settings) -> str:
    """Hash of everything but model and input that decides what is written."""
    import models

    digest = hashlib.sha256(f"{_RULES} {_asked(settings)}".encode())
    for words in sorted((Path(models.__path__[0]) / "words").glob("*.toml")):
        digest.update(words.read_bytes())
    return digest.hexdigest()[:16]


def _unchanged(path: Path, stamp: dict[str, str]) -> dict[str, int] | None:
    """The counts of an earlier run that was asked exactly this; None where there was none."""
    import pyarrow.parquet as pq

    if not path.exists():
        return None
    try:
        found = json.loads((pq.read_metadata(path).metadata or {})[_STAMP])
    except (OSError, pa.ArrowException, KeyError, ValueError):
        return None
    counts = found.pop("counts", None)
    return counts if found == stamp else None


def _write(mentions: Path, path: Path, tools: _Tools, stamp: dict[str, str]) -> dict[str, int]:
    import pyarrow.parquet as pq

    counts = {"mentions": 0, "scored": 0, "unknown": 0}
    with replacing(path) as part, pq.ParquetWriter(part, ENRICHMENT_SCHEMA, compression="zstd", compression_level=1) as out:
        for batch in _batches(mentions):
            out.write_batch(_enrich(batch, tools, counts))
        out.add_key_value_metadata({_STAMP.decode(): json.dumps(stamp | {"counts": counts})})
    return counts


def _batches(mentions: Path) -> Iterator[pa.RecordBatch]:
    import pyarrow.parquet as pq

    with pq.ParquetFile(mentions) as file:
        yield from file.iter_batches(BATCH, columns=_COLUMNS)


def _enrich(batch: pa.RecordBatch, tools: _Tools, counts: dict[str, int]) -> pa.RecordBatch:
    from models.brands import keys

    texts: list[str] = batch.column("text").to_pylist()
    known: list[str | None] = batch.column("brand").to_pylist()
    columns: dict[str, Any] = {"model": [tools.name] * len(texts), "text_hash": [text_hash(text) for text in texts]}
    columns |= _scores(texts, batch, tools)
    places = tools.matcher.places(texts, columns["language"])
    columns["brands"] = [_with(first, keys(found)) for first, found in zip(known, places, strict=True)]
    columns["brand_sentiments"] = _by_brand(texts, places, columns, tools)
    columns["topics"] = tools.topics.find_all(texts)
    columns["entities"] = [_entities(tools.entities, text) for text in texts] if tools.entities else [None] * len(texts)
    reasons = columns["unknown_reason"]
    unscored = sum(reason == "not_scored" for reason in reasons)
    unknown = sum(reason is not None for reason in reasons) - unscored
    counts["mentions"] += len(texts)
    counts["unknown"] += unknown
    counts["scored"] += len(texts) - unknown - unscored
    columns |= {name: batch.column(name) for name in ("mention_id", "content_hash")}
    arrays = [c if isinstance(c := columns[f.name], pa.Array) else pa.array(c, f.type) for f in ENRICHMENT_SCHEMA]
    return pa.RecordBatch.from_arrays(arrays, schema=ENRICHMENT_SCHEMA)


def _with(first: str | None, rest: tuple[str, ...]) -> tuple[str, ...]:
    return rest if first is None or (rest and rest[0] == first) else (first, *(key for key in rest if key != first))


def _by_brand(texts: list[str], places: list[list[Found]], columns: dict[str, Any], tools: _Tools) -> list[str | None]:
    """For each mention the sentiment towards each of its brands as JSON; None where the mention's own holds for all."""
    if tools.targets is None:
        return [None] * len(texts)
    readable = [why in (None, "low_confidence") for why in columns["unknown_reason"]]
    found = tools.targets.score(texts, [spots if is_read else [] for spots, is_read in zip(places, readable, strict=True)])
    return [None if feelings is None else json.dumps({key: _feeling(f) for key, f in feelings.items()}) for feelings in found]


def _feeling(feeling: Feeling) -> dict[str, str | float]:
    chances = dict(zip(("p_negative", "p_neutral", "p_positive"), (round(p, 4) for p in feeling.chances), strict=True))
    return {"sentiment": feeling.sentiment} | chances


def _entities(entities: Entities, text: str) -> str | None:
    found = entities.known(text)
    return None if found is None else json.dumps(found, ensure_ascii=False)


def _scores(texts: list[str], batch: pa.RecordBatch, tools: _Tools) -> dict[str, Any]:
    """The columns that the model fills."""
    media = batch.column("media").is_valid().to_pylist()
    n = len(texts)
    if tools.model is None:
        reasons = ["not_scored" if text.strip() else _nothing(has) for text, has in zip(texts, media, strict=True)]
        nothing = dict.fromkeys(("language", "p_negative", "p_neutral", "p_positive", "intent_scores"), [None] * n)
        return nothing | {"sentiment": ["unknown"] * n, "unknown_reason": reasons, "intents": [[]] * n}
    scores = tools.model.score(texts, batch.column("language").to_pylist())
    negative, neutral, positive = (_column(scores.sentiment[:, i]) for i in range(3))
    return {
        "language": scores.language, "sentiment": scores.labels(),
        "unknown_reason": [_reason(why, has) for why, has in zip(scores.reason, media, strict=True)],
        "p_negative": negative, "p_neutral": neutral, "p_positive": positive,
        "intents": scores.intent_names(), "intent_scores": _intent_scores(scores),
    }


def _reason(why: str, has_media: bool) -> str | None:
    return _nothing(has_media) if why == "empty" else why or None


def _nothing(has_media: bool) -> str:
    return "image_only" if has_media else "empty"


def _column(values: Any) -> pa.Array:
    """Probabilities with four decimals; null where nothing was scored."""
    import numpy as np

    return pa.array(np.round(values.astype(np.float64), 4), pa.float64(), from_pandas=True)


def _intent_scores(scores: Scores) -> list[str | None]:
    from models.base import INTENTS

    template = "{" + ",".join(f'"{label}":%.3f' for label in INTENTS) + "}"
    return [None if row[0] != row[0] else (template % tuple(row)).replace("nan", "null") for row in scores.intents.tolist()]
