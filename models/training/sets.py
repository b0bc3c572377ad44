"""The training sets as one list of examples, each with targets for the heads that its set labels and none for the others.

The folder is given by the user and never part of the project. Validation texts never train, whatever set they also occur in.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from models.base import EMOTIONS, INTENTS, SENTIMENTS, ModelFault

_MASKS = re.compile(r"@\w+|https?\S*|\bhttp\b|<\w+>|\\u[0-9a-f]{4}|&\w+;")
_NOISE = re.compile(r"[\W_]+")
NONE, EVERY = -1, -2  # instead of the number of a fifth


@dataclass(frozen=True, slots=True)
class Example:
    """One text with what is known about it; None or NaN-free maps mean "not labelled"."""

    text: str
    topic: str = ""  # what the sentiment set says the text is about, where it says so
    sentiment: int | None = None
    emotion: int | None = None
    irony: int | None = None
    offensive: int | None = None
    intents: dict[str, int] = field(default_factory=dict)  # label -> 0 or 1; labels that are absent are unknown
    weight: int = 1  # times that it is seen in an epoch


def read(path: Path) -> list[dict[str, Any]]:
    """Rows of a JSONL file.

    Raises:
        ModelFault: the file is missing or a line is not JSON.
    """
    try:
        with path.open(encoding="utf-8") as lines:
            return [json.loads(line) for line in lines if line.strip()]
    except FileNotFoundError:
        raise ModelFault(f"{path} is missing; --data names a folder laid out as models/cards/encoder.md describes.") from None
    except ValueError as error:
        raise ModelFault(f"{path}: {error}.") from None


def fingerprint(text: str) -> str:
    """What near-copies of a text share: its letters and digits without handles, links, case and punctuation.

    >>> fingerprint("RT @me: Late AGAIN! http://x.y") == fingerprint("late again")
    True
    """
    return _NOISE.sub(" ", _MASKS.sub(" ", text.lower())).strip().removeprefix("rt ")


def fold(text: str, folds: int = 5) -> int:
    """Which of `folds` parts a text belongs to: near-copies always to the same one, on every machine."""
    return int(hashlib.sha256(fingerprint(text).encode()).hexdigest()[:8], 16) % folds


def _sentiment(data: Path, part: str) -> list[Example]:
    return [Example(r["text"], sentiment=SENTIMENTS.index(r["label"])) for r in read(data / f"tweeteval/sentiment_{part}.jsonl")]


def _emotion(data: Path, part: str) -> list[Example]:
    rows = read(data / f"tweeteval/emotion_{part}.jsonl")
    return [Example(r["text"], emotion=EMOTIONS.index(r["label"]), weight=3) for r in rows]


def _irony(data: Path, part: str) -> list[Example]:
    rows = read(data / f"tweeteval/irony_{part}.jsonl")
    return [Example(r["text"], irony=int(r["label"] == "irony"), weight=3) for r in rows]


def _offensive(data: Path, part: str) -> list[Example]:
    rows = read(data / f"tweeteval/offensive_{part}.jsonl")
    return [Example(r["text"], offensive=int(r["label"] == "offensive")) for r in rows]


def _intents(data: Path) -> list[Example]:
    return [Example(r["text"], intents=_all_intents(r["labels"]), weight=3) for r in read(data / "intents/train.jsonl")]


def labels_read(name: str) -> dict[str, list[str]]:
    """Intents by `key` of the texts, given by reading under the guide of the labelled posts.

    Args:
        name: "read" for posts of the other sets, "again" for labelled posts that were read a second time, labels unseen.
    """
    lines = (Path(__file__).parent / "written" / f"{name}.tsv").read_text(encoding="utf-8").splitlines()
    return {text: labels.split(",") if labels else [] for text, labels in (line.split("\t") for line in lines)}


def key(text: str) -> str:
    """What stands for a text where the text itself is not the project's to keep."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _told(examples: list[Example], labels: dict[str, list[str]]) -> list[Example]:
    """Examples with the intents that were read in them; what their own set says of an intent stays."""
    return [
        replace(e, intents=_all_intents(labels[name]) | e.intents) if (name := key(e.text)) in labels else e for e in examples
    ]


def _written() -> list[Example]:
    """Posts that were written for this project, because the labelled ones hold few of the rare intents. They only train."""
    paths = sorted((Path(__file__).parent / "written").glob("*.jsonl"))
    return [Example(r["text"], intents=_all_intents(r["labels"]), weight=2) for path in paths for r in read(path)]


def _all_intents(labels: list[str]) -> dict[str, int]:
    return {label: int(label in labels) for label in INTENTS}


def _complaints(data: Path) -> list[Example]:
    return [Example(r["text"], intents={"complaint": int(r["complaint"])}) for r in read(data / "intents/complaints_train.jsonl")]


def _churn(data: Path) -> list[Example]:
    rows = read(data / "intents/churn_chat.jsonl")
    return [Example(r["text"], intents={"churn_risk": int(r["churn"])}, weight=2) for r in rows]


def _intensity(data: Path) -> list[Example]:
    """Tweets whose mean rating, -4 to 4, leaves no doubt; a rating near 0 says little about being neutral."""
    rows = [(r["text"], r["mean"]) for r in read(data / "intensity/tweets.jsonl")]
    return [Example(text, sentiment=SENTIMENTS.index("positive" if mean > 0 else "negative")) for text, mean in rows
            if mean <= -1.0 or mean >= 1.5]


def _topics(data: Path, seen: set[str]) -> list[Example]:
    """Texts of the topic set that the sentiment set does not hold already, with the sentiment towards their topic."""
    fresh: dict[str, Example] = {}
    for row in read(data / "topics/train.jsonl"):
        key = fingerprint(row["text"])
        if key not in seen:
            fresh.setdefault(key, Example(row["text"], sentiment=SENTIMENTS.index(row["label"])))
    return list(fresh.values())


def _about(data: Path) -> dict[str, str]:
    """Topic of the texts of one topic in ten, by fingerprint: topics that are held aside as brands never trained on are."""
    rows = [r for r in read(data / "topics/train.jsonl") if fold(r["topic"], 10) == 0]
    return {fingerprint(r["text"]): r["topic"] for r in rows}


def _conversations(data: Path) -> list[Example]:
    path = data / "streams/ibm_conversations.jsonl"
    return [Example(turn["text"]) for row in read(path) for turn in row["turns"] if not turn["is_agent"]]


@dataclass(frozen=True, slots=True)
class Sets:
    """Everything to train on and everything held aside.

    Attributes:
        train: examples of all sets.
        held: examples by set name that training never sees: published validation splits, one fifth of `intents` and
            `complaints`, near-copies kept on one side, and all texts about one topic in ten.
        unlabelled: posts to companies that no set labels, from which only a teacher's answers are learnt.
    """

    train: list[Example]
    held: dict[str, list[Example]]
    unlabelled: list[Example]


def load(data: Path, *, fold_out: int = 0) -> Sets:
    """Read every set below `data`.

    Args:
        data: folder with tweeteval/, intents/, topics/ and intensity/.
        fold_out: which fifth of the intent and complaint sets is held aside; NONE, or EVERY for all of both.

    Raises:
        ModelFault: a file is missing or is not JSONL.
    """
    held = {
        "sentiment": _sentiment(data, "val"), "emotion": _emotion(data, "val"), "irony": _irony(data, "val"),
        "offensive": _offensive(data, "val"),
    }
    intents, complaints = _intents(data), _complaints(data)
    held["intents"] = [e for e in intents if fold_out in (fold(e.text), EVERY)]
    held["complaints"] = [e for e in complaints if fold_out in (fold(e.text), EVERY)]
    sentiment = _sentiment(data, "train")
    seen = {fingerprint(e.text) for e in sentiment}
    about = _about(data)
    held["topics"] = [replace(e, topic=about[key]) for e in sentiment if (key := fingerprint(e.text)) in about]
    pool = [
        *sentiment, *_topics(data, seen), *_emotion(data, "train"), *_irony(data, "train"), *_offensive(data, "train"),
        *intents, *complaints, *_churn(data), *_intensity(data), *_written(),
    ]
    since = labels_read("read")
    talks = _told(_conversations(data), since)
    train = [*_told(pool, since), *(e for e in talks if e.intents)]
    unlabelled = [e for e in talks if not e.intents]
    return Sets(train=_without(train, held.values()), held=held, unlabelled=_without(unlabelled, held.values()))


def _without(pool: list[Example], held: Iterable[list[Example]]) -> list[Example]:
    aside = {fingerprint(e.text) for examples in held for e in examples} - {""}
    return [e for e in pool if fingerprint(e.text) not in aside]
