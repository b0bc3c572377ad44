"""Any Hugging Face sequence-classification checkpoint in place of one head of another model.

A checkpoint is a folder, or a name on the hub with its revision. It is data only: safetensors are read, no code that comes with
it is run. Its labels are mapped onto ours; several may stand for one of ours ("1 star" and "2 stars" for negative).
"""

from __future__ import annotations

import hashlib
import json
import logging
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models import base, text
from models.backbones import digest as bytes_digest
from models.base import EMOTIONS, INTENTS, SENTIMENTS, Floats, Model, ModelFault, Scores

HEADS = {"sentiment": SENTIMENTS, "intents": INTENTS, "emotion": EMOTIONS, "irony": ("irony",), "offensive": ("offensive",)}
NOTHING = "none"  # what a label stands for that says nothing of a yes-or-no head
MAX_TOKENS = 128
BUDGET = 4096  # tokens in a batch, padding counted
_FILES = ("*.json", "*.txt", "*.model", "*.safetensors")
_WEIGHTS = "*.safetensors"


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """One head and what stands in for it.

    Attributes:
        head: one of HEADS.
        checkpoint: a folder, or a name on the hub such as org/name.
        revision: commit or tag of a name on the hub; None for a folder.
        labels: (label of the checkpoint, one of ours), or () where its labels are ours, in any case of letters.
        languages: ISO 639-1 codes that this checkpoint can read and the model around it cannot.
        confidence: below this probability of the likeliest sentiment a text is unknown; for the head sentiment only.
    """

    head: str
    checkpoint: str
    revision: str | None
    labels: tuple[tuple[str, str], ...] = ()
    languages: tuple[str, ...] = ()
    confidence: float = 0.4


@lru_cache(maxsize=8)
def locate(checkpoint: str, revision: str | None) -> Path:
    """The folder of a checkpoint's files, fetched into the hub's cache where it is not there yet.

    HF_HUB_OFFLINE, HF_HOME, HF_ENDPOINT and HF_TOKEN mean what they mean to every Hugging Face library.

    Raises:
        ModelFault: it is not there and cannot be fetched.
    """
    if revision is None:
        folder = Path(checkpoint)
        if not (folder / "config.json").is_file():
            raise ModelFault(f"The checkpoint folder {checkpoint} has no config.json: give one that save_pretrained wrote.")
        return folder
    from huggingface_hub import constants, snapshot_download
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, LocalEntryNotFoundError, RepositoryNotFoundError

    what = f"The checkpoint {checkpoint} at revision {revision}"
    mend = f"run `hf download {checkpoint} --revision {revision}` where there is a network, or give a folder as `checkpoint`."
    try:
        return Path(snapshot_download(checkpoint, revision=revision, allow_patterns=list(_FILES)))
    except GatedRepoError:
        raise ModelFault(f"{what} asks for its terms to be accepted: do so on its page and set HF_TOKEN.") from None
    except LocalEntryNotFoundError:
        why = "this process is offline (HF_HUB_OFFLINE)" if constants.HF_HUB_OFFLINE else "the hub cannot be reached"
        raise ModelFault(f"{what} is not on this machine and {why}: {mend}") from None
    except RepositoryNotFoundError:
        raise ModelFault(f"{what} does not exist on the hub, or is private: check the name, or set HF_TOKEN.") from None
    except (HfHubHTTPError, OSError, ValueError) as error:
        raise ModelFault(f"{what} could not be fetched ({type(error).__name__}): check both, or {mend}") from None


def version(replacements: Sequence[Replacement]) -> str:
    """What is added to the version of the model around them: each head and a hash of the checkpoint's bytes and the stanza.

    Raises:
        ModelFault: a checkpoint is not there.
    """
    return "".join(f"+{r.head}-{_digest(r)}" for r in replacements)


def _digest(replacement: Replacement) -> str:
    folder = locate(replacement.checkpoint, replacement.revision)
    about = replace(replacement, checkpoint="", revision=None)  # a folder that moved is the same checkpoint
    digest = hashlib.sha256(repr(about).encode())
    for path in sorted(p for pattern in _FILES for p in folder.glob(pattern)):
        status = path.stat()
        digest.update(f"{path.name} {_sha256(path, status.st_mtime_ns, status.st_size)}".encode())
    return digest.hexdigest()[:8]


@lru_cache(maxsize=64)
def _sha256(path: Path, changed: int, size: int) -> str:
    """Of a file's bytes; computed anew where the file was replaced."""
    return bytes_digest(path)


class Classifier:
    """A checkpoint with the places of its labels in our head.

    Raises:
        ModelFault: it cannot be loaded, is no sequence classifier, its labels do not fit the map, or there is no such device.
    """

    def __init__(self, replacement: Replacement, device: str = "cpu") -> None:
        from models.encoder import usable

        self._device = usable(device)
        self.head, self.confidence = replacement.head, replacement.confidence
        self.languages = frozenset(replacement.languages)
        folder = locate(replacement.checkpoint, replacement.revision)
        names, self._is_exclusive = _labels(folder, replacement.checkpoint)
        self._places = places(names, dict(replacement.labels), self.head, replacement.checkpoint)
        network, self._tokenizer = _load(folder, replacement.checkpoint)
        self._network = network.to(self._device)
        self._limit = _limit(network.config, self._tokenizer)

    @property
    def columns(self) -> list[int]:
        """Which of our labels it speaks of."""
        return sorted({place for place in self._places if place is not None})

    def chances(self, texts: Sequence[str]) -> Floats:
        """Probabilities of our labels: n x labels of the head, 0 in columns of which the checkpoint does not speak."""
        plain = [text.normalise(t) for t in texts]
        distinct = {t: place for place, t in enumerate(dict.fromkeys(plain))}
        own = self._own(list(distinct))
        found = np.zeros((len(distinct), len(HEADS[self.head])), dtype=np.float32)
        for column, place in enumerate(self._places):
            if place is not None:  # exclusive labels add up; of others the likeliest counts
                old, new = found[:, place], own[:, column]
                found[:, place] = old + new if self._is_exclusive else np.maximum(old, new)
        if self.head in ("sentiment", "emotion"):
            found /= np.maximum(found.sum(axis=1, keepdims=True), 1e-9)
        return found[[distinct[t] for t in plain]]

    def _own(self, plain: list[str]) -> Floats:
        """Probabilities of the checkpoint's own labels, in batches of similar length."""
        import torch

        from models.encoder import packed, sigmoid, softmax

        out = np.empty((len(plain), len(self._places)), dtype=np.float32)
        ids = self._tokenizer(plain, truncation=True, max_length=self._limit)["input_ids"] if plain else []
        for rows in packed(np.array([len(row) for row in ids]), BUDGET):
            batch = self._tokenizer.pad({"input_ids": [ids[i] for i in rows]}, return_tensors="pt").to(self._device)
            with torch.inference_mode():
                out[rows] = self._network(**batch).logits.float().cpu().numpy()
        return softmax(out) if self._is_exclusive else sigmoid(out)


def places(names: Sequence[str], labels: Mapping[str, str], head: str, checkpoint: str) -> list[int | None]:
    """For each label of a checkpoint the place of ours that it stands for, None where it stands for nothing.

    >>> places(["LABEL_0", "LABEL_1"], {"LABEL_1": "irony"}, "irony", "a/b")
    [None, 0]

    Raises:
        ModelFault: the map names labels that are not there, or leaves out some that must be.
    """
    ours = HEADS[head]
    if not labels:
        lower = [name.lower() for name in names]
        labels = {name: low for name, low in zip(names, lower, strict=True) if low in ours}
    known = f"the checkpoint {checkpoint} has the labels {', '.join(names)}; the head {head} has {', '.join(ours)}"
    if strange := [*(k for k in labels if k not in names), *(v for v in labels.values() if v not in (*ours, NOTHING))]:
        raise ModelFault(f"labels: {', '.join(strange)} is not known: {known}.")
    missing = [name for name in names if name not in labels] + [label for label in ours if label not in labels.values()]
    must_cover = head in ("sentiment", "emotion")
    if not set(labels.values()) - {NOTHING} or (missing and must_cover):
        raise ModelFault(f"labels: the map leaves out {', '.join(missing)}: {known}.")
    return [ours.index(labels[name]) if labels.get(name, NOTHING) != NOTHING else None for name in names]


def _labels(folder: Path, checkpoint: str) -> tuple[list[str], bool]:
    """The checkpoint's labels in order, and whether exactly one of them holds."""
    try:
        config: dict[str, Any] = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        count = int(config.get("num_labels") or len(config.get("id2label") or {}) or 2)
        named = config.get("id2label") or {str(i): f"LABEL_{i}" for i in range(count)}
        names = [str(named[str(i)]) for i in range(len(named))]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelFault(f"The checkpoint {checkpoint}: its config.json cannot be used ({error!r}).") from None
    kinds = config.get("architectures") or []
    if not any(str(kind).endswith("ForSequenceClassification") for kind in kinds):
        raise ModelFault(f"The checkpoint {checkpoint} is no sequence classifier but {', '.join(map(str, kinds)) or 'unnamed'}.")
    if not list(folder.glob(_WEIGHTS)):
        raise ModelFault(
            f"The checkpoint {checkpoint} has no safetensors file, and other formats may run code: save it with save_pretrained, "
            "or give a revision that has one."
        )
    return names, len(names) > 1 and config.get("problem_type") != "multi_label_classification"


def _load(folder: Path, checkpoint: str) -> tuple[Any, Any]:
    from transformers import AutoModelForSequenceClassification, AutoTokenizer
    from transformers.utils import logging as voice

    loudness, bars = voice.get_verbosity(), voice.is_progress_bar_enabled()
    voice.set_verbosity(logging.CRITICAL)
    voice.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            network, report = AutoModelForSequenceClassification.from_pretrained(
                folder, use_safetensors=True, trust_remote_code=False, local_files_only=True, output_loading_info=True
            )
            tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
    except Exception as error:  # whatever is wrong with somebody's checkpoint is said in one sentence
        first = " ".join(str(error).split())[:200]
        raise ModelFault(f"The checkpoint {checkpoint} cannot be loaded ({type(error).__name__}: {first}).") from None
    finally:
        voice.set_verbosity(loudness)
        if bars:
            voice.enable_progress_bar()
    if report["missing_keys"]:
        raise ModelFault(f"The checkpoint {checkpoint} lacks weights: {', '.join(sorted(report['missing_keys'])[:3])}.")
    return network.eval(), tokenizer


def _limit(config: Any, tokenizer: Any) -> int:
    """Tokens of a text that are read; some networks count their places from 2."""
    longest = getattr(config, "max_position_embeddings", None) or MAX_TOKENS + 2
    return int(min(MAX_TOKENS, tokenizer.model_max_length, longest - 2))


class Hub:
    """A model of which some heads are replaced by checkpoints, as a `models.base.Model`.

    Args:
        model: which gives everything else: languages, reasons and the other heads.
        replacements: one for a head.
        device: where the checkpoints compute: "cpu", "cuda" or "cuda:N".
    """

    def __init__(self, model: Model, replacements: Sequence[Replacement], *, device: str = "cpu") -> None:
        self.name, self.version = model.name, model.version + version(replacements)
        self._model = model
        self._classifiers = [Classifier(r, device) for r in replacements]

    def score(self, texts: Sequence[str], hints: Sequence[str | None] | None = None) -> Scores:
        """Score texts of any content and length."""
        plain = scores = self._model.score(texts, hints)
        for classifier in self._classifiers:  # what one made readable is so for it alone
            scores = _replaced(scores, texts, _readable(plain, classifier), classifier)
        return scores


def _readable(plain: Scores, by: Classifier) -> NDArray[np.int64]:
    """The rows that a checkpoint can read, by what the model around all of them says."""
    return np.array([
        i for i, (why, language) in enumerate(zip(plain.reason, plain.language, strict=True))
        if why in ("", "low_confidence") or (why == "language" and language in by.languages)
    ], dtype=np.int64)


def _replaced(scores: Scores, texts: Sequence[str], rows: NDArray[np.int64], by: Classifier) -> Scores:
    """Scores with the answers of one checkpoint in these rows."""
    if not len(rows):
        return scores
    found = by.chances([texts[i] for i in rows])
    if by.head == "sentiment":
        return _felt(scores, rows, found, by.confidence)
    if by.head == "intents":
        return _meant(scores, rows, found, by.columns)
    old = getattr(scores, by.head)
    new = base.blank(len(texts), heads=True)
    values: Floats = getattr(new, by.head) if old is None else old.copy()
    values[rows] = found if by.head == "emotion" else found[:, 0]
    changed: dict[str, Any] = {by.head: values}
    return replace(scores, **changed)


def _felt(scores: Scores, rows: NDArray[np.int64], found: Floats, confidence: float) -> Scores:
    sentiment, reason = scores.sentiment.copy(), list(scores.reason)
    sentiment[rows] = found
    for row, best in zip(rows.tolist(), found.max(axis=1).tolist(), strict=True):
        reason[row] = "low_confidence" if best < confidence else ""
    return replace(scores, sentiment=sentiment, reason=reason)


def _meant(scores: Scores, rows: NDArray[np.int64], found: Floats, columns: list[int]) -> Scores:
    """A label holds from even chances on; intents of which the checkpoint does not speak stay as they are."""
    intents, labels = scores.intents.copy(), scores.intent_labels.copy()
    for column in columns:
        intents[rows, column] = found[:, column]
        labels[rows, column] = found[:, column] >= 0.5
    place = INTENTS.index("irrelevant")
    labels[rows, place] &= ~np.delete(labels[rows], place, axis=1).any(axis=1)  # it stands alone or not at all
    return replace(scores, intents=intents, intent_labels=labels)
